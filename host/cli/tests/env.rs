//! A repository, a home and a `runner` that knows no other.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The clock of every commit.
const DATE: &str = "2026-03-15T10:00:00Z";

/// The longest that a test waits for something.
const LONGEST: Duration = Duration::from_secs(60);

/// Where a test runs. Removed at its end.
pub(crate) struct TestEnv {
    root: tempfile::TempDir,
    /// Variables on top of the isolated ones.
    variables: Vec<(String, String)>,
}

/// What a command printed, and how it ended.
pub(crate) struct CommandOutput {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl fmt::Display for CommandOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr ---\n{}", self.stderr)?;
        }
        match self.code {
            Some(0) => writeln!(f, "[EOF]"),
            Some(code) => writeln!(f, "[exit code {code}]"),
            None => writeln!(f, "[signal]"),
        }
    }
}

impl TestEnv {
    /// Folders, and nothing in them.
    pub(crate) fn empty() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        for folder in ["work", "home", "data", "cache"] {
            fs::create_dir(root.path().join(folder)).expect("made");
        }
        Self {
            root,
            variables: Vec::new(),
        }
    }

    /// A repository with one commit that holds this `runner.toml`.
    pub(crate) fn with_profile(profile: &str) -> Self {
        let env = Self::empty();
        env.git(&["init", "--quiet", "--initial-branch", "main"]);
        env.write("runner.toml", profile);
        env.commit("feat: a shop");
        env
    }

    /// With a variable of the environment.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another machine: a clone of the repository, and nothing else of this one.
    pub(crate) fn another(&self) -> Self {
        let mut other = Self::empty();
        let (from, to) = (
            self.work().display().to_string(),
            other.work().display().to_string(),
        );
        self.git(&["clone", "--quiet", &from, &to]);
        other.variables.clone_from(&self.variables);
        other
    }

    /// The work tree.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Writes a file of the work tree.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// A file of the work tree, or nothing.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.work().join(path)).ok()
    }

    /// Commits everything.
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// A folder outside of the work tree, for an environment.
    pub(crate) fn place(&self, name: &str) -> String {
        self.root.path().join(name).display().to_string()
    }

    /// What git answers.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self
            .command("git", &self.work())
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs `runner` in the work tree.
    pub(crate) fn run(&self, arguments: &[&str]) -> CommandOutput {
        self.run_in("", arguments)
    }

    /// Runs `runner` in the work tree; it is killed at its n-th append: `after:7`.
    pub(crate) fn run_crashing(&self, point: &str, arguments: &[&str]) -> CommandOutput {
        let mut command = self.command(env!("CARGO_BIN_EXE_runner"), &self.work());
        self.output(command.env("RUNNER_CRASH", point).args(arguments))
    }

    /// Starts `runner` in the work tree; what it prints is not seen.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(env!("CARGO_BIN_EXE_runner"), &self.work());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.args(arguments).spawn().expect("runner runs")
    }

    /// `runner` in the work tree, for what is not known at its end.
    pub(crate) fn command_of_runner(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_runner"), &self.work())
    }

    /// Runs `runner` until what it prints on standard output holds a text.
    pub(crate) fn wait_for(&self, arguments: &[&str], text: &str) {
        let began = Instant::now();
        while !self.run(arguments).stdout.contains(text) {
            assert!(began.elapsed() < LONGEST, "{}", self.run(arguments));
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs `runner` in a folder of the work tree.
    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> CommandOutput {
        let mut command = self.command(env!("CARGO_BIN_EXE_runner"), &self.work().join(folder));
        self.output(command.args(arguments))
    }

    /// Runs a line of a shell in the work tree that knows `runner` by its name, and these variables.
    pub(crate) fn run_line(&self, line: &str, variables: &[(&str, &str)]) -> CommandOutput {
        let runner = Path::new(env!("CARGO_BIN_EXE_runner"));
        let folder = runner.parent().expect("a folder").display();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = self.command("sh", &self.work());
        command.env("PATH", format!("{folder}:{path}"));
        self.output(command.envs(variables.iter().copied()).args(["-c", line]))
    }

    fn output(&self, command: &mut Command) -> CommandOutput {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("runner runs");
        let text = |bytes: Vec<u8>| self.normalised(&String::from_utf8_lossy(&bytes));
        CommandOutput {
            stdout: text(stdout),
            stderr: text(stderr),
            code: status.code(),
        }
    }

    fn command(&self, program: &str, folder: &Path) -> Command {
        let at = |name: &str| self.root.path().join(name);
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear();
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env("PATH", path)
            .env("HOME", at("home"))
            .env("RUNNER_DATA_DIR", at("data"))
            .env("RUNNER_CACHE_DIR", at("cache"))
            .env("RUNNER_ACTOR", "ann@example.org")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", self.root.path())
            .envs([
                ("GIT_AUTHOR_NAME", "Ann"),
                ("GIT_AUTHOR_EMAIL", "ann@example.org"),
            ])
            .envs([
                ("GIT_COMMITTER_NAME", "Ann"),
                ("GIT_COMMITTER_EMAIL", "ann@example.org"),
            ])
            .envs([("GIT_AUTHOR_DATE", DATE), ("GIT_COMMITTER_DATE", DATE)])
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Without what differs from run to run: folders, ids, times.
    pub(crate) fn normalised(&self, text: &str) -> String {
        let root = self.root.path();
        let real = root.canonicalize().expect("there");
        let text = text
            .replace(&real.display().to_string(), "$TEST_ENV")
            .replace(&root.display().to_string(), "$TEST_ENV");
        let text = replaced(&text, "r-", &[8, 6, 4], "$RUN");
        let lines = text.split_inclusive('\n').map(without_official);
        let text: String = lines.map(|line| without_stamp(&without_commit(&line))).collect();
        times(&dates(&text))
    }
}

impl Drop for TestEnv {
    /// Ends what this machine supervises.
    fn drop(&mut self) {
        let below = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
        let services = below(self.root.path().join("data/projects"))
            .flat_map(|project| below(project.path().join("services")));
        for service in services {
            let state = fs::read(service.path().join("state.json")).unwrap_or_default();
            let state: serde_json::Value = serde_json::from_slice(&state).unwrap_or_default();
            if let Some(pid) = state
                .pointer("/supervisor/pid")
                .and_then(serde_json::Value::as_i64)
            {
                let _ = Command::new("kill").args(["-TERM", &pid.to_string()]).status();
            }
        }
    }
}

/// The list of official plugins grows.
fn without_official(line: &str) -> String {
    match line.split_once("official are ") {
        Some((before, _)) => format!("{before}official are ...\n"),
        None => line.to_owned(),
    }
}

/// `280724a478 on main`: what is checked out differs where a test makes keys.
fn without_commit(line: &str) -> String {
    match line.split_once(" on main") {
        Some((before, after)) => {
            let rest = before.trim_end_matches(|c: char| c.is_ascii_hexdigit());
            format!("{rest}$COMMIT on main{after}")
        }
        None => line.to_owned(),
    }
}

/// `deploy-log-prod-20260315T100000Z.md`.
fn without_stamp(line: &str) -> String {
    let parts = line.split_once("deploy-log-prod-").zip(line.split_once("Z.md"));
    match parts {
        Some(((before, _), (_, after))) => format!("{before}deploy-log-prod-$TIME.md{after}"),
        None => line.to_owned(),
    }
}

/// Replaces `r-20260315-100000-3f2a`: a prefix, then groups of so many hex digits with `-` between.
fn replaced(text: &str, prefix: &str, groups: &[usize], by: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        out.push_str(&rest[..at]);
        match length(&rest[at + prefix.len()..], groups) {
            Some(length) => {
                out.push_str(by);
                rest = &rest[at + prefix.len() + length..];
            }
            None => {
                out.push_str(prefix);
                rest = &rest[at + prefix.len()..];
            }
        }
    }
    out + rest
}

fn length(text: &str, groups: &[usize]) -> Option<usize> {
    let mut length = 0;
    for (place, group) in groups.iter().enumerate() {
        if place > 0 {
            (text.as_bytes().get(length) == Some(&b'-')).then_some(())?;
            length += 1;
        }
        let digits = text.get(length..length + group)?;
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
        length += group;
    }
    Some(length)
}

/// `2026-03-15 10:00:00` of today becomes `$TIME`; the day of a release becomes `$DAY`.
fn dates(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        out.push_str(&rest[..at]);
        let day = length(&rest[at..], &[4, 2, 2]);
        let clock = rest[at..]
            .get(10..19)
            .filter(|c| c.starts_with(' ') && c.as_bytes()[3] == b':');
        match (day, clock) {
            (Some(day), Some(clock)) => {
                out.push_str("$TIME");
                rest = &rest[at + day + clock.len()..];
            }
            (Some(day), None) => {
                out.push_str("$DAY");
                rest = &rest[at + day..];
            }
            (None, _) => {
                out.push_str("20");
                rest = &rest[at + 2..];
            }
        }
    }
    out + rest
}

/// `1.2 s` and `340 ms` become `$T`, with the spaces before them.
fn times(text: &str) -> String {
    let mut lines = String::new();
    for line in text.split_inclusive('\n') {
        let mut line = line.to_owned();
        for unit in [" ms", " s"] {
            let mut from = 0;
            while let Some(found) = line[from..].find(unit) {
                let at = from + found;
                let after = line[at + unit.len()..].chars().next();
                let number = line[..at]
                    .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
                    .len();
                let starts = line[..number].ends_with(' ');
                if number < at && starts && after.is_none_or(|c| !c.is_alphanumeric()) {
                    let start = line[..number].trim_end().len();
                    line.replace_range(start..at + unit.len(), " $T");
                    from = start + 3;
                } else {
                    from = at + unit.len();
                }
            }
        }
        lines.push_str(&line);
    }
    lines
}
