//! One unit, restarted: a moment without answers. Where the new version does not come up, the old one is started again.

use runner_sdk::{Error, Host};

use crate::deploy::{Arrival, current};
use crate::machine::Machine;
use crate::site::Site;
use crate::{frontend, health, inspect, units};

/// Switches `current` and restarts everything.
pub(crate) fn activate<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    arrival: &Arrival,
) -> Result<(), Error> {
    let before = current(machine, site)?;
    if arrival.proven && before.as_ref() == Some(&arrival.folder) && inspect::is_whole(machine, site)? {
        // A deploy that failed before it touched anything: what serves is not restarted for it.
        return frontend::publish(machine, site, &arrival.folder);
    }
    let port = site.config.web.ports[0];
    if !units::state(machine, &site.web_unit(port))?.runs() {
        units::port_is_free(machine, port)?;
    }
    let done = switch(machine, site, &arrival.folder, || {
        health::wait(machine, site, port, &arrival.record, !arrival.proven)
    });
    let Err(error) = done else { return Ok(()) };
    let back = before.filter(|before| *before != arrival.folder && !arrival.proven && !error.is_planned());
    let Some(back) = back else { return Err(error) };
    let (error, version) = (error.message(), back.trim_start_matches("releases/"));
    Err(Error::Failed(match switch(machine, site, &back, || Ok(())) {
        Ok(()) => format!("{error}; {version} was started again"),
        Err(worse) => format!(
            "{error}; and {version} could not be started again: {}",
            worse.message()
        ),
    }))
}

/// The front end comes last: until then nothing of the new version was published.
fn switch<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    folder: &str,
    healthy: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let port = site.config.web.ports[0];
    machine.link(&site.path("current"), folder)?;
    units::restart(machine, site, &site.web_unit(port))?;
    healthy()?;
    for worker in site.worker_units(port) {
        units::restart(machine, site, &worker)?;
    }
    frontend::publish(machine, site, folder)
}
