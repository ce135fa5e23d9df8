//! The new version starts on the other port and gets some of the clients, then more, each stage watched before the next.

use runner_sdk::{Error, Host};

use super::blue_green;
use super::slots::{self, Slots};
use crate::config::Strategy;
use crate::deploy::{Arrival, current};
use crate::machine::Machine;
use crate::nginx::{self, Shares};
use crate::site::Site;
use crate::units;

/// The new version waits on its port, with no clients. The first one ever, and the same again, have them all at once.
pub(crate) fn deploy<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    arrival: &Arrival,
) -> Result<(), Error> {
    let slots = Slots::read(machine, site)?;
    if slots.active().is_none() || current(machine, site)?.as_ref() == Some(&arrival.folder) {
        return blue_green::deploy(machine, site, arrival);
    }
    slots.no_roll_out(site)?;
    slots::start(machine, site, slots.idle(), arrival)
}

/// Gives the release of the context so many percent of the clients.
pub(crate) fn shift<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>, percent: u8) -> Result<(), Error> {
    if site.config.strategy != Strategy::Canary {
        return Err(site.is_not_gradual());
    }
    let slots = Slots::read(machine, site)?;
    if slots.shares.0.len() == 1 && is_done(machine, site)? {
        // The first deploy, which had nothing to stand beside.
        return Ok(());
    }
    let (new, old) = places(site, &slots)?;
    let shares = match percent {
        0 => Shares::all(old),
        100.. => Shares::all(new),
        percent => Shares(vec![(old, 100 - percent), (new, percent)]),
    };
    nginx::switch(machine, site, &shares)
}

/// All clients are the new version's, its workers take over, and the old one ends what it is at.
pub(crate) fn finish<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<(), Error> {
    if site.config.strategy != Strategy::Canary || is_done(machine, site)? {
        return Ok(());
    }
    let folder = site.folder_of(site.context.require_release()?);
    let slots = Slots::read(machine, site)?;
    let (new, old) = places(site, &slots)?;
    for worker in site.worker_units(new) {
        if !units::state(machine, &worker)?.runs() {
            units::restart(machine, site, &worker)?;
        }
    }
    nginx::switch(machine, site, &Shares::all(new))?;
    slots::settle(machine, site, new, Some(old), &folder)
}

/// Whether the release of the context has been settled.
fn is_done<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<bool, Error> {
    let folder = site.folder_of(site.context.require_release()?);
    Ok(current(machine, site)?.as_ref() == Some(&folder))
}

/// The port of the release, and the one of what ran before.
fn places(site: &Site<'_>, slots: &Slots) -> Result<(u16, u16), Error> {
    let release = site.context.require_release()?;
    let new = match slots.of(&site.folder_of(release)) {
        Some(port) => port,
        // It would be there by now.
        None if site.context.is_plan() => slots.idle(),
        None => {
            let (version, name) = (&release.version, &site.environment.name);
            return Err(Error::failed(format!(
                "{version} runs on no port of {name}: deploy it first"
            )));
        }
    };
    Ok((new, slots.other(new)))
}
