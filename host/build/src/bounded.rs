//! Runs a program to its end within a time limit, and keeps what it printed.
//!
//! For short helpers (`rustc -vV`, `rustup`, `apt-get`); the build itself streams to the user instead.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use thiserror::Error;

/// How many lines of a failed program's output its error shows.
const TAIL_LINES: usize = 6;

/// Why [`run`] has no output to give.
#[derive(Debug, Error)]
pub enum RunError {
    /// The program could not be started, mostly because it is not installed.
    #[error("could not start `{line}`")]
    Start {
        /// The command line.
        line: String,
        /// What the system said.
        source: io::Error,
    },
    /// The program ended with a failure.
    #[error("`{line}` failed ({status}){tail}")]
    Failed {
        /// The command line.
        line: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines that it printed, each on a line of its own.
        tail: String,
    },
    /// The program was killed because it took too long.
    #[error("`{line}` had not ended after {} s", limit.as_secs())]
    TimedOut {
        /// The command line.
        line: String,
        /// The limit that it reached.
        limit: Duration,
    },
}

/// Runs `command` without stdin and returns its stdout.
///
/// # Errors
/// When it cannot be started, fails, or is still running after `limit`; it is then killed.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<String, RunError> {
    let line = display(command);
    let start = |source| RunError::Start {
        line: line.clone(),
        source,
    };
    // Files rather than pipes: a child of the program that stays behind cannot block the read.
    let (mut out, mut err) = (
        tempfile::tempfile().map_err(start)?,
        tempfile::tempfile().map_err(start)?,
    );
    command.stdin(Stdio::null());
    command
        .stdout(out.try_clone().map_err(start)?)
        .stderr(err.try_clone().map_err(start)?);
    let mut child = command.spawn().map_err(start)?;
    let Some(status) = wait(&mut child, limit).map_err(start)? else {
        return Err(RunError::TimedOut { line, limit });
    };
    let stdout = text(&mut out).map_err(start)?;
    if status.success() {
        return Ok(stdout);
    }
    let stderr = text(&mut err).map_err(start)?;
    let tail = tail(if stderr.trim().is_empty() {
        &stdout
    } else {
        &stderr
    });
    Err(RunError::Failed { line, status, tail })
}

/// Waits for `child`; kills it and returns `None` when `limit` is over.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn text(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    lines[from..]
        .iter()
        .map(|line| format!("\n{}", line.trim_end()))
        .collect()
}

/// The command line as a person would type it, without quoting.
pub(crate) fn display(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn returns_stdout_alone() {
        let output = run(&mut sh("echo info >&2; echo data"), Duration::from_secs(10)).unwrap();
        assert_eq!(output, "data\n");
    }

    #[test]
    fn a_failure_shows_the_last_lines() {
        let error = run(&mut sh("seq 1 9 >&2; exit 3"), Duration::from_secs(10)).unwrap_err();
        insta::assert_snapshot!(error, @r"
        `sh -c seq 1 9 >&2; exit 3` failed (exit status: 3)
        4
        5
        6
        7
        8
        9
        ");
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let started = Instant::now();
        let error = run(&mut sh("exec sleep 30"), Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, RunError::TimedOut { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("/nowhere/rustup"), Duration::from_secs(1)).unwrap_err();
        assert_eq!(error.to_string(), "could not start `/nowhere/rustup`");
    }
}
