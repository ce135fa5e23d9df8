//! Units of systemd: how they are, and starting and stopping them.

use std::time::Duration;

use runner_sdk::{Error, Host, Instant};

use crate::machine::{Machine, command, sudo};
use crate::site::Site;

/// `systemctl stop` of a unit that there is not.
const NOT_LOADED: i32 = 5;
/// What is asked of a unit. `LoadState`, because an unknown unit is no error for `systemctl show`.
const SHOW: [&str; 5] = [
    "systemctl",
    "show",
    "--timestamp=unix",
    "--property=Id,LoadState,ActiveState,SubState,Result,MainPID,NRestarts,ActiveEnterTimestamp",
    "--",
];

/// How a unit is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct UnitState {
    pub(crate) id: String,
    /// E.g. `loaded` or `not-found`.
    pub(crate) load: String,
    /// E.g. `active`, `inactive`, `failed` or `activating`.
    pub(crate) active: String,
    /// E.g. `running` or `auto-restart`.
    pub(crate) sub: String,
    /// E.g. `success` or `exit-code`.
    pub(crate) result: String,
    /// 0 for none.
    pub(crate) pid: u32,
    pub(crate) restarts: u32,
    pub(crate) since: Option<Instant>,
}

impl UnitState {
    pub(crate) fn runs(&self) -> bool {
        self.active == "active"
    }

    /// Whether it has given up, or is only kept up by being started again.
    pub(crate) fn is_broken(&self) -> bool {
        self.active == "failed" || self.sub == "auto-restart"
    }
}

/// How these units are, in their order.
pub(crate) fn states<H: Host>(machine: &Machine<'_, H>, units: &[String]) -> Result<Vec<UnitState>, Error> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let argv: Vec<&str> = SHOW.into_iter().chain(units.iter().map(String::as_str)).collect();
    let text = machine
        .ask(&argv)?
        .require_success("asking systemd for the units")?
        .stdout_text();
    let states: Vec<_> = text
        .split("\n\n")
        .filter(|block| !block.trim().is_empty())
        .map(parse)
        .collect();
    match states.len() == units.len() {
        true => Ok(states),
        false => Err(Error::failed(format!(
            "`systemctl show` told of {} units and was asked for {}",
            states.len(),
            units.len()
        ))),
    }
}

/// How one unit is.
pub(crate) fn state<H: Host>(machine: &Machine<'_, H>, unit: &str) -> Result<UnitState, Error> {
    Ok(states(machine, &[unit.to_owned()])?.pop().unwrap_or_default())
}

fn parse(block: &str) -> UnitState {
    let mut state = UnitState::default();
    for (key, value) in block.lines().filter_map(|line| line.trim().split_once('=')) {
        let value = value.trim();
        match key {
            "Id" => state.id = value.to_owned(),
            "LoadState" => state.load = value.to_owned(),
            "ActiveState" => state.active = value.to_owned(),
            "SubState" => state.sub = value.to_owned(),
            "Result" => state.result = value.to_owned(),
            "MainPID" => state.pid = value.parse().unwrap_or(0),
            "NRestarts" => state.restarts = value.parse().unwrap_or(0),
            "ActiveEnterTimestamp" => {
                let seconds = value
                    .strip_prefix('@')
                    .and_then(|seconds| seconds.parse::<u64>().ok());
                state.since = seconds.map(|seconds| seconds.saturating_mul(1000));
            }
            _ => {}
        }
    }
    state
}

/// Starts it with what its link leads to now, whatever it ran before. A worker ends its task first.
pub(crate) fn restart<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>, unit: &str) -> Result<(), Error> {
    let stops = site
        .config
        .workers
        .values()
        .map(|worker| worker.stop_timeout)
        .chain([site.config.web.drain]);
    let longest = std::time::Duration::from(stops.max().unwrap_or(site.config.web.drain));
    let command = command(&sudo(&["systemctl", "restart", unit])).timeout(longest + Duration::from_secs(60));
    let done = machine.change(command, &format!("starting `{unit}`"));
    done.map_err(|error| with_journal(machine, unit, error))
}

/// Starts it if it does not run, and waits for nothing.
pub(crate) fn start_soon<H: Host>(machine: &Machine<'_, H>, unit: &str) -> Result<(), Error> {
    machine.act_root(
        &["systemctl", "start", "--no-block", unit],
        &format!("starting `{unit}`"),
    )
}

/// Stops it, and waits for that.
pub(crate) fn stop<H: Host>(machine: &Machine<'_, H>, unit: &str) -> Result<(), Error> {
    machine.act_root(&["systemctl", "stop", unit], &format!("stopping `{unit}`"))
}

