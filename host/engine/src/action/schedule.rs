//! Having the machines start what the profile schedules: this executable, and for each schedule its profile, its variables
//! and its units. Everything is read first, compared, and written only where it differs.

mod executable;
mod ground;
#[cfg(test)]
mod tests;
mod timers;

use std::collections::{BTreeMap, BTreeSet};

use runner_core::{
    id::EnvironmentName,
    output::{Change, Output},
    profile::Profile,
    schedule::{Schedule, files::Owner, installed},
    step::StepError,
};

use super::Here;
use crate::conductor::Done;
use ground::{Ground, OnMachine};

/// The schedules of an environment on one machine.
struct Wanted<'a> {
    profile: &'a Profile,
    environment: &'a str,
    schedules: BTreeMap<&'a str, &'a Schedule>,
}

impl<'a> Wanted<'a> {
    fn owner(&self, name: &'a str) -> Owner<'a> {
        Owner {
            project: &self.profile.project.name,
            environment: self.environment,
            name,
        }
    }
}

/// Installs the schedules of an environment, and removes what it had and has no more.
pub(super) fn schedule(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let profile = here.profile();
    let machines: BTreeSet<_> = profile
        .schedule
        .values()
        .map(|schedule| schedule.machine.as_deref())
        .collect();
    let mut changes = Vec::new();
    for machine in machines {
        let of = |schedule: &&Schedule| {
            let environment = schedule.job().is_ok_and(|job| job.environment == name.as_str());
            environment && schedule.machine.as_deref() == machine
        };
        let all = profile.schedule.iter().filter(|(_, schedule)| of(schedule));
        let wanted = Wanted {
            profile,
            environment: name.as_str(),
            schedules: all.map(|(name, schedule)| (name.as_str(), schedule)).collect(),
        };
        install(&OnMachine { here, machine }, &wanted, &mut changes)?;
    }
    Ok(Output::Setup(changes))
}

/// On one machine, in the order in which one part needs the other.
fn install(ground: &impl Ground, wanted: &Wanted<'_>, changes: &mut Vec<Change>) -> Done<()> {
    for (name, schedule) in &wanted.schedules {
        if let Some(foreign) = installed(wanted.profile, schedule).foreign.first() {
            let message = format!(
                "[schedule.{name}] needs [{foreign}], whose plugin is a file that the machine does not have"
            );
            return Err(StepError::blocked(message)
                .with_hint("a schedule's command can use official plugins")
                .into());
        }
    }
    let mut units = timers::present(ground)?;
    timers::drop_others(ground, wanted, &mut units, changes)?;
    if wanted.schedules.is_empty() {
        return Ok(());
    }
    let executable = executable::install(ground, changes)?;
    timers::install(ground, wanted, &executable, changes)?;
    units.retain(|unit| {
        !wanted
            .schedules
            .keys()
            .any(|name| wanted.owner(name).unit() == unit.name)
    });
    executable::drop_unused(ground, &executable, &units, changes)
}

/// What changed, for people.
fn note(changes: &mut Vec<Change>, subject: impl Into<String>, diff: impl Into<String>) {
    changes.push(Change {
        subject: subject.into(),
        diff: diff.into(),
    });
}
