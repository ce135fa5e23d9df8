//! Gate `files`: files that must be, or must not be, in the repository, and left-over merge markers.

use runner_sdk::{Command, Context, Error, Exit, Finding, Gate, Host, Measure, Severity, Verdict};
use schemars::JsonSchema;
use serde::Deserialize;

/// One search instead of a read per file: a repository has thousands. `=======` alone also underlines titles.
const FIND_MARKERS: [&str; 7] = [
    "git",
    "grep",
    "--line-number",
    "--null",
    "-I",
    "-E",
    "^(<<<<<<<|>>>>>>>) ",
];
/// How many files or lines a verdict lists.
const SHOWN: usize = 50;

/// Files that must be, or must not be, in the repository.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Globs that no tracked file may match, e.g. `CLAUDE.md` or `*.pem`. One without `/` is meant in every folder.
    #[serde(default)]
    forbidden: Vec<String>,
    /// Globs that must match at least one tracked file each. One without `/` is meant in every folder.
    #[serde(default)]
    required: Vec<String>,
    /// Whether tracked files are searched for left-over merge markers.
    #[serde(default = "yes")]
    merge_markers: bool,
    /// Globs of files that may have merge markers, e.g. the fixtures of a test.
    #[serde(default)]
    markers_allowed_in: Vec<String>,
}

fn yes() -> bool {
    true
}

/// The gate.
pub struct FilesGate;

impl Gate for FilesGate {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let config = &context.config;
        let tracked = host.git_tracked_files()?;
        if tracked.is_empty() {
            return Err(Error::failed("git tracks no file here: nothing could be checked"));
        }
        let mut findings = by_name(config, &tracked);
        if config.merge_markers {
            findings.extend(markers(
                config,
                &host.run(&Command::new(FIND_MARKERS).read().capture(1 << 20))?,
            )?);
        }
        let found = findings.len();
        let verdict = match findings.first() {
            None => Verdict::passed(format!("{} tracked files are as they should be", tracked.len())),
            Some(first) if found == 1 => Verdict::failed(first.message.as_str()),
            Some(first) => Verdict::failed(format!("{}, and {} more", first.message, found - 1)),
        };
        findings.truncate(SHOWN);
        Ok(verdict
            .findings(findings)
            .measure(Measure::new("findings", found as f64, "findings").limit(0.0)))
    }
}

fn by_name(config: &Config, tracked: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in tracked {
        if let Some(glob) = config.forbidden.iter().find(|glob| matches(glob, path)) {
            let message = format!("`{path}` must not be in the repository: `{glob}` is forbidden");
            findings.push(
                Finding::new(Severity::High, message)
                    .rule("forbidden")
                    .at(path.as_str(), None),
            );
        }
    }
    for glob in config
        .required
        .iter()
        .filter(|glob| !tracked.iter().any(|path| matches(glob, path)))
    {
        let message = format!("no tracked file matches `{glob}`, which is required");
        findings.push(Finding::new(Severity::High, message).rule("required"));
    }
    findings
}

/// `git grep` ends with 1 where it finds nothing; each line is path, NUL, number, NUL, text.
fn markers(config: &Config, exit: &Exit) -> Result<Vec<Finding>, Error> {
    if !matches!(exit.code, Some(0 | 1)) {
        let said = exit.last_lines(3);
        return Err(Error::failed(format!(
            "`git grep` ended with {}: {said}",
            exit.status()
        )));
    }
    let text = exit.stdout_text();
    let mut lines = text.lines();
    if exit.truncated {
        // The last ones are kept, so the first may be half a line.
        lines.next();
    }
    let mut findings = Vec::new();
    for line in lines {
        let mut parts = line.splitn(3, '\0');
        let (Some(path), Some(number), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::failed(format!(
                "a line of `git grep` is not understood: {line:?}"
            )));
        };
        if config.markers_allowed_in.iter().any(|glob| matches(glob, path)) {
            continue;
        }
        let message = format!("`{path}` has a merge marker at line {number}");
        findings.push(
            Finding::new(Severity::High, message)
                .rule("merge-marker")
                .at(path, number.parse().ok()),
        );
    }
    Ok(findings)
}

