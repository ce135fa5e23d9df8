//! What runs there, asked of the place itself: the links, the units, the folders that their processes run in, and their
//! answers.

use runner_sdk::target::{Condition, Deployment, Service};
use runner_sdk::{Error, Host};

use crate::config::{Strategy, Tls};
use crate::deploy::current;
use crate::health;
use crate::machine::Machine;
use crate::nginx::{self, Shares};
use crate::record::ReleaseRecord;
use crate::site::Site;
use crate::strategy::slots;
use crate::units::{self, UnitState};

/// The release that is looked for, and where.
struct Place {
    folder: String,
    record: ReleaseRecord,
    /// Its port.
    port: u16,
    /// Where its workers are, or those of the release that it is to follow.
    workers_port: u16,
    shares: Shares,
}

/// The deployment as it is; nothing deployed is no version.
pub(crate) fn inspect<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<Deployment, Error> {
    let Some(place) = place(machine, site)? else {
        return Ok(Deployment {
            version: None,
            services: Vec::new(),
            newer_data: None,
        });
    };
    let web = site.web_unit(place.port);
    let mut names: Vec<(String, String)> = vec![("web".to_owned(), web)];
    for (name, unit) in site
        .config
        .workers
        .keys()
        .zip(site.worker_units(place.workers_port))
    {
        names.push((name.clone(), unit));
    }
    let others = site.config.web.ports.iter().filter(|port| **port != place.port);
    names.extend(others.map(|port| (format!("web:{port}"), site.web_unit(*port))));
    let units: Vec<String> = names.iter().map(|(_, unit)| unit.clone()).collect();
    let mut services = Vec::new();
    for ((name, _), state) in names.iter().zip(units::states(machine, &units)?) {
        let found = match name.as_str() {
            "web" => Some(web_service(machine, site, &place, &state)?),
            _ if name.starts_with("web:") => other(machine, site, &place, name, &state)?,
            _ => Some(worker(machine, site, &place, name, &state)?),
        };
        services.extend(found.map(|service| Service {
            since: state.since,
            ..service
        }));
    }
    Ok(Deployment {
        version: Some(place.record.version),
        services,
        newer_data: None,
    })
}

/// Whether all that should run does, from `current`, and is healthy.
pub(crate) fn is_whole<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<bool, Error> {
    let there = inspect(machine, site)?;
    let mut services = there.services.iter();
    Ok(there.version.is_some() && services.all(|service| service.condition == Condition::Healthy))
}

/// `current`, or the release of the context while it gets its clients little by little.
fn place<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<Option<Place>, Error> {
    let Some(folder) = current(machine, site)? else {
        return Ok(None);
    };
    let first = site.config.web.ports[0];
    if !site.has_slots() {
        // Somebody removed its folder by hand: nothing is deployed, and a deploy puts it back.
        let record = ReleaseRecord::read(machine, site, &folder)?;
        return Ok(record.map(|record| Place {
            folder,
            record,
            port: first,
            workers_port: first,
            shares: Shares::all(first),
        }));
    }
    let shares = nginx::shares(machine, site)?.unwrap_or_else(|| Shares::all(first));
    let links = slots::links(machine, site)?;
    let port_of = |folder: &str| {
        links
            .iter()
            .find(|(_, there)| there == folder)
            .map(|(port, _)| *port)
    };
    let main = shares.main().unwrap_or(first);
    let coming = site
        .context
        .release
        .as_ref()
        .map(|release| site.folder_of(release));
    if site.config.strategy == Strategy::Canary
        && let Some(coming) = coming.filter(|coming| *coming != folder)
        && let Some(port) = port_of(&coming)
        && units::state(machine, &site.web_unit(port))?.runs()
        && let Some(record) = ReleaseRecord::read(machine, site, &coming)?
    {
        let workers_port = port_of(&folder).unwrap_or(main);
        return Ok(Some(Place {
            folder: coming,
            record,
            port,
            workers_port,
            shares,
        }));
    }
    let record = ReleaseRecord::read(machine, site, &folder)?;
    Ok(record.map(|record| Place {
        folder,
        record,
        port: main,
        workers_port: main,
        shares,
    }))
}

