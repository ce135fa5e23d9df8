//! What the environment's units and its site have written down: the journal of the server for the units, two files for the
//! site. The journal and the files of root's are read as root.

mod files;
mod journal;

use std::collections::BTreeMap;

use runner_sdk::logs::{self, Page};
use runner_sdk::{Error, Host, Instant};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::site::Site;
use files::{ACCESS, ERRORS, Position};

/// How far each was read.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    /// systemd's own, of an entry.
    journal: Option<String>,
    /// Of the site's files, by source.
    files: BTreeMap<String, Position>,
    /// Minutes by which the server's clock is ahead of UTC: nginx writes errors without a zone.
    zone: Option<i32>,
}

/// What can be read: units by their names in the config, and the site's two files.
pub(crate) fn sources(site: &Site<'_>) -> Vec<String> {
    let config = site.config;
    let timers = config.timers.keys().map(|name| timer(name));
    let site = [ACCESS, ERRORS]
        .into_iter()
        .filter(|_| config.nginx.is_some())
        .map(str::to_owned);
    std::iter::once("web".to_owned())
        .chain(config.workers.keys().cloned())
        .chain(timers)
        .chain(site)
        .collect()
}

fn timer(name: &str) -> String {
    format!("timer-{name}")
}

/// The units of these sources, by their full names, with what their lines are of: `web`, or with two ports `web:8001`.
fn units(site: &Site<'_>, sources: &[String]) -> BTreeMap<String, String> {
    let mut units = BTreeMap::new();
    for port in &site.config.web.ports {
        let of = |name: &str| match site.has_slots() {
            true => format!("{name}:{port}"),
            false => name.to_owned(),
        };
        units.insert(site.web_unit(*port), ("web", of("web")));
        let workers = site.config.workers.keys().zip(site.worker_units(*port));
        units.extend(workers.map(|(name, unit)| (unit, (name.as_str(), of(name)))));
    }
    let mut units: BTreeMap<String, String> = units
        .into_iter()
        .filter(|(_, (name, _))| sources.iter().any(|source| source == name))
        .map(|(unit, (_, of))| (unit, of))
        .collect();
    for name in site.config.timers.keys() {
        if sources.contains(&timer(name)) {
            units.insert(format!("{}-{name}.service", site.id), timer(name));
        }
    }
    units
}

/// The newest lines of these sources.
pub(crate) fn recent<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    sources: &[String],
    since: Option<Instant>,
    max: u32,
) -> Result<Page, Error> {
    let mut cursor = Cursor::default();
    let (units, mut lines, mut notes) = (units(site, sources), Vec::new(), Vec::new());
    if !units.is_empty() {
        let read = journal::recent(machine, &units, since, max)?;
        cursor.journal = read.cursor;
        lines.extend(read.lines);
        notes.extend(read.note);
    }
    let files = files::of(site, sources);
    if !files.is_empty() {
        cursor.zone = zone(machine)?;
        let there = files::look(machine, &files)?;
        for (source, path) in &files {
            let file = files::recent(machine, &there, path, max)?;
            if file.is_missing {
                notes.push(format!(
                    "there is no `{path}` on {} yet: `runner env setup {}` has nginx write it",
                    machine.title(),
                    site.environment.name
                ));
            }
            cursor.files.insert(source.clone(), file.position);
            let read = logs::lines(source, file.lines, cursor.zone, since);
            lines.extend(logs::last(read, max));
        }
    }
    page(lines, notes, &cursor)
}

/// What was written after that.
pub(crate) fn more<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    sources: &[String],
    cursor: &str,
) -> Result<Page, Error> {
    let mut cursor: Cursor = serde_json::from_str(cursor)
        .map_err(|error| Error::failed(format!("`{cursor}` is no cursor of this plugin's: {error}")))?;
    let (units, mut lines, mut notes) = (units(site, sources), Vec::new(), Vec::new());
    if !units.is_empty() {
        let read = journal::more(machine, &units, cursor.journal.as_deref())?;
        lines.extend(read.lines);
        cursor.journal = read.cursor.or(cursor.journal);
    }
    let files = files::of(site, sources);
    if !files.is_empty() {
        let there = files::look(machine, &files)?;
        for (source, path) in &files {
            let before = cursor.files.get(source).copied().unwrap_or_default();
            let file = files::more(machine, &there, path, before)?;
            if file.left_out > 0 {
                notes.push(format!(
                    "{} bytes of `{path}` are left out: nginx writes faster than it is read",
                    file.left_out
                ));
            }
            cursor.files.insert(source.clone(), file.position);
            lines.extend(logs::lines(source, file.lines, cursor.zone, None));
        }
    }
    page(lines, notes, &cursor)
}

fn page(lines: Vec<logs::Line>, notes: Vec<String>, cursor: &Cursor) -> Result<Page, Error> {
    let cursor = serde_json::to_string(cursor).map_err(|error| Error::failed(error.to_string()))?;
    Ok(Page { lines, notes, cursor })
}

fn zone<H: Host>(machine: &Machine<'_, H>) -> Result<Option<i32>, Error> {
    let exit = machine.ask(&["date", "+%z"])?;
    Ok(logs::zone(exit.stdout_text().trim()))
}
