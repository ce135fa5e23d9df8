//! The new version starts on the other port; when it is healthy nginx is switched over, and the old one ends what it is at.

use runner_sdk::{Error, Host};

use super::slots::{self, Slots};
use crate::deploy::{Arrival, current};
use crate::frontend;
use crate::machine::Machine;
use crate::nginx::{self, Shares};
use crate::site::Site;

/// Nothing of the old version is touched before the new one has the clients.
pub(crate) fn deploy<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    arrival: &Arrival,
) -> Result<(), Error> {
    let slots = Slots::read(machine, site)?;
    slots.no_roll_out(site)?;
    let (before, port) = (slots.active(), slots.idle());
    let folder_before = current(machine, site)?;
    slots::start(machine, site, port, arrival)?;
    slots::start_workers(machine, site, port)?;
    slots::or_stop(
        machine,
        site,
        port,
        nginx::switch(machine, site, &Shares::all(port)),
    )?;
    let Err(error) = slots::settle(machine, site, port, before, &arrival.folder) else {
        return Ok(());
    };
    if error.is_planned() || before.is_none() {
        return Err(error);
    }
    // The other port still runs: it is stopped last.
    match take_back(machine, site, &slots, folder_before) {
        Ok(()) => slots::or_stop(machine, site, port, Err(error)),
        Err(worse) => {
            let (error, worse) = (error.message(), worse.message());
            Err(Error::Failed(format!(
                "{error}; and the old version could not be brought back: {worse}"
            )))
        }
    }
}

fn take_back<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    slots: &Slots,
    folder: Option<String>,
) -> Result<(), Error> {
    nginx::switch(machine, site, &slots.shares)?;
    let Some(folder) = folder else { return Ok(()) };
    machine.link(&site.path("current"), &folder)?;
    frontend::publish(machine, site, &folder)
}
