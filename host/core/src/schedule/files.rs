//! The files of a schedule on its machine: the profile, the variables with the secrets, the service and the timer.

use std::fmt::Write as _;

use super::{Schedule, installed};
use crate::{
    digest::Digest,
    profile::{LOCAL, Profile},
    secret::between_quotes,
};

/// Where systemd reads units.
pub const UNITS: &str = "/etc/systemd/system";
/// Where the executables are: one for each digest.
pub const EXECUTABLES: &str = "/opt/runner/bin";
/// Files that only root reads.
pub const SECRET: &str = "/etc/runner";
/// What the first line of each file begins with that `runner env setup` writes.
const MARK: &str = "# runner: ";

/// Where this executable is on a machine.
pub fn executable(digest: &Digest) -> String {
    let hex = digest.hex();
    format!("{EXECUTABLES}/runner-{}", &hex[..hex.len().min(16)])
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Absolute.
    pub path: String,
    /// May hold `{{secret:name}}` where it is root's alone.
    pub content: String,
}

/// The files of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Name of the units, without `.service` and `.timer`.
    pub unit: String,
    /// The profile that its command uses.
    pub profile: File,
    /// Variables, a line each; only root may read them.
    pub variables: File,
    /// What the timer starts.
    pub service: File,
    /// The timer.
    pub timer: File,
}

/// Who has the files of a schedule.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The environment whose set-up installs it.
    pub environment: &'a str,
    /// The schedule's name.
    pub name: &'a str,
}

impl Owner<'_> {
    /// The first line of each file.
    pub fn mark(&self) -> String {
        format!("{}schedule {}", self.of_environment(), self.name)
    }

    /// What the marks of all schedules of the environment begin with.
    pub fn of_environment(&self) -> String {
        format!("{MARK}{} {}, ", safe(self.project), self.environment)
    }

    /// The name of its units.
    pub fn unit(&self) -> String {
        format!("{}{}", self.of_project(), self.name)
    }

    /// What the names of all units of the project begin with.
    pub fn of_project(&self) -> String {
        format!("runner-{}-", safe(self.project))
    }

    /// The profile's path.
    pub fn profile(&self) -> String {
        format!("/opt/runner/{}/{}.toml", safe(self.project), self.name)
    }

    /// The path of the variables.
    pub fn variables(&self) -> String {
        format!("{SECRET}/{}.env", self.unit())
    }
}

/// The files of a schedule, for a machine where programs run as `user` and `executable` is.
pub fn files(
    owner: Owner<'_>,
    profile: &Profile,
    schedule: &Schedule,
    executable: &str,
    user: &str,
) -> Files {
    let (mark, unit) = (owner.mark(), owner.unit());
    let installed = installed(profile, schedule);
    let mut variables = format!("{mark}\n");
    for (variable, secret) in &installed.secrets {
        let value = between_quotes(&format!("{{{{secret:{secret}}}}}"));
        let _ = writeln!(variables, "{variable}=\"{value}\"");
    }
    for (name, value) in &schedule.env {
        let _ = writeln!(variables, "{name}=\"{}\"", between_quotes(value));
    }
    Files {
        profile: File {
            path: owner.profile(),
            content: format!("{mark}\n{}", installed.profile),
        },
        variables: File {
            path: owner.variables(),
            content: variables,
        },
        service: File {
            path: format!("{UNITS}/{unit}.service"),
            content: service(owner, schedule, executable, user),
        },
        timer: File {
            path: format!("{UNITS}/{unit}.timer"),
            content: timer(owner, schedule),
        },
        unit,
    }
}

/// The user is the one that programs over SSH run as, so what both write is one's. Its state is below /var/lib.
fn service(owner: Owner<'_>, schedule: &Schedule, executable: &str, user: &str) -> String {
    let project = safe(owner.project);
    let here = schedule.machine.as_ref().filter(|machine| *machine != LOCAL);
    let here = here.map(|machine| format!("Environment=RUNNER_HERE={machine}\n"));
    format!(
        "{mark}\n[Unit]\nDescription={project}: {schedule}\nWants=network-online.target\nAfter=network-online.target\n\n\
         [Service]\nType=oneshot\nUser={user}\nStateDirectory=runner/{project}\nWorkingDirectory=/var/lib/runner/{project}\n\
         Environment=RUNNER_PROFILE_FILE={profile}\n{here}\
         Environment=RUNNER_DATA_DIR=/var/lib/runner/{project}\n\
         Environment=RUNNER_CACHE_DIR=/var/lib/runner/{project}/cache\n\
         Environment=RUNNER_ACTOR={unit}\n\
         EnvironmentFile={variables}\nExecStart={executable} {run}\n",
        mark = owner.mark(),
        profile = owner.profile(),
        here = here.unwrap_or_default(),
        unit = owner.unit(),
        variables = owner.variables(),
        run = schedule.run.join(" "),
    )
}

/// What was missed while the machine was off is made up for.
fn timer(owner: Owner<'_>, schedule: &Schedule) -> String {
    let at: Vec<_> = schedule.at.split_whitespace().collect();
    format!(
        "{}\n[Unit]\nDescription={}: {schedule}\n\n[Timer]\nOnCalendar={}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        owner.mark(),
        safe(owner.project),
        at.join(" "),
    )
}

/// A project's name as part of the name of a unit or a file.
fn safe(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests;
