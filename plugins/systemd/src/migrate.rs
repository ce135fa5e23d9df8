//! The database's schema, by Alembic. It runs as a unit of its own: that has the variables which only root reads, goes on
//! when the connection is cut, and cannot run twice at once.

use std::time::Duration;

use runner_sdk::{Error, Exit, Host, Level, WithContext};

use crate::machine::{Machine, command, sudo};
use crate::record::ReleaseRecord;
use crate::site::Site;
use crate::units;

/// How long to wait for the migration of a run that was broken off, in looks of a second each.
const LOOKS: u32 = 900;

/// Brings the schema to the release's only head, and notes in its record where it was before.
pub(crate) fn upgrade<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    folder: &str,
    record: &mut ReleaseRecord,
) -> Result<(), Error> {
    if !site.config.backend.alembic {
        return Ok(());
    }
    let alembic = Alembic {
        machine,
        site,
        folder,
    };
    if site.context.is_plan() && ReleaseRecord::read(machine, site, folder)?.is_none() {
        // Which revisions there are is known once the release is on the server. The plan lists what a migration takes.
        record.write(machine, site, folder)?;
        return alembic.upgrade();
    }
    alembic.wait_for_another()?;
    let head = alembic.head()?;
    let before = alembic.current()?;
    if before == head {
        // It may have been here before and migrated then: a backup from before this deploy knows nothing of that.
        if record.alembic_before.take().is_some() {
            record.write(machine, site, folder)?;
        }
        return Ok(());
    }
    record.alembic_before = Some(before.clone());
    record.write(machine, site, folder)?;
    let Err(error) = alembic.upgrade() else {
        return Ok(());
    };
    let Ok(now) = alembic.current() else {
        return Err(error);
    };
    let left = match now == before {
        true => format!("the database is at `{before}`, as before"),
        false => format!("the database was at `{before}` and is at `{now}` now"),
    };
    Err(Error::Failed(format!(
        "{}; {left}; what ran before still serves",
        error.message()
    )))
}

/// What the release that is left did to the database and Alembic cannot undo, in words; none where it did nothing, or where
/// Alembic could: a release that lets its migrations be undone leaves what the one before it can live with. Nobody is kept
/// from going back by what cannot be asked.
pub(crate) fn newer<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>, left: &str) -> Option<String> {
    if !site.config.backend.alembic || site.context.is_plan() {
        return None;
    }
    let warn = |text: &str| machine.host.log(Level::Warn, text);
    let record = ReleaseRecord::read(machine, site, left).ok().flatten()?;
    let before = record.alembic_before?;
    let alembic = Alembic {
        machine,
        site,
        folder: left,
    };
    let now = match alembic.wait_for_another().and_then(|()| alembic.current()) {
        Ok(now) if now == before => return None,
        Ok(now) => now,
        Err(error) => {
            warn(&format!(
                "what {} did to the database is not known: {}",
                record.version,
                error.message()
            ));
            return None;
        }
    };
    let did = format!(
        "{} brought the database from `{before}` to `{now}`",
        record.version
    );
    match alembic.undone_as_sql(&now, &before) {
        Ok(()) => {
            warn(&format!(
                "{did}; Alembic could undo that and lose what was written to it, so it stays"
            ));
            None
        }
        Err(error) => Some(format!("{did}, which Alembic cannot undo: {}", error.message())),
    }
}

struct Alembic<'a, H> {
    machine: &'a Machine<'a, H>,
    site: &'a Site<'a>,
    folder: &'a str,
}

