//! What runs there, asked of the place itself: the link, the processes, and their own answers.

use runner_sdk::machine_files::Kind;
use runner_sdk::services::{Condition as Process, State};
use runner_sdk::target::{Condition, Deployment, Service};
use runner_sdk::{Error, Host, Request, Response};
use serde_json::Value;

use crate::ServiceConfig;
use crate::record::ReleaseRecord;
use crate::site::Site;

/// How long a healthy process may take to say so.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const LONGEST: u32 = 64 * 1024;

/// The deployment as it is; nothing deployed is no version.
pub(crate) fn inspect(host: &impl Host, site: &Site<'_>) -> Result<Deployment, Error> {
    let Some(current) = current(host, site)? else {
        return Ok(Deployment {
            version: None,
            services: Vec::new(),
            newer_data: None,
        });
    };
    let mut services = Vec::new();
    for (name, config) in &site.context.config.services {
        let state = host.service_status(None, &site.service_name(name))?;
        let (condition, detail) = condition(host, site, name, config, &state, &current)?;
        services.push(Service {
            name: name.clone(),
            version: state.label,
            condition,
            since: state.since,
            detail,
        });
    }
    Ok(Deployment {
        version: Some(current.version),
        services,
        newer_data: None,
    })
}

/// The release that `current` leads to.
fn current(host: &impl Host, site: &Site<'_>) -> Result<Option<ReleaseRecord>, Error> {
    let entries = host.machine_list(None, site.root)?.unwrap_or_default();
    let Some(link) = entries.into_iter().find(|entry| entry.name == "current") else {
        return Ok(None);
    };
    let path = site.path("current");
    let target = match link.target {
        Some(target) if link.kind == Kind::Link && target.starts_with("releases/") => target,
        _ => {
            return Err(Error::failed(format!(
                "`{path}` is no link of this plugin's: it does not lead into `releases/`"
            )));
        }
    };
    match ReleaseRecord::read(host, site, &target)? {
        Some(record) => Ok(Some(record)),
        // Somebody removed it by hand. A deploy puts it back.
        None => Ok(None),
    }
}

/// How a process is, and why.
fn condition(
    host: &impl Host,
    site: &Site<'_>,
    name: &str,
    config: &ServiceConfig,
    state: &State,
    current: &ReleaseRecord,
) -> Result<(Condition, String), Error> {
    let detail = |start: &str| match state.detail.is_empty() {
        true => start.to_owned(),
        false => format!("{start}: {}", state.detail),
    };
    Ok(match state.condition {
        Process::Starting => (Condition::Starting, state.detail.clone()),
        Process::Stopped => (Condition::Stopped, state.detail.clone()),
        Process::Restarting => (
            Condition::Unhealthy,
            detail(&format!(
                "it ended and is started again, {} times so far",
                state.restarts
            )),
        ),
        Process::Running => match state.label.as_deref() {
            Some(label) if label != current.version => (
                Condition::Unhealthy,
                format!("{label} runs, though `current` is {}", current.version),
            ),
            _ => match &config.health {
                None => (Condition::Healthy, state.detail.clone()),
                Some(health) => answer(host, &url(site, name, health)?, current)?,
            },
        },
    })
}

/// What the process itself says.
fn answer(host: &impl Host, url: &str, current: &ReleaseRecord) -> Result<(Condition, String), Error> {
    let request = Request::get(url).timeout(PATIENCE).max_response(LONGEST);
    let wrong = match host.send(&request) {
        Ok(response) => wrong(&response, current),
        Err(Error::Transient(none)) => Some(none.message),
        Err(other) => return Err(other),
    };
    Ok(match wrong {
        None => (Condition::Healthy, String::new()),
        Some(why) => (Condition::Unhealthy, format!("{url}: {why}")),
    })
}

fn wrong(response: &Response, current: &ReleaseRecord) -> Option<String> {
    if response.status != 200 {
        let start: String = response.text().trim().chars().take(100).collect();
        let colon = if start.is_empty() { "" } else { ": " };
        return Some(format!("answered {}{colon}{start}", response.status));
    }
    let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let version = answer.get("version")?.as_str()?;
    let same = version == current.version || version == current.tag;
    (!same).then(|| format!("answers as {version}, and {} was deployed", current.version))
}

fn url(site: &Site<'_>, name: &str, health: &str) -> Result<String, Error> {
    let at = format!("services.{name}.health");
    if let Some(path) = health.strip_prefix('/') {
        let base = site.environment.url.as_deref().ok_or_else(|| {
            let environment = &site.environment.name;
            Error::InvalidConfig(format!(
                "`{at}` is a path, and the environment `{environment}` has no `url`"
            ))
        })?;
        return Ok(format!("{}/{path}", base.trim_end_matches('/')));
    }
    let below = |base: &String| {
        health
            .strip_prefix(base.trim_end_matches('/'))
            .is_some_and(|rest| rest.starts_with('/'))
    };
    if site.context.config.urls.iter().any(below) {
        return Ok(health.to_owned());
    }
    Err(Error::InvalidConfig(format!(
        "`{at}` is neither a path nor a URL below one of `urls`"
    )))
}
