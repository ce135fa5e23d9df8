//! Target, lock, traffic, setup and logs `systemd`: one environment on a server, as systemd units behind nginx.
//!
//! Below `root` lie `releases/VERSION-DIGEST/` (whole once `.release.json` is in it), `venvs/DIGEST/` (one for each list of
//! requirements), `current` and with two ports `slots/PORT` (links to releases), `shared/` and `.lock`. What belongs to root
//! is written through `sudo -n`, beside its place first. Every call is a read or the same twice, so a deploy that was broken
//! off is simply gone through again; which version runs is asked of the links, the units and what answers.

mod config;
mod deploy;
mod frontend;
mod health;
mod inspect;
mod lock;
mod logs;
mod machine;
mod migrate;
mod nginx;
mod record;
mod releases;
mod setup;
mod site;
mod strategy;
mod units;
mod venv;

use runner_sdk::lock::Holder;
use runner_sdk::logs::Page;
use runner_sdk::setup::Change;
use runner_sdk::target::Deployment;
use runner_sdk::{Context, Error, Host, Instant, Lock, Logs, Release, Setup, Target, Traffic};

pub use config::Config;
use machine::Machine;
use site::Site;
use strategy::canary;

/// The target, its lock, its traffic, its set-up and its logs.
pub struct Systemd;

fn machine<'a, H: Host>(host: &'a H, site: &Site<'a>) -> Machine<'a, H> {
    Machine::new(host, site.config.machine.as_deref(), &site.config.user)
}

impl Target for Systemd {
    type Config = Config;

    fn inspect(host: &impl Host, context: &Context<Config>) -> Result<Deployment, Error> {
        let site = Site::of(context)?;
        inspect::inspect(&machine(host, &site), &site)
    }

    fn deploy(host: &impl Host, context: &Context<Config>) -> Result<Deployment, Error> {
        let site = Site::of(context)?;
        site.fits_the_profile()?;
        deploy::deploy(&machine(host, &site), &site, context.require_release()?)
    }

    fn rollback(host: &impl Host, context: &Context<Config>, to: &Release) -> Result<Deployment, Error> {
        let site = Site::of(context)?;
        deploy::go_back(&machine(host, &site), &site, to)
    }
}

impl Lock for Systemd {
    type Config = Config;

    fn acquire(
        host: &impl Host,
        context: &Context<Config>,
        holder: &Holder,
        replaces: Option<&str>,
    ) -> Result<Option<Holder>, Error> {
        let site = Site::of(context)?;
        let machine = machine(host, &site);
        // A lock below a folder that is another environment's, or that only root could make, would help nobody.
        deploy::is_ours(&machine, &site)?;
        lock::acquire(&machine, &site.lock(), holder, replaces)
    }

    fn release(host: &impl Host, context: &Context<Config>, run_id: &str) -> Result<(), Error> {
        let site = Site::of(context)?;
        let machine = machine(host, &site);
        match context.is_plan() {
            // The lock that would be taken is not there, and would be removed.
            true => machine.remove(&site.lock()),
            false => lock::release(&machine, &site.lock(), run_id),
        }
    }
}

impl Traffic for Systemd {
    type Config = Config;

    fn shift(host: &impl Host, context: &Context<Config>, percent: u8) -> Result<(), Error> {
        let site = Site::of(context)?;
        canary::shift(&machine(host, &site), &site, percent)
    }

    fn finish(host: &impl Host, context: &Context<Config>) -> Result<(), Error> {
        let site = Site::of(context)?;
        canary::finish(&machine(host, &site), &site)
    }
}

impl Setup for Systemd {
    type Config = Config;

    fn apply(host: &impl Host, context: &Context<Config>) -> Result<Vec<Change>, Error> {
        let site = Site::of(context)?;
        site.fits_the_profile()?;
        setup::apply(&machine(host, &site), &site)
    }
}

impl Logs for Systemd {
    type Config = Config;

    fn sources(context: &Context<Config>) -> Result<Vec<String>, Error> {
        Ok(logs::sources(&Site::of(context)?))
    }

    fn recent(
        host: &impl Host,
        context: &Context<Config>,
        sources: &[String],
        since: Option<Instant>,
        max: u32,
    ) -> Result<Page, Error> {
        let site = Site::of(context)?;
        logs::recent(&machine(host, &site), &site, sources, since, max)
    }

    fn more(
        host: &impl Host,
        context: &Context<Config>,
        sources: &[String],
        cursor: &str,
    ) -> Result<Page, Error> {
        let site = Site::of(context)?;
        logs::more(&machine(host, &site), &site, sources, cursor)
    }
}

runner_sdk::export! { target: Systemd, lock: Systemd, traffic: Systemd, setup: Systemd, logs: Systemd }

#[cfg(test)]
mod tests;