/// The unit that answers: it must run in the folder of the release, and answer.
fn web_service<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    place: &Place,
    state: &UnitState,
) -> Result<Service, Error> {
    let (mut service, in_folder) = base(machine, site, place, "web", state)?;
    if !in_folder || service.condition != Condition::Healthy {
        return Ok(service);
    }
    let mut wrong = health::on_port(machine, site, place.port, &place.record, true)?.err();
    let all = place.shares.of(place.port) == 100 || !site.has_slots();
    if let Some(nginx) = site.config.nginx.as_ref().filter(|_| all && wrong.is_none()) {
        wrong = nginx::answers(machine, nginx)?.err();
        // No authority vouches for a certificate that was made on the server: from here it could not be told from another's.
        if wrong.is_none() && !matches!(nginx.tls, Tls::SelfSigned) {
            wrong = health::at_url(machine.host, site, &place.record)?.err();
        }
    }
    if !all {
        service.detail = format!("{} % of the clients", place.shares.of(place.port));
    }
    if let Some(wrong) = wrong {
        (service.condition, service.detail) = (Condition::Unhealthy, wrong);
    }
    Ok(service)
}

fn worker<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    place: &Place,
    name: &str,
    state: &UnitState,
) -> Result<Service, Error> {
    if place.workers_port == place.port {
        return Ok(base(machine, site, place, name, state)?.0);
    }
    let (condition, detail) = condition(state);
    let detail = if detail.is_empty() {
        "the old version's, until it has all clients".to_owned()
    } else {
        detail
    };
    Ok(Service {
        name: name.to_owned(),
        version: None,
        condition,
        since: None,
        detail,
    })
}

/// What answers on the other port: of no version that counts, since it is on its way out or not yet in.
fn other<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    place: &Place,
    name: &str,
    state: &UnitState,
) -> Result<Option<Service>, Error> {
    if !state.runs() {
        return Ok(None);
    }
    let folder = runs_in(machine, site, state)?;
    let release = folder
        .as_deref()
        .map(|folder| folder.trim_start_matches("releases/"));
    let port = name.trim_start_matches("web:").parse().unwrap_or_default();
    let detail = match (place.shares.of(port), release) {
        // It ended between two looks.
        (0, None) => return Ok(None),
        (0, Some(release)) => format!("{release}, without clients"),
        (share, release) => format!(
            "{}, {share} % of the clients",
            release.unwrap_or("no release that is there")
        ),
    };
    Ok(Some(Service {
        name: name.to_owned(),
        version: None,
        condition: Condition::Healthy,
        since: None,
        detail,
    }))
}

/// How a unit is, and whether it runs in the folder of the release.
fn base<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    place: &Place,
    name: &str,
    state: &UnitState,
) -> Result<(Service, bool), Error> {
    let (condition, detail) = condition(state);
    let version = Some(place.record.version.clone());
    let mut service = Service {
        name: name.to_owned(),
        version,
        condition,
        since: None,
        detail,
    };
    if !state.runs() {
        return Ok((service, false));
    }
    let folder = runs_in(machine, site, state)?;
    let same = folder.as_ref() == Some(&place.folder);
    if !same {
        service.condition = Condition::Unhealthy;
        service.version = None;
        service.detail = match folder {
            Some(folder) => format!("it still runs {}", folder.trim_start_matches("releases/")),
            None => "it runs in no release of this environment; was its folder deleted?".to_owned(),
        };
    }
    Ok((service, same))
}

fn condition(state: &UnitState) -> (Condition, String) {
    match state.active.as_str() {
        "active" => (Condition::Healthy, String::new()),
        _ if state.is_broken() => {
            let detail = format!(
                "`{}` ended by itself ({}), started again {} times so far",
                state.id, state.result, state.restarts
            );
            (Condition::Unhealthy, detail)
        }
        "activating" | "reloading" => (Condition::Starting, state.sub.clone()),
        "inactive" if state.load == "not-found" => (
            Condition::Stopped,
            format!("systemd does not know `{}`", state.id),
        ),
        "inactive" | "deactivating" => (Condition::Stopped, format!("`{}` is {}", state.id, state.active)),
        other => (Condition::Unknown, format!("`{}` is {other}", state.id)),
    }
}

/// The release that a process runs in, as the kernel has it: links may lead elsewhere since.
fn runs_in<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    state: &UnitState,
) -> Result<Option<String>, Error> {
    let exit = machine.ask_root(&["readlink", "--", &format!("/proc/{}/cwd", state.pid)])?;
    let text = exit.stdout_text();
    let below = text
        .trim()
        .strip_prefix(&format!("{}/releases/", site.config.root))
        .filter(|_| !text.contains(" (deleted)"));
    Ok(below
        .and_then(|below| below.split('/').next())
        .map(|name| format!("releases/{name}")))
}