impl<H: Host> Alembic<'_, H> {
    fn unit(&self) -> String {
        format!("{}-migration", self.site.id)
    }

    fn inside(&self) -> String {
        self.site
            .path(&format!("{}/{}", self.folder, self.site.config.backend.artifact))
    }

    fn program(&self) -> String {
        self.site.path(&format!("{}/venv/bin/alembic", self.folder))
    }

    /// A migration that was under way when its run was broken off.
    fn wait_for_another(&self) -> Result<(), Error> {
        let unit = format!("{}.service", self.unit());
        for _ in 0..LOOKS {
            let states = units::states(self.machine, std::slice::from_ref(&unit))?;
            if !states
                .iter()
                .any(|state| matches!(state.active.as_str(), "active" | "activating" | "deactivating"))
            {
                return Ok(());
            }
            self.machine.host.sleep(1000);
        }
        Err(Error::failed(format!(
            "an earlier migration is still under way: look at it with `systemctl status {unit}` on {}",
            self.machine.title()
        )))
    }

    /// The one revision that the release leads to. Needs no database.
    fn head(&self) -> Result<String, Error> {
        let exit = self
            .machine
            .ask(&["env", "--chdir", &self.inside(), &self.program(), "heads"])?;
        let heads = revisions(&exit.require_success("asking Alembic for the heads")?);
        match heads.as_slice() {
            [head] => Ok(head.clone()),
            [] => Err(Error::failed(
                "Alembic knows no revision: is `backend.alembic` meant?",
            )),
            several => Err(Error::failed(format!(
                "there are {} heads of migrations, `{}`: join them with `alembic merge heads`, commit, and release again",
                several.len(),
                several.join("`, `")
            ))),
        }
    }

    /// The revision of the database; `base` before the first.
    fn current(&self) -> Result<String, Error> {
        let exit = self
            .read(&["current"])?
            .require_success("asking the database for its revision")?;
        Ok(revisions(&exit).pop().unwrap_or_else(|| "base".to_owned()))
    }

    /// The migrations back from `now` to `before`, as SQL that nobody runs: an error where there is none.
    fn undone_as_sql(&self, now: &str, before: &str) -> Result<(), Error> {
        let exit = self.read(&["downgrade", &format!("{now}:{before}"), "--sql"])?;
        if exit.code == Some(0) {
            return Ok(());
        }
        let said = format!("{}\n{}", exit.stdout_text(), exit.stderr_text());
        let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
        Err(Error::failed(last.unwrap_or("it does not say why")))
    }

    fn read(&self, arguments: &[&str]) -> Result<Exit, Error> {
        let words = self.words(arguments);
        self.machine
            .run(&command(&as_words(&words)).read().timeout(Duration::from_secs(60)))
    }

    /// Tried again where one of before was still under way: its connection was cut, and it went on.
    fn upgrade(&self) -> Result<(), Error> {
        let words = self.words(&["upgrade", "head"]);
        // A little longer than the unit may live, which ends it by itself.
        let patience =
            std::time::Duration::from(self.site.config.backend.migration_timeout) + Duration::from_secs(30);
        let upgrade = || {
            let command = command(&as_words(&words)).timeout(patience);
            self.machine.change(command, "`alembic upgrade head`")
        };
        let mut done = upgrade();
        if done.as_ref().is_err_and(units::is_taken) {
            self.wait_for_another()?;
            done = upgrade();
        }
        done.context(format!(
            "migrating the database of {}",
            self.site.environment.name
        ))
    }

    fn words(&self, arguments: &[&str]) -> Vec<String> {
        let config = self.site.config;
        let environment = format!("EnvironmentFile=-{}", self.site.env_file());
        let limit = format!(
            "RuntimeMaxSec={}",
            config.backend.migration_timeout.as_millis() / 1000
        );
        let (unit, inside, program) = (self.unit(), self.inside(), self.program());
        let fixed = [
            "systemd-run",
            "--quiet",
            "--collect",
            "--wait",
            "--pipe",
            "--unit",
            &unit,
            "--uid",
            &config.user,
            "--working-directory",
            &inside,
            "--property",
            &environment,
            "--property",
            &limit,
            &program,
        ];
        let all = sudo(&fixed);
        all.into_iter()
            .chain(arguments.iter().copied())
            .map(str::to_owned)
            .collect()
    }
}

fn as_words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// The revisions that `alembic current` or `heads` prints, one a line: `1a2b3c (head)`.
fn revisions(exit: &Exit) -> Vec<String> {
    let text = exit.stdout_text();
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    text.lines()
        .filter_map(first)
        .filter(|word| !word.is_empty())
        .collect()
}
