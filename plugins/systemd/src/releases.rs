//! Releases on the server: placing them whole, and removing old ones.

use runner_sdk::machine_files::Kind;
use runner_sdk::{Artifact, Error, Host, Release};

use crate::machine::Machine;
use crate::record::ReleaseRecord;
use crate::site::{DIGITS, Site};
use crate::venv;

/// Brings a release to the server, unless it lies there whole. Nothing that runs sees it yet.
pub(crate) fn place<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    release: &Release,
) -> Result<ReleaseRecord, Error> {
    let folder = site.folder_of(release);
    let wanted = artifacts(site, release)?;
    let there = machine.list(&site.path(&folder))?;
    let has = |name: &str| there.iter().any(|entry| entry.name == name);
    if has("venv")
        && wanted.iter().all(|artifact| has(&artifact.name))
        && let Some(record) = ReleaseRecord::read(machine, site, &folder)?
        && venv::is_whole(machine, site, record.venv.as_deref())?
    {
        return Ok(record);
    }
    if !there.is_empty() {
        // Half placed, or something was deleted by hand. What was published belongs to somebody else.
        own(machine, site, &folder)?;
        machine.remove(&site.path(&format!("{folder}/.release.json")))?;
    }
    for artifact in &wanted {
        machine.unpack(artifact, &site.path(&format!("{folder}/{}", artifact.name)))?;
    }
    let about = format!("APP_VERSION={}\n", release.version);
    machine.write(&site.path(&format!("{folder}/.env")), &about)?;
    let venv = venv::make(machine, site, &folder)?;
    machine.link(
        &site.path(&format!("{folder}/venv")),
        &site.path(&format!("venvs/{venv}")),
    )?;
    if let Some(frontend) = &site.config.frontend {
        let files = site.path(&format!("{folder}/{}", frontend.artifact));
        if let Some(file) = &frontend.version_file {
            let text = format!("{}\n", serde_json::json!({ "version": release.version }));
            machine.write(&format!("{files}/{file}"), &text)?;
        }
        let owner = format!("{}:", frontend.owner);
        machine.act_root(
            &["chown", "-R", &owner, &files],
            &format!("giving `{files}` to `{}`", frontend.owner),
        )?;
    }
    let record = ReleaseRecord::of(release, Some(venv), machine.host.now());
    record.write(machine, site, &folder)?;
    Ok(record)
}

/// The artifacts that are placed, in the order of the config.
fn artifacts(site: &Site<'_>, release: &Release) -> Result<Vec<Artifact>, Error> {
    let config = site.config;
    let names = [
        Some(&config.backend.artifact),
        config.frontend.as_ref().map(|frontend| &frontend.artifact),
    ];
    let find = |name: &String| {
        if let Some(found) = release.artifacts.iter().find(|artifact| artifact.name == *name) {
            return Ok(found.clone());
        }
        if site.context.is_plan() && release.artifacts.is_empty() {
            let digest = "sha256:not-yet-made".to_owned();
            return Ok(Artifact {
                name: name.clone(),
                digest,
                size: 0,
                location: String::new(),
            });
        }
        let there: Vec<_> = release
            .artifacts
            .iter()
            .map(|artifact| format!("`{}`", artifact.name))
            .collect();
        let there = if there.is_empty() {
            "none".to_owned()
        } else {
            there.join(", ")
        };
        Err(Error::InvalidConfig(format!(
            "there is no artifact `{name}` in release {}; there is {there}: name it in `[artifacts]`",
            release.version
        )))
    };
    names.into_iter().flatten().map(find).collect()
}

/// Gives a release back to the user, who may then write and remove it.
fn own<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>, folder: &str) -> Result<(), Error> {
    let (path, owner) = (site.path(folder), format!("{}:", site.config.user));
    machine.act_root(
        &["chown", "-R", &owner, &path],
        &format!("giving `{path}` to `{}`", site.config.user),
    )
}

/// Removes old releases, and virtual environments that none of the others needs. `needed` are folders that stay.
pub(crate) fn clean_up<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    needed: &[String],
) -> Result<(), Error> {
    let mut releases = Vec::new();
    for entry in machine.list(&site.path("releases"))? {
        if entry.kind == Kind::Folder && is_ours(&entry.name) {
            let folder = format!("releases/{}", entry.name);
            let record = ReleaseRecord::read(machine, site, &folder)?;
            releases.push((record.as_ref().map_or(0, |record| record.placed), folder, record));
        }
    }
    releases.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
    let mut venvs = Vec::new();
    for (index, (_, folder, record)) in releases.iter().enumerate() {
        if needed.contains(folder) || (index < site.config.keep && record.is_some()) {
            venvs.extend(record.iter().filter_map(|record| record.venv.clone()));
            continue;
        }
        own(machine, site, folder)?;
        machine.remove(&site.path(folder))?;
    }
    for entry in machine.list(&site.path("venvs"))? {
        if entry.kind == Kind::Folder && entry.name.len() == DIGITS && !venvs.contains(&entry.name) {
            machine.remove(&site.path(&format!("venvs/{}", entry.name)))?;
        }
    }
    Ok(())
}

/// Whether a folder is called as this plugin calls releases.
fn is_ours(name: &str) -> bool {
    let digest = name.rsplit_once('-').map(|(_, digest)| digest);
    digest.is_some_and(|digest| digest.len() == DIGITS && digest.chars().all(|c| c.is_ascii_hexdigit()))
}
