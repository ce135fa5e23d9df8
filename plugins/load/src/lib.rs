//! Gate `load`: runs a load test, and holds what it measured to limits.
//!
//! An exit code alone is not believed: no request at all, a report that is missing or of an earlier run, a threshold that
//! k6 says was crossed, and a limit on what was not measured are never passed.

mod config;
mod hey;
mod judge;
mod k6;
mod printed;
mod report;
mod wrk;

use runner_sdk::{Command, Context, Error, Exit, Finding, Gate, Host, ReportFiles, Severity, Verdict};

pub use crate::config::Config;
use crate::report::Report;

/// The most of stdout and of stderr to read a report from, in bytes.
const LONGEST_OUTPUT: u32 = 4 * 1024 * 1024;
/// How many lines of output a verdict shows where the report does not explain the exit code.
const SHOWN_LINES: usize = 20;

/// The gate.
pub struct LoadGate;

impl Gate for LoadGate {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let config = &context.config;
        let Some(argv) = &config.run else {
            let Some(path) = &config.report else {
                return Err(Error::invalid_config(
                    "give `run`, `report` or both: there is nothing to read",
                ));
            };
            let report = read(host, config, ReportFiles::as_found(path))?;
            return judge::judge(config, &report, None);
        };
        let files = config
            .report
            .as_ref()
            .map(|path| ReportFiles::before_run(host, path))
            .transpose()?;
        let exit = host.run(&command(context, argv))?;
        if context.is_plan() {
            let command = argv.join(" ");
            return Ok(Verdict::passed(format!("`{command}` is not run in a plan")));
        }
        let report = match files {
            Some(files) => read(host, config, files),
            None => read_printed(config, &exit),
        };
        match report {
            Ok(report) => judge::judge(config, &report, Some(&exit)),
            // What was printed says why it did not even begin.
            Err(error) if !exit.success() => {
                let (command, status) = (argv.join(" "), exit.status());
                let summary = format!("`{command}` ended with {status} and without a report");
                Ok(Verdict::failed(summary)
                    .finding(Finding::new(Severity::High, error.message()))
                    .findings(said(&exit)))
            }
            Err(error) => Err(error),
        }
    }
}

fn command(context: &Context<Config>, argv: &[String]) -> Command {
    let config = &context.config;
    Command::new(argv)
        .cwd(config.cwd.as_deref())
        .envs(context.variables())
        .envs(&config.env)
        .timeout(config.timeout)
        .capture(LONGEST_OUTPUT)
        .idempotent()
        .foresee_success()
}

fn read(host: &impl Host, config: &Config, files: ReportFiles<'_>) -> Result<Report, Error> {
    let mut files = files.read(host)?;
    match (files.pop(), files.len()) {
        (Some((path, content)), 0) => {
            let text = String::from_utf8_lossy(&content);
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            config
                .format
                .parse(text)
                .map_err(|why| Error::failed(format!("the report `{path}` cannot be read: {why}")))
        }
        // Percentiles of two runs do not add up.
        (_, more) => Err(Error::failed(format!(
            "{} reports match `{}`: one load test has one",
            more + 1,
            config.report.as_deref().unwrap_or_default()
        ))),
    }
}

fn read_printed(config: &Config, exit: &Exit) -> Result<Report, Error> {
    if exit.truncated {
        return Err(Error::failed(
            "the load test prints too much to read; have it write a file, and name it in `report`",
        ));
    }
    config
        .format
        .parse(&exit.stdout_text())
        .map_err(|why| Error::failed(format!("what the load test prints cannot be read: {why}")))
}

/// The end of what was printed.
pub(crate) fn said(exit: &Exit) -> Option<Finding> {
    let lines = exit.last_lines(SHOWN_LINES);
    (!lines.is_empty()).then(|| Finding::new(Severity::Info, lines).rule("output"))
}

runner_sdk::export! { gate: LoadGate }