fn matches(glob: &str, path: &str) -> bool {
    match glob.contains('/') {
        true => fast_glob::glob_match(glob, path),
        false => fast_glob::glob_match(glob, path.rsplit('/').next().unwrap_or(path)),
    }
}

runner_sdk::export! { gate: FilesGate }

#[cfg(test)]
mod tests {
    use runner_sdk::Nature;
    use runner_sdk::testing::{ScriptedHost, context};
    use serde_json::{Value, json};

    use super::*;

    fn check(host: ScriptedHost, config: Value) -> Result<Verdict, Error> {
        FilesGate::check(&host, &context(config))
    }

    fn tracked() -> ScriptedHost {
        ScriptedHost::new().git_tracked_files(["README.md", "docs/CLAUDE.md", "keys/a.pem", "src/main.go"])
    }

    fn no_markers(host: ScriptedHost) -> ScriptedHost {
        host.run(FIND_MARKERS).with_nature(Nature::Read).exits(1)
    }

    #[test]
    fn passes_when_all_is_as_it_should_be() {
        let config = json!({"forbidden": ["*.key", "build/**"], "required": ["README.md", "src/*.go"]});
        let verdict = check(no_markers(tracked()), config).unwrap();
        assert!(verdict.is_passed());
        assert_eq!(verdict.summary, "4 tracked files are as they should be");
    }

    #[test]
    fn a_forbidden_file_is_found_in_every_folder() {
        let config = json!({"forbidden": ["CLAUDE.md", "*.pem"], "required": ["LICENSE"]});
        let verdict = check(no_markers(tracked()), config).unwrap();
        let messages: Vec<&str> = verdict
            .findings
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [
                "`docs/CLAUDE.md` must not be in the repository: `CLAUDE.md` is forbidden",
                "`keys/a.pem` must not be in the repository: `*.pem` is forbidden",
                "no tracked file matches `LICENSE`, which is required",
            ]
        );
        assert_eq!(
            verdict.summary,
            "`docs/CLAUDE.md` must not be in the repository: `CLAUDE.md` is forbidden, and 2 more"
        );
    }

    #[test]
    fn merge_markers_are_found_with_their_place() {
        let printed = "src/ma: in.go\x007\x00<<<<<<< HEAD\nsrc/ma: in.go\x0011\x00>>>>>>> topic\nfixtures/x\x001\x00<<<<<<< a\n";
        let host = tracked().run(FIND_MARKERS).stdout(printed);
        let verdict = check(host, json!({"markers-allowed-in": ["fixtures/**"]})).unwrap();
        assert_eq!(verdict.findings.len(), 2);
        let location = verdict.findings[1].location.as_ref().unwrap();
        assert_eq!(
            (location.path.as_str(), location.line),
            ("src/ma: in.go", Some(11))
        );
    }

    #[test]
    fn merge_markers_are_not_looked_for_when_not_wanted() {
        assert!(
            check(tracked(), json!({"merge-markers": false}))
                .unwrap()
                .is_passed()
        );
    }

    #[test]
    fn what_could_not_be_found_out_is_an_error() {
        assert!(check(ScriptedHost::new().git_tracked_files([""; 0]), json!({})).is_err());
        let host = tracked()
            .run(FIND_MARKERS)
            .exits(128)
            .stderr("fatal: not a git repository\n");
        let error = check(host, json!({})).unwrap_err();
        assert_eq!(
            error.message(),
            "`git grep` ended with exit code 128: fatal: not a git repository"
        );
        assert!(check(tracked().run(FIND_MARKERS).stdout("what?\n"), json!({})).is_err());
    }

    #[test]
    fn many_findings_are_counted_and_cut() {
        let printed: String = (0..20_000)
            .map(|n| format!("src/a.go\x00{n}\x00<<<<<<< HEAD\n"))
            .collect();
        let cut = &printed[7..];
        let host = tracked().run(FIND_MARKERS).stdout(cut).truncated();
        let verdict = check(host, json!({})).unwrap();
        assert_eq!(
            (verdict.findings.len(), verdict.measures[0].value),
            (SHOWN, 19_999.0)
        );
    }
}