/// Tells them to stop: they end their tasks, and nobody waits.
pub(crate) fn stop_soon<H: Host>(machine: &Machine<'_, H>, units: &[String]) -> Result<(), Error> {
    all(machine, &["systemctl", "stop", "--no-block"], units)
}

/// Whether the server starts them when it boots. Systemd itself need not know before, which spares it a second each time.
pub(crate) fn at_boot<H: Host>(
    machine: &Machine<'_, H>,
    units: &[String],
    wanted: bool,
) -> Result<(), Error> {
    let verb = if wanted { "enable" } else { "disable" };
    all(machine, &["systemctl", verb, "--quiet", "--no-reload"], units)
}

/// One command for several units; none for none.
fn all<H: Host>(machine: &Machine<'_, H>, words: &[&str], units: &[String]) -> Result<(), Error> {
    if units.is_empty() {
        return Ok(());
    }
    let argv: Vec<&str> = words
        .iter()
        .copied()
        .chain(units.iter().map(String::as_str))
        .collect();
    machine.act_root(
        &argv,
        &format!("`{}` of `{}`", words.join(" "), units.join("`, `")),
    )
}

/// Has systemd stop a unit in a while: it answers what it has begun, and nobody waits for that.
pub(crate) fn drain<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>, port: u16) -> Result<(), Error> {
    stop_draining(machine, site, port)?;
    let (name, unit) = (drain_name(site, port), site.web_unit(port));
    let after = format!("{}s", site.config.web.drain.as_millis().div_ceil(1000));
    let words = [
        "systemd-run",
        "--quiet",
        "--collect",
        "--unit",
        &name,
        "--on-active",
        &after,
        "systemctl",
        "stop",
        &unit,
    ];
    match machine.act_root(&words, &format!("having `{unit}` stopped in {after}")) {
        // The connection was cut, and it had been done.
        Err(error) if is_taken(&error) => Ok(()),
        // The new version has the clients already: this is no reason to take it back.
        Err(Error::Failed(_)) => stop_soon(machine, &[unit]),
        done => done,
    }
}

/// Whether `systemd-run` found a unit of that name.
pub(crate) fn is_taken(error: &Error) -> bool {
    error.message().contains("was already loaded")
}

/// Lets a unit that would be stopped live on.
pub(crate) fn stop_draining<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    port: u16,
) -> Result<(), Error> {
    let timer = format!("{}.timer", drain_name(site, port));
    let command = command(&sudo(&["systemctl", "stop", &timer]));
    let exit = machine.run(&command.idempotent().foresee_success())?;
    if exit.code == Some(NOT_LOADED) {
        return Ok(());
    }
    exit.require_success(&format!("stopping `{timer}`")).map(|_| ())
}

fn drain_name(site: &Site<'_>, port: u16) -> String {
    format!("{}-drain-{port}", site.id)
}

/// What else listens on a port that this unit is to have.
pub(crate) fn port_is_free<H: Host>(machine: &Machine<'_, H>, port: u16) -> Result<(), Error> {
    let at = format!(":{port}");
    let exit = machine.ask_root(&["ss", "-Hltnp", "sport", "=", &at])?;
    let text = exit
        .require_success(&format!("asking what listens on port {port}"))?
        .stdout_text();
    let Some(line) = text.lines().find(|line| !line.trim().is_empty()) else {
        return Ok(());
    };
    let program = line
        .split_once("users:((")
        .map_or(line.trim(), |(_, users)| users.trim_end_matches(')'));
    Err(Error::failed(format!(
        "port {port} of {} is taken by another program ({program}): stop it, or give this environment another port in `web.ports`",
        machine.title()
    )))
}

/// The error, with what the unit said last.
pub(crate) fn with_journal<H: Host>(machine: &Machine<'_, H>, unit: &str, error: Error) -> Error {
    let words = [
        "journalctl",
        "--no-pager",
        "--output",
        "cat",
        "--lines",
        "20",
        "--unit",
        unit,
    ];
    let Ok(exit) = machine.ask_root(&words) else {
        return error;
    };
    let said = exit.last_lines(8);
    if said.is_empty() {
        return error;
    }
    Error::Failed(format!("{}\nit said last:\n{said}", error.message()))
}

/// Every unit that the config names must be known to systemd: the set-up makes them.
pub(crate) fn are_set_up<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<(), Error> {
    let port = site.config.web.ports[0];
    let units = site.units(port);
    match states(machine, &units)?
        .iter()
        .position(|state| state.load != "loaded")
    {
        None => Ok(()),
        Some(index) => Err(Error::failed(format!(
            "systemd on {} does not know `{}`: run `runner env setup {}` first",
            machine.title(),
            units[index],
            site.environment.name
        ))),
    }
}
