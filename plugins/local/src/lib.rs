//! Target, lock and logs `local`: supervised processes on this machine.
//!
//! Below `root` lie `releases/VERSION-DIGEST/`, a link `current` to one of them, `state.json` (what this plugin made),
//! `lock`, `data/` and `logs/`. A release's folder is whole once `.release.json` is in it, which is written last. Every call
//! is idempotent, so a deploy that was broken off is simply made again.
//!
//! A relative `root` is meant from the workspace, as the host has it. Processes run in the folder of their release; with a
//! relative `root` the placeholders in arguments and variables are relative to that folder, so that they hold there.

mod deploy;
mod inspect;
mod lock;
mod logs;
mod placeholder;
mod record;
mod retention;
mod site;

use std::collections::BTreeMap;

use runner_sdk::lock::Holder;
use runner_sdk::logs::Page;
use runner_sdk::target::Deployment;
use runner_sdk::{Context, Error, Host, Instant, Lock, Logs, Release, Target};
use schemars::JsonSchema;
use serde::Deserialize;

use site::Site;

/// Supervised processes on this machine.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The environment's own folder; a relative one is meant from the workspace.
    #[schemars(length(min = 1))]
    root: String,
    /// The processes, by name.
    #[schemars(extend("minProperties" = 1))]
    services: BTreeMap<String, ServiceConfig>,
    /// Names of the artifacts to place; all of the release when empty. A folder is placed as its archive.
    #[serde(default)]
    artifacts: Vec<String>,
    /// How many releases to keep. The running one, and the one that a rollback would go to, are kept in any case.
    #[serde(default = "five")]
    #[schemars(range(min = 1))]
    keep: usize,
    /// Where processes answer, besides the environment's `url`: a `health` that is a whole URL starts with one of these.
    #[serde(default)]
    urls: Vec<String>,
}

/// One process. `{{release}}` (its release's folder), `{{root}}`, `{{data}}` (a folder that outlives releases),
/// `{{version}}`, `{{environment}}` and `{{port}}` are filled in.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ServiceConfig {
    /// Program and arguments, e.g. `["{{release}}/shop"]`.
    #[schemars(length(min = 1))]
    run: Vec<String>,
    /// Environment variables; `{{secret:name}}` in a value is filled in by the host.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// What `{{port}}` stands for.
    port: Option<u16>,
    /// Must answer 200, and if it answers JSON with a `version`, with the release's: a path below the environment's `url`,
    /// or a URL below one of `urls`. Without it a process is healthy when it runs.
    health: Option<String>,
    /// File for its output, below `root`. Default: `logs/NAME.log`.
    log: Option<String>,
}

impl ServiceConfig {
    /// The file for the output of the process of this name, below the root.
    fn log_file(&self, name: &str) -> String {
        self.log.clone().unwrap_or_else(|| format!("logs/{name}.log"))
    }
}

fn five() -> usize {
    5
}

/// The target, the keeper of its lock, and the reader of its logs.
pub struct Local;

impl Target for Local {
    type Config = Config;

    fn inspect(host: &impl Host, context: &Context<Config>) -> Result<Deployment, Error> {
        inspect::inspect(host, &Site::of(context)?)
    }

    fn deploy(host: &impl Host, context: &Context<Config>) -> Result<Deployment, Error> {
        deploy::deploy(host, &Site::of(context)?, context.require_release()?)
    }

    fn rollback(host: &impl Host, context: &Context<Config>, to: &Release) -> Result<Deployment, Error> {
        deploy::deploy(host, &Site::of(context)?, to)
    }
}

impl Lock for Local {
    type Config = Config;

    fn acquire(
        host: &impl Host,
        context: &Context<Config>,
        holder: &Holder,
        replaces: Option<&str>,
    ) -> Result<Option<Holder>, Error> {
        lock::acquire(host, &Site::of(context)?.lock(), holder, replaces)
    }

    fn release(host: &impl Host, context: &Context<Config>, run_id: &str) -> Result<(), Error> {
        let path = Site::of(context)?.lock();
        match context.is_plan() {
            // The lock that would be taken is not there, and would be removed.
            true => host.machine_remove(None, &path),
            false => lock::release(host, &path, run_id),
        }
    }
}

impl Logs for Local {
    type Config = Config;

    fn sources(context: &Context<Config>) -> Result<Vec<String>, Error> {
        Site::of(context)?;
        Ok(context.config.services.keys().cloned().collect())
    }

    fn recent(
        host: &impl Host,
        context: &Context<Config>,
        sources: &[String],
        since: Option<Instant>,
        max: u32,
    ) -> Result<Page, Error> {
        logs::recent(host, &Site::of(context)?, sources, since, max)
    }

    fn more(
        host: &impl Host,
        context: &Context<Config>,
        sources: &[String],
        cursor: &str,
    ) -> Result<Page, Error> {
        logs::more(host, &Site::of(context)?, sources, cursor)
    }
}

runner_sdk::export! { target: Local, lock: Local, logs: Local }

#[cfg(test)]
mod tests;
