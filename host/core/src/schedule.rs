//! Schedules: which of `runner`'s own commands a timer of a machine starts, and when. Here is the configuration and what it
//! means; [`calendar`] judges the time, [`installed`] is the profile that the machine gets, [`files`] are its files.

pub mod calendar;
pub mod files;
mod installed;

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{duration::Duration, news::Level};

pub use installed::{Installed, installed};

/// One command of `runner` that a systemd timer starts. `runner env setup` of its environment installs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Schedule {
    /// `["backup", "create", "prod"]` or `["digest", "prod", "--send"]`. Its environment's set-up installs it.
    #[schemars(length(min = 1))]
    pub run: Vec<String>,
    /// When, as `OnCalendar` of systemd.time(7): `daily`, `03:17`, `Mon..Fri 09:00`, `*:0/5` for every five minutes.
    pub at: String,
    /// The machine that it runs on. Default: the machine that `runner` runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Variables that it gets, e.g. for the store; values may hold `{{secret:name}}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// What a schedule runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job<'a> {
    /// Which command.
    pub what: What,
    /// The environment that it is about, and whose set-up installs it.
    pub environment: &'a str,
}

/// The commands that a timer may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// `runner backup create`.
    Backup,
    /// `runner digest`.
    Digest,
}

/// What is wrong with a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No command for a timer.
    #[error("`{0}` is no command for a timer")]
    Command(String),
    /// Nobody would read it.
    #[error("`{0}` has no `--send`: nobody reads what a timer's command prints")]
    Unsent(String),
    /// An option that the command does not have.
    #[error("`{0}` is no option of `digest`")]
    Option(String),
    /// The name of a variable.
    #[error("`{0}` cannot be the name of a variable")]
    Variable(String),
    /// A value that a file of variables cannot hold.
    #[error("the variable `{0}` has more than one line")]
    Value(String),
}

impl ScheduleError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Command(_) | Self::Unsent(_) => {
                "write e.g. `[\"backup\", \"create\", \"prod\"]` or `[\"digest\", \"prod\", \"--send\"]`"
            }
            Self::Option(_) => "there are `--send`, `--new`, `--since 1d`, `--level critical`",
            Self::Variable(_) => "use letters, digits and `_`",
            Self::Value(_) => "keep it on one line",
        }
    }
}

