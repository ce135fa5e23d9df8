//! Two ports, each with a link to the release that it runs: `slots/PORT`. Nginx says which one has the clients.

use runner_sdk::machine_files::{Entry, Kind};
use runner_sdk::{Error, Host};

use crate::deploy::Arrival;
use crate::machine::Machine;
use crate::nginx::{self, Shares};
use crate::site::Site;
use crate::{frontend, health, units};

/// Who has which port, and which clients.
pub(crate) struct Slots {
    pub(crate) shares: Shares,
    links: Vec<(u16, String)>,
    ports: [u16; 2],
}

/// The ports that have a link, and the folders that they lead to, relative to the root.
pub(crate) fn links<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<Vec<(u16, String)>, Error> {
    let link = |entry: &Entry| {
        let folder = entry.target.as_deref()?.strip_prefix("../")?;
        let port = entry.name.parse().ok()?;
        (entry.kind == Kind::Link && folder.starts_with("releases/")).then(|| (port, folder.to_owned()))
    };
    Ok(machine
        .list(&site.path("slots"))?
        .iter()
        .filter_map(link)
        .collect())
}

impl Slots {
    pub(crate) fn read<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<Self, Error> {
        let shares = nginx::shares(machine, site)?.ok_or_else(|| {
            let (path, name) = (nginx::path(site), &site.environment.name);
            Error::failed(format!(
                "there is no `{path}` on {}: run `runner env setup {name}` first",
                machine.title()
            ))
        })?;
        let ports = [site.config.web.ports[0], site.config.web.ports[1]];
        Ok(Self {
            shares,
            links: links(machine, site)?,
            ports,
        })
    }

    /// The port that has the clients; none before the first deploy.
    pub(crate) fn active(&self) -> Option<u16> {
        self.shares
            .main()
            .filter(|port| self.links.iter().any(|(linked, _)| linked == port))
    }

    /// The one that can be written to: not the active one.
    pub(crate) fn idle(&self) -> u16 {
        match self.active() {
            Some(active) => self.other(active),
            None => self.ports[0],
        }
    }

    pub(crate) fn other(&self, port: u16) -> u16 {
        if port == self.ports[0] {
            self.ports[1]
        } else {
            self.ports[0]
        }
    }

    /// The port that leads to a release; the one with the clients first.
    pub(crate) fn of(&self, folder: &str) -> Option<u16> {
        let leading = self
            .links
            .iter()
            .filter(|(_, there)| there == folder)
            .map(|(port, _)| *port);
        leading.max_by_key(|port| self.shares.of(*port))
    }

    /// A new release may come only when the one before has all clients.
    pub(crate) fn no_roll_out(&self, site: &Site<'_>) -> Result<(), Error> {
        match self.shares.0.len() {
            1 => Ok(()),
            _ => Err(Error::failed(format!(
                "a gradual roll-out is under way ({}): end it, or take it back with `runner rollback {}`",
                self.shares.text(),
                site.environment.name
            ))),
        }
    }
}

/// Starts a release on a port that has no clients, and waits until it is healthy. Else it is stopped again.
pub(crate) fn start<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    port: u16,
    arrival: &Arrival,
) -> Result<(), Error> {
    let unit = site.web_unit(port);
    units::stop_draining(machine, site, port)?;
    if !units::state(machine, &unit)?.runs() {
        units::port_is_free(machine, port)?;
    }
    machine.link(&site.link_of(port), &format!("../{}", arrival.folder))?;
    let healthy = || health::wait(machine, site, port, &arrival.record, !arrival.proven);
    or_stop(
        machine,
        site,
        port,
        units::restart(machine, site, &unit).and_then(|()| healthy()),
    )
}

/// Starts its workers, which must stay up. Else all of the port is stopped again.
pub(crate) fn start_workers<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    port: u16,
) -> Result<(), Error> {
    let up = || {
        for worker in site.worker_units(port) {
            units::restart(machine, site, &worker)?;
            let state = units::state(machine, &worker)?;
            if state.is_broken() && !site.context.is_plan() {
                let error = Error::failed(format!("`{worker}` ended by itself ({})", state.result));
                return Err(units::with_journal(machine, &worker, error));
            }
        }
        Ok(())
    };
    or_stop(machine, site, port, up())
}

/// Stops a port that was to come up and did not; the first error is the one to tell.
pub(crate) fn or_stop<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    port: u16,
    up: Result<(), Error>,
) -> Result<(), Error> {
    let Err(error) = up else { return Ok(()) };
    if error.is_planned() {
        return Err(error);
    }
    let workers = units::stop_soon(machine, &site.worker_units(port));
    let stopped = workers.and_then(|()| units::stop(machine, &site.web_unit(port)));
    Err(match stopped {
        Ok(()) => Error::Failed(format!("{}; what ran before still serves", error.message())),
        Err(worse) => Error::Failed(format!(
            "{}; and port {port} could not be stopped: {}",
            error.message(),
            worse.message()
        )),
    })
}

/// A port has all clients now: makes that last over a reboot, and has the other one end what it is at.
pub(crate) fn settle<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    port: u16,
    before: Option<u16>,
    folder: &str,
) -> Result<(), Error> {
    machine.link(&site.path("current"), folder)?;
    frontend::publish(machine, site, folder)?;
    units::at_boot(machine, &site.units(port), true)?;
    let Some(before) = before else { return Ok(()) };
    units::at_boot(machine, &site.units(before), false)?;
    units::stop_soon(machine, &site.worker_units(before))?;
    units::drain(machine, site, before)
}

/// Back to a release: if its port still runs, only nginx has to be switched.
pub(crate) fn go_back<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    arrival: &Arrival,
) -> Result<(), Error> {
    let slots = Slots::read(machine, site)?;
    let there = slots.of(&arrival.folder);
    let port = there.unwrap_or_else(|| slots.idle());
    let mut ready = false;
    if there.is_some() && units::state(machine, &site.web_unit(port))?.runs() {
        units::stop_draining(machine, site, port)?;
        ready = health::on_port(machine, site, port, &arrival.record, false)?.is_ok();
    }
    if !ready {
        start(machine, site, port, arrival)?;
    }
    for worker in site.worker_units(port) {
        units::start_soon(machine, &worker)?;
    }
    nginx::switch(machine, site, &Shares::all(port))?;
    settle(machine, site, port, Some(slots.other(port)), &arrival.folder)
}
