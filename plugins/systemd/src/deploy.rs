//! Bringing a release to the server, up to where the strategy takes over; going back is the same without migrations.

use runner_sdk::machine_files::Kind;
use runner_sdk::target::{Condition, Deployment, Service};
use runner_sdk::{Error, Host, Release, WithContext};

use crate::config::Strategy;
use crate::machine::Machine;
use crate::record::ReleaseRecord;
use crate::setup::certificate;
use crate::site::Site;
use crate::strategy::{blue_green, canary, restart, slots};
use crate::{frontend, migrate, nginx, releases, units};

/// A release that lies whole on the server.
pub(crate) struct Arrival {
    /// Relative to the root.
    pub(crate) folder: String,
    pub(crate) record: ReleaseRecord,
    /// Whether it was good here before: then it need not show first that it stays up.
    pub(crate) proven: bool,
}

/// A new release.
pub(crate) fn deploy<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    release: &Release,
) -> Result<Deployment, Error> {
    is_ours(machine, site)?;
    units::are_set_up(machine, site)?;
    if site.config.nginx.is_some() {
        nginx::is_sound(machine)?;
        certificate::has_not_expired(machine, site)?;
    }
    frontend::is_link(machine, site)?;
    has_room(machine, site)?;
    let folder = site.folder_of(release);
    let mut record = releases::place(machine, site, release)?;
    migrate::upgrade(machine, site, &folder, &mut record)?;
    let arrival = Arrival {
        folder,
        record,
        proven: false,
    };
    match site.config.strategy {
        Strategy::Restart => restart::activate(machine, site, &arrival)?,
        Strategy::BlueGreen => blue_green::deploy(machine, site, &arrival)?,
        Strategy::Canary => canary::deploy(machine, site, &arrival)?,
    }
    releases::clean_up(machine, site, &needed(machine, site, &arrival)?)?;
    Ok(started(site, &arrival))
}

/// A release that was good here. Its files and its virtual environment still lie there, unless somebody removed them.
pub(crate) fn go_back<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    to: &Release,
) -> Result<Deployment, Error> {
    is_ours(machine, site)?;
    let left = left(machine, site, to);
    let record = releases::place(machine, site, to)?;
    let arrival = Arrival {
        folder: site.folder_of(to),
        record,
        proven: true,
    };
    match site.config.strategy {
        Strategy::Restart => restart::activate(machine, site, &arrival)?,
        Strategy::BlueGreen | Strategy::Canary => slots::go_back(machine, site, &arrival)?,
    }
    // Asked once it serves: where the database was migrated, looking at it takes a second or two.
    Ok(Deployment {
        newer_data: left.and_then(|left| migrate::newer(machine, site, &left)),
        ..started(site, &arrival)
    })
}

/// The release that is left, relative to the root: the one that was to be brought here, or the one that runs.
fn left<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>, to: &Release) -> Option<String> {
    let other = |folder: &String| *folder != site.folder_of(to);
    let meant = site
        .context
        .release
        .as_ref()
        .map(|release| site.folder_of(release));
    // A link that is not ours is told of by what switches it.
    let runs = || current(machine, site).ok().flatten();
    meant.filter(other).or_else(|| runs().filter(other))
}

/// The root must be this environment's: another one's is never touched.
pub(crate) fn is_ours<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<(), Error> {
    let path = site.path(".environment");
    match machine.text(&path)? {
        Some(mark) if mark.trim() == site.mark() => Ok(()),
        Some(mark) => Err(Error::InvalidConfig(format!(
            "`{}` belongs to {}: give `{}` a `root` of its own",
            site.config.root,
            mark.trim().trim_start_matches("# runner: "),
            site.environment.name
        ))),
        None => Err(Error::failed(format!(
            "`{}` on {} is not set up: run `runner env setup {}` first",
            site.config.root,
            machine.title(),
            site.environment.name
        ))),
    }
}

/// Whether there is room for another release.
fn has_room<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<(), Error> {
    let root = &site.config.root;
    let text = machine
        .ask(&["df", "-Pk", "--", root])?
        .require_success(&format!("asking for the room below `{root}`"))?
        .stdout_text();
    let free: Option<u64> = text
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    let free = free.context(format!("`df` says nothing of `{root}`"))? / 1024;
    match free < site.config.min_free {
        false => Ok(()),
        true => Err(Error::failed(format!(
            "the disk of {} is full: {free} MiB are free below `{root}`, and `min-free` is {}: make room there, or lower `keep`",
            machine.title(),
            site.config.min_free
        ))),
    }
}

/// What retention must leave: what runs, what a rollback would go to, and this release.
fn needed<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    arrival: &Arrival,
) -> Result<Vec<String>, Error> {
    let mut needed = vec![arrival.folder.clone()];
    needed.extend(current(machine, site)?);
    needed.extend(
        site.context
            .previous
            .as_ref()
            .map(|previous| site.folder_of(previous)),
    );
    if site.has_slots() {
        needed.extend(slots::links(machine, site)?.into_iter().map(|(_, folder)| folder));
    }
    Ok(needed)
}

/// The folder that `current` leads to, relative to the root.
pub(crate) fn current<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<Option<String>, Error> {
    let entries = machine.list(&site.config.root)?;
    let Some(link) = entries.into_iter().find(|entry| entry.name == "current") else {
        return Ok(None);
    };
    match link.target {
        Some(target) if link.kind == Kind::Link && target.starts_with("releases/") => Ok(Some(target)),
        _ => Err(Error::failed(format!(
            "`{}` is no link of this plugin's: it does not lead into `releases/`",
            site.path("current")
        ))),
    }
}

/// What was just started; whether it is healthy is asked for later.
fn started(site: &Site<'_>, arrival: &Arrival) -> Deployment {
    let names = std::iter::once("web").chain(site.config.workers.keys().map(String::as_str));
    let service = |name: &str| Service {
        name: name.to_owned(),
        version: Some(arrival.record.version.clone()),
        condition: Condition::Starting,
        since: None,
        detail: String::new(),
    };
    Deployment {
        version: Some(arrival.record.version.clone()),
        services: names.map(service).collect(),
        newer_data: None,
    }
}
