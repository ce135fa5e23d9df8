//! Programs: how to ask for one, and how to read what came of it.

use crate::{Command, Error, Exit, Nature};

impl Command {
    /// A program and its arguments, with sane limits: 10 minutes, the last 256 KiB of its output. Its nature is `write`
    /// until said otherwise.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            machine: None,
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            cwd: None,
            stdin: None,
            timeout_ms: 600_000,
            nature: Nature::Write,
            foresee_success: false,
            capture: 256 * 1024,
        }
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.argv.push(arg.into());
        self
    }

    /// More arguments.
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.argv.extend(args.into_iter().map(Into::into));
        self
    }

    /// Where it runs: the name of a machine of the profile, or none for the machine that `runner` runs on.
    pub fn on(mut self, machine: Option<&str>) -> Self {
        self.machine = machine.map(Into::into);
        self
    }

    /// An environment variable; `{{secret:name}}` in it is filled in by the host.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Several environment variables.
    pub fn envs<N: Into<String>, V: Into<String>>(mut self, all: impl IntoIterator<Item = (N, V)>) -> Self {
        self.env
            .extend(all.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The working folder, relative to the workspace.
    pub fn cwd(mut self, folder: Option<&str>) -> Self {
        self.cwd = folder.map(Into::into);
        self
    }

    /// What it reads.
    pub fn stdin(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(content.into());
        self
    }

    /// How long it may take.
    pub fn timeout(mut self, time: impl Into<std::time::Duration>) -> Self {
        self.timeout_ms = u64::try_from(time.into().as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// How many of the last bytes of stdout and of stderr to hand to the plugin.
    pub fn capture(mut self, bytes: u32) -> Self {
        self.capture = bytes;
        self
    }

    /// It changes nothing: done in a plan too, done again after a crash.
    pub fn read(self) -> Self {
        self.nature(Nature::Read)
    }

    /// Doing it twice is the same as once: listed in a plan, done again after a crash.
    pub fn idempotent(self) -> Self {
        self.nature(Nature::Idempotent)
    }

    /// What it does to the world.
    pub fn nature(mut self, nature: Nature) -> Self {
        self.nature = nature;
        self
    }

    /// In a plan, goes on as if it had ended with 0 and no output. For a command whose success is the rule and whose
    /// output the plugin does not need; without this, the plan ends here with [`Error::Planned`].
    pub fn foresee_success(mut self) -> Self {
        self.foresee_success = true;
        self
    }
}

impl Exit {
    /// Whether it ended with code 0.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// How it ended, e.g. `exit code 1` or `signal 9`.
    pub fn status(&self) -> String {
        match (self.code, self.signal) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "no exit code".to_owned(),
        }
    }

    /// Standard output as text; what is not UTF-8 becomes `U+FFFD`.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; what is not UTF-8 becomes `U+FFFD`.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The last lines that say something, of stderr or else of stdout.
    pub fn last_lines(&self, count: usize) -> String {
        last_lines(&self.said(), count)
    }

    /// Stderr, or else stdout.
    fn said(&self) -> String {
        let stderr = self.stderr_text();
        if stderr.trim().is_empty() {
            self.stdout_text()
        } else {
            stderr
        }
    }

    /// Itself, if it ended with 0; else an error that says how it ended and what it said last.
    pub fn require_success(self, what: &str) -> Result<Self, Error> {
        if self.success() {
            return Ok(self);
        }
        let text = self.said();
        let said = python_error(&text).unwrap_or_else(|| last_lines(&text, 5));
        let colon = if said.is_empty() { "" } else { ": " };
        Err(Error::failed(format!(
            "{what}: ended with {}{colon}{said}",
            self.status()
        )))
    }
}

/// The error of the last Python traceback: it stands below the frames, which are indented, and may have notes after it.
fn python_error(text: &str) -> Option<String> {
    let (_, traceback) = text.rsplit_once("Traceback (most recent call last):\n")?;
    let error: Vec<&str> = traceback
        .lines()
        .skip_while(|line| line.starts_with(' '))
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .take(5)
        .collect();
    (!error.is_empty()).then(|| error.join("\n"))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_write_until_said_otherwise() {
        let command = Command::new(["make", "deploy"])
            .env("CI", "1")
            .timeout(std::time::Duration::from_secs(5));
        assert_eq!(command.nature, Nature::Write);
        assert!(!command.foresee_success);
        assert_eq!(command.timeout_ms, 5000);
        assert_eq!(command.env, [("CI".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_failure_says_how_it_ended_and_what_it_said() {
        let exit = Exit {
            code: Some(2),
            signal: None,
            stdout: b"building\n".to_vec(),
            stderr: b"a\nb\n\n  c  \n".to_vec(),
            truncated: false,
            wall_ms: 1,
        };
        assert_eq!(exit.last_lines(2), "b\n  c");
        assert_eq!(
            exit.require_success("building `x`").unwrap_err().message(),
            "building `x`: ended with exit code 2: a\nb\n  c"
        );
    }

    #[test]
    fn of_a_python_traceback_the_error_is_told_and_not_the_frames() {
        let text = "INFO context\nTraceback (most recent call last):\n  File \"a.py\", line 1, in connect\n    raise\n\
                    psycopg.OperationalError: refused\n\nThe above exception was the direct cause:\n\n\
                    Traceback (most recent call last):\n  File \"b.py\", line 2, in <module>\n    main()\n    ~~~~^^\n\
                    sqlalchemy.exc.OperationalError: connection refused\n\tIs the server running?\n(Background: https://x)\n";
        assert_eq!(
            python_error(text).as_deref(),
            Some(
                "sqlalchemy.exc.OperationalError: connection refused\n\tIs the server running?\n(Background: https://x)"
            )
        );
        assert_eq!(python_error("no traceback"), None);
        assert_eq!(
            python_error("Traceback (most recent call last):\n  File \"cut off"),
            None
        );
    }
}