impl Schedule {
    /// What it runs.
    ///
    /// # Errors
    /// It is no command for a timer.
    pub fn job(&self) -> Result<Job<'_>, ScheduleError> {
        let words: Vec<&str> = self.run.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["backup", "create", environment] if !environment.starts_with('-') => Ok(Job {
                what: What::Backup,
                environment,
            }),
            ["digest", environment, options @ ..] if !environment.starts_with('-') => {
                self.options(options)?;
                Ok(Job {
                    what: What::Digest,
                    environment,
                })
            }
            _ => Err(ScheduleError::Command(self.to_string())),
        }
    }

    fn options(&self, options: &[&str]) -> Result<(), ScheduleError> {
        let mut rest = options.iter();
        while let Some(option) = rest.next() {
            let good = match *option {
                "--send" | "--new" => true,
                "--since" => rest.next().is_some_and(|value| value.parse::<Duration>().is_ok()),
                "--level" => rest.next().is_some_and(|value| value.parse::<Level>().is_ok()),
                _ => false,
            };
            if !good {
                return Err(ScheduleError::Option((*option).to_owned()));
            }
        }
        match options.contains(&"--send") {
            true => Ok(()),
            false => Err(ScheduleError::Unsent(self.to_string())),
        }
    }

    /// Checks what the types cannot say, but for names of other tables and the time.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), ScheduleError> {
        self.job()?;
        for (name, value) in &self.env {
            let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            if name.is_empty() || !name.bytes().all(letters) || name.as_bytes()[0].is_ascii_digit() {
                return Err(ScheduleError::Variable(name.clone()));
            }
            if value.contains(['\n', '\r', '\0']) {
                return Err(ScheduleError::Value(name.clone()));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Schedule {
    /// As typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "runner {}", self.run.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Layer, Source, resolve};

    fn schedule(run: &str) -> Schedule {
        Schedule {
            run: run.split_whitespace().map(str::to_owned).collect(),
            at: "daily".into(),
            machine: None,
            env: BTreeMap::new(),
        }
    }

    #[test]
    fn two_commands_may_be_started_by_a_timer() {
        let job = |run: &str| {
            schedule(run)
                .job()
                .map(|job| (job.what, job.environment.to_owned()))
        };
        assert_eq!(job("backup create prod"), Ok((What::Backup, "prod".into())));
        assert_eq!(job("digest prod --send"), Ok((What::Digest, "prod".into())));
        let critical = "digest prod --since 10m --level critical --new --send";
        assert_eq!(job(critical), Ok((What::Digest, "prod".into())));
        for (run, error) in [
            ("release", "`runner release` is no command for a timer"),
            (
                "backup restore prod",
                "`runner backup restore prod` is no command for a timer",
            ),
            (
                "backup create",
                "`runner backup create` is no command for a timer",
            ),
            (
                "digest --send",
                "`runner digest --send` is no command for a timer",
            ),
            (
                "digest prod",
                "`runner digest prod` has no `--send`: nobody reads what a timer's command prints",
            ),
            ("digest prod --plan --send", "`--plan` is no option of `digest`"),
            (
                "digest prod --send --since soon",
                "`--since` is no option of `digest`",
            ),
            ("digest prod --send --level", "`--level` is no option of `digest`"),
        ] {
            assert_eq!(job(run).expect_err(run).to_string(), error);
        }
    }

    #[test]
    fn what_does_not_fit_the_rest_of_the_profile_is_told() {
        let text = r#"
[project]
name = "shop"
[machines.vps]
ssh = "vps"
[environments.prod.target]
plugin = "systemd"
[digest.readings.warnings]
source = "sentry"
query = "issues"
levle = "critical"
[schedule."a/b"]
run = ["backup", "create", "prd"]
at = "every day"
machine = "vsp"
env.TOKEN = "{{secret:token}}"
[schedule.digest]
run = ["digest", "prod"]
at = "daily"
[schedule.release]
run = []
at = "daily"
"#;
        let layer = Layer::of_toml(Source::File("runner.toml".into()), text).expect("toml");
        insta::assert_snapshot!(resolve(vec![layer]).expect_err("wrong"), @r#"
        runner.toml:9: digest.readings.warnings.source: there is no `[metrics.sentry]`
          hint: add `[metrics.sentry]`
        runner.toml:11: digest.readings.warnings.levle: unknown key `levle`
          hint: did you mean `level`? known here: `above`, `below`, `level`, `query`, `source`, `unit`
        runner.toml:12: schedule."a/b": `a/b` cannot be a name
          hint: use letters, digits, `-`, `_` and `.`
        runner.toml:13: schedule."a/b".run: there is no `[environments.prd]`
          hint: did you mean `prod`? known here: `prod`
        runner.toml:14: schedule."a/b".at: `every` of `every day` is no list of weekdays, e.g. `Mon..Fri`, and no word such as `daily`
          hint: write e.g. `daily`, `03:17`, `Mon..Fri 09:00`, `*:0/5` for every five minutes, `*-*-01 04:00 UTC`; see systemd.time(7)
        runner.toml:15: schedule."a/b".machine: there is no `[machines.vsp]`
          hint: did you mean `vps`? known here: `vps`
        runner.toml:16: schedule."a/b".env.TOKEN: the secret `token` has no source
          hint: add to [secrets]: token = { env = "TOKEN" }
        runner.toml:18: schedule.digest.run: `runner digest prod` has no `--send`: nobody reads what a timer's command prints
          hint: write e.g. `["backup", "create", "prod"]` or `["digest", "prod", "--send"]`
        runner.toml:21: schedule.release.run: [] has less than 1 item
          hint: `["backup", "create", "prod"]` or `["digest", "prod", "--send"]`. Its environment's set-up installs it
        runner.toml:21: schedule.release.run: `runner ` is no command for a timer
          hint: write e.g. `["backup", "create", "prod"]` or `["digest", "prod", "--send"]`
        "#);
    }

    #[test]
    fn variables_are_such() {
        let with = |name: &str, value: &str| {
            let mut schedule = schedule("backup create prod");
            schedule.env.insert(name.into(), value.into());
            schedule.validate()
        };
        assert_eq!(with("AWS_REGION", "{{secret:region}}"), Ok(()));
        assert_eq!(with("1A", "x"), Err(ScheduleError::Variable("1A".into())));
        assert_eq!(with("A-B", "x"), Err(ScheduleError::Variable("A-B".into())));
        assert_eq!(with("A", "x\ny"), Err(ScheduleError::Value("A".into())));
        assert_eq!(with("A", "it's \"$x\""), Ok(()));
    }
}
