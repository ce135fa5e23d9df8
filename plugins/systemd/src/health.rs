//! Health: the unit stays up, and what it serves answers.

use std::time::Duration;

use runner_sdk::{Error, Host, Request};
use serde_json::Value;

use crate::machine::Machine;
use crate::record::ReleaseRecord;
use crate::site::Site;
use crate::units::{self, UnitState};

/// Between two looks, in milliseconds.
const PAUSE_MS: u64 = 250;
/// Longer than any answer that is read, in bytes.
const LONGEST: u32 = 64 * 1024;
/// What a healthy application says of itself, where it says `status`.
const GOOD: [&str; 5] = ["ok", "healthy", "up", "pass", "passing"];
/// What one says that answers, and lacks something beside it: its workers may start after it.
const USABLE: [&str; 2] = ["degraded", "warn"];

/// Asks on the port; the error says what is wrong. With `whole`, an application that answers and lacks something is not
/// healthy.
pub(crate) fn on_port<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    port: u16,
    record: &ReleaseRecord,
    whole: bool,
) -> Result<Result<(), String>, Error> {
    let url = format!("http://127.0.0.1:{port}{}", site.config.web.health);
    let exit = machine.ask(&[
        "curl",
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "5",
        "--write-out",
        "\n%{http_code}",
        &url,
    ])?;
    if !exit.success() {
        return Ok(Err(format!("{url} does not answer: {}", exit.last_lines(1))));
    }
    let text = exit.stdout_text();
    let (body, status) = text.rsplit_once('\n').unwrap_or(("", &text));
    let judged = judge(status.trim().parse().unwrap_or(0), body, record, whole);
    Ok(judged.map_err(|why| format!("{url}: {why}")))
}

/// Asks as everybody does, at the environment's URL.
pub(crate) fn at_url<H: Host>(
    host: &H,
    site: &Site<'_>,
    record: &ReleaseRecord,
) -> Result<Result<(), String>, Error> {
    let (Some(base), Some(nginx)) = (&site.environment.url, &site.config.nginx) else {
        return Ok(Ok(()));
    };
    let url = format!("{}{}", base.trim_end_matches('/'), nginx.health);
    let request = Request::get(&url)
        .timeout(Duration::from_secs(5))
        .max_response(LONGEST);
    match host.send(&request) {
        Ok(response) => {
            let judged = judge(response.status, &response.text(), record, true);
            Ok(judged.map_err(|why| format!("{url}: {why}")))
        }
        Err(Error::Transient(none)) => Ok(Err(format!("{url}: {}", none.message))),
        Err(other) => Err(other),
    }
}

fn judge(status: u16, body: &str, record: &ReleaseRecord, whole: bool) -> Result<(), String> {
    let start: String = body.trim().chars().take(200).collect();
    if status != 200 {
        let colon = if start.is_empty() { "" } else { ": " };
        return Err(format!("answered {status}{colon}{start}"));
    }
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    let bad = |said: &str| !GOOD.contains(&said) && (whole || !USABLE.contains(&said));
    if let Some(said) = answer.get("status").and_then(Value::as_str)
        && bad(&said.to_lowercase())
    {
        return Err(format!("says that it is `{said}`: {start}"));
    }
    match answer.get("version").and_then(Value::as_str) {
        Some(version) if version != record.version && version != record.tag => Err(format!(
            "answers as {version}, and {} was deployed",
            record.version
        )),
        _ => Ok(()),
    }
}

/// Waits until a unit that was just started answers, and with `stays` until it has stayed up for a while.
pub(crate) fn wait<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    port: u16,
    record: &ReleaseRecord,
    stays: bool,
) -> Result<(), Error> {
    if site.context.is_plan() {
        return Ok(());
    }
    let (web, unit) = (&site.config.web, site.web_unit(port));
    let mut why = "it was never asked".to_owned();
    for _ in 0..(web.start_timeout.as_millis() / PAUSE_MS).max(1) {
        let state = units::state(machine, &unit)?;
        if state.is_broken() || state.restarts > 0 {
            return Err(units::with_journal(
                machine,
                &unit,
                Error::failed(died(&unit, &state)),
            ));
        }
        match on_port(machine, site, port, record, false)? {
            Ok(()) if stays => return stayed(machine, site, port, record, &state),
            Ok(()) => return Ok(()),
            Err(wrong) => why = wrong,
        }
        machine.host.sleep(PAUSE_MS);
    }
    let error = Error::failed(format!(
        "`{unit}` did not become healthy within {}: {why}",
        web.start_timeout
    ));
    Err(units::with_journal(machine, &unit, error))
}

/// The same process, after a while, and it still answers.
fn stayed<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    port: u16,
    record: &ReleaseRecord,
    before: &UnitState,
) -> Result<(), Error> {
    let (web, unit) = (&site.config.web, site.web_unit(port));
    machine.host.sleep(web.stable.as_millis());
    let now = units::state(machine, &unit)?;
    let broken = |error| Err(units::with_journal(machine, &unit, error));
    if now.pid != before.pid || now.restarts != before.restarts || !now.runs() {
        return broken(Error::failed(format!(
            "{}, within {} of its start",
            died(&unit, &now),
            web.stable
        )));
    }
    match on_port(machine, site, port, record, false)? {
        Ok(()) => Ok(()),
        Err(why) => broken(Error::failed(format!(
            "`{unit}` was healthy, and {} later no longer: {why}",
            web.stable
        ))),
    }
}

fn died(unit: &str, state: &UnitState) -> String {
    format!(
        "`{unit}` ended by itself ({}, started again {} times)",
        state.result, state.restarts
    )
}
