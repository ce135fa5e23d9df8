//! Bringing a release there; going back is the same with another release.

use runner_sdk::services::{Condition as Process, Service, State as ProcessState};
use runner_sdk::target::{self, Condition, Deployment};
use runner_sdk::{Artifact, Error, Host, Level, Release};

use crate::placeholder::Values;
use crate::record::{PLAIN, ReleaseRecord, State};
use crate::site::{NOT_YET_MADE, Site, is_plain};
use crate::{ServiceConfig, retention};

/// Unix permission bits of what is placed: it may be run.
const PROGRAM: u32 = 0o755;
/// How long a process that is no longer wanted may take to end.
const GRACE_MS: u64 = 10_000;

/// Places the artifacts, switches `current`, starts what the config names, then stops and removes what is left over.
pub(crate) fn deploy(host: &impl Host, site: &Site<'_>, release: &Release) -> Result<Deployment, Error> {
    let folder = site.folder_of(release);
    // What the config gets wrong is said before anything is done.
    let services = services(site, release, &folder)?;
    let artifacts = artifacts(host, site, release)?;

    let before = State::read(host, site)?;
    let ahead = ahead(site, &before, &folder);
    if ahead != before {
        ahead.write(host, site)?;
    }
    for artifact in &artifacts {
        host.machine_fetch(
            artifact,
            None,
            &site.path(&format!("{folder}/{}", artifact.name)),
            PROGRAM,
        )?;
    }
    ReleaseRecord::of(release).write(host, site, &folder)?;
    if uses_data(site) {
        let about = b"Data of the processes lies here and outlives releases.\n";
        host.machine_write(None, &site.path("data/.runner"), about, PLAIN)?;
    }
    host.machine_link(None, &site.path("current"), &folder)?;

    let mut running = Vec::new();
    for (name, service) in &services {
        running.push(started(name, host.service_start(None, service)?));
    }
    clean_up(host, site, &ahead, &folder)?;
    Ok(Deployment {
        version: Some(release.version.clone()),
        services: running,
        newer_data: None,
    })
}

/// What there will be, once begun: everything that is there now, and everything new.
fn ahead(site: &Site<'_>, before: &State, folder: &str) -> State {
    let mut state = before.clone();
    state
        .services
        .extend(site.context.config.services.keys().cloned());
    state.services.sort();
    state.services.dedup();
    state.releases.retain(|there| there != folder);
    state.releases.insert(0, folder.to_owned());
    state
}

/// Stops what the config no longer names, and removes old releases.
fn clean_up(host: &impl Host, site: &Site<'_>, ahead: &State, folder: &str) -> Result<(), Error> {
    let config = &site.context.config;
    for name in ahead
        .services
        .iter()
        .filter(|name| !config.services.contains_key(*name))
    {
        host.service_stop(None, &site.service_name(name), GRACE_MS)?;
    }
    let previous = site
        .context
        .previous
        .as_ref()
        .map(|previous| site.folder_of(previous));
    let needed: Vec<&str> = previous.iter().map(String::as_str).chain([folder]).collect();
    let (kept, removed) = retention::split(&ahead.releases, config.keep, &needed);
    for old in &removed {
        host.machine_remove(None, &site.path(old))?;
    }
    let after = State {
        services: config.services.keys().cloned().collect(),
        releases: kept,
    };
    if after == *ahead {
        Ok(())
    } else {
        after.write(host, site)
    }
}

/// The artifacts to place, those that the config names or all.
fn artifacts(host: &impl Host, site: &Site<'_>, release: &Release) -> Result<Vec<Artifact>, Error> {
    let wanted = &site.context.config.artifacts;
    let unbuilt = site.context.is_plan() && release.artifacts.is_empty();
    if unbuilt && wanted.is_empty() {
        host.log(
            Level::Info,
            "which artifacts are placed is known once the release is built",
        );
    }
    let chosen: Vec<Artifact> = match wanted.as_slice() {
        [] => release.artifacts.clone(),
        names => names
            .iter()
            .map(|name| find(release, name, unbuilt))
            .collect::<Result<_, _>>()?,
    };
    match chosen.iter().find(|artifact| !is_file_name(&artifact.name)) {
        Some(odd) => Err(Error::failed(format!(
            "the artifact `{}` cannot be a file of that name",
            odd.name
        ))),
        None => Ok(chosen),
    }
}

fn find(release: &Release, name: &str, unbuilt: bool) -> Result<Artifact, Error> {
    if unbuilt {
        return Ok(Artifact {
            name: name.to_owned(),
            digest: NOT_YET_MADE.to_owned(),
            size: 0,
            location: String::new(),
        });
    }
    let found = release.artifacts.iter().find(|artifact| artifact.name == name);
    found.cloned().ok_or_else(|| {
        let there: Vec<_> = release
            .artifacts
            .iter()
            .map(|artifact| artifact.name.as_str())
            .collect();
        let there = if there.is_empty() {
            "none".to_owned()
        } else {
            there.join(", ")
        };
        Error::InvalidConfig(format!(
            "`artifacts` names `{name}`, which release {} does not have; it has {there}",
            release.version
        ))
    })
}

fn is_file_name(name: &str) -> bool {
    is_plain(&name.replace('.', "")) && !name.starts_with('.')
}

/// The processes as the host takes them, by their name in the config.
fn services(site: &Site<'_>, release: &Release, folder: &str) -> Result<Vec<(String, Service)>, Error> {
    let all = &site.context.config.services;
    all.iter()
        .map(|(name, config)| Ok((name.clone(), service(site, release, folder, name, config)?)))
        .collect()
}

fn service(
    site: &Site<'_>,
    release: &Release,
    folder: &str,
    name: &str,
    config: &ServiceConfig,
) -> Result<Service, Error> {
    let inside = site.release_from_release(folder);
    let values = Values {
        release: &inside,
        root: site.root_from_release(),
        version: &release.version,
        environment: &site.environment.name,
        port: config.port,
    };
    // The host looks for the program from the workspace, unlike everything that the process itself looks for.
    let outside = site.path(folder);
    let program = Values {
        release: &outside,
        root: site.root,
        ..values
    };
    let mut argv = Vec::new();
    for (index, word) in config.run.iter().enumerate() {
        let values = if index == 0 { &program } else { &values };
        argv.push(values.fill(word, &format!("services.{name}.run[{index}]"))?);
    }
    if argv.is_empty() {
        return Err(Error::InvalidConfig(format!("`services.{name}.run` is empty")));
    }
    let mut env = Vec::new();
    for (variable, value) in &config.env {
        let at = format!("services.{name}.env.{variable}");
        env.push((variable.clone(), values.fill(value, &at)?));
    }
    Ok(Service {
        name: site.service_name(name),
        argv,
        env,
        cwd: site.path(folder),
        log: site.path(&config.log_file(name)),
        label: release.version.clone(),
    })
}

fn uses_data(site: &Site<'_>) -> bool {
    let services = site.context.config.services.values();
    services
        .flat_map(|service| service.run.iter().chain(service.env.values()))
        .any(|text| text.contains("{{data}}"))
}

/// A process just started; whether it is healthy is asked for later.
fn started(name: &str, state: ProcessState) -> target::Service {
    target::Service {
        name: name.to_owned(),
        version: state.label,
        condition: match state.condition {
            Process::Starting | Process::Running => Condition::Starting,
            Process::Restarting => Condition::Unhealthy,
            Process::Stopped => Condition::Stopped,
        },
        since: state.since,
        detail: state.detail,
    }
}
