//! API v2: uptimerobot.com/api/legacy, `getMonitors`. It answers 200 whatever happened: `stat` says whether it went well.

use std::collections::BTreeMap;

use runner_sdk::{Error, Host, Instant, Request, Response, WithContext, retry};
use serde_json::Value;

use crate::TRIES;
use crate::config::Config;
use crate::monitor::{Monitor, Status, milliseconds, number, whole};

/// The most monitors that one answer has.
const PAGE: usize = 50;
/// What is being done, for errors.
const WHAT: &str = "asking UptimeRobot for monitors";

/// Reads these monitors, with their uptime of so many days each.
pub(crate) fn read(
    host: &impl Host,
    config: &Config,
    ids: &[u64],
    days: &[u32],
    at: Instant,
) -> Result<BTreeMap<u64, Monitor>, Error> {
    let mut found = BTreeMap::new();
    for ids in ids.chunks(PAGE) {
        let request = request(config, ids, days);
        let answer = retry(host, TRIES, || {
            let response = host.send(&request).context(WHAT)?.require_success(WHAT)?;
            answer(&response)
        })?;
        for monitor in &answer {
            if let Some(id) = whole(&monitor["id"]).filter(|id| ids.contains(id)) {
                found.insert(id, read_one(monitor, days, at)?);
            }
        }
    }
    Ok(found)
}

fn request(config: &Config, ids: &[u64], days: &[u32]) -> Request {
    fn joined<T: ToString>(numbers: &[T]) -> String {
        numbers.iter().map(T::to_string).collect::<Vec<_>>().join("-")
    }
    // The key is a placeholder, which must stand as it is.
    let mut form = format!(
        "api_key={}&format=json&monitors={}&logs=1&logs_limit=1&response_times=1&response_times_limit=1&limit={PAGE}",
        config.key,
        joined(ids)
    );
    if !days.is_empty() {
        form += &format!("&custom_uptime_ratios={}", joined(days));
    }
    // It changes nothing there, though it is a POST.
    Request::post(format!("{}/v2/getMonitors", config.url.trim_end_matches('/')))
        .read()
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", "application/json")
        .body(form)
        .timeout(config.timeout)
}

/// The monitors of an answer.
fn answer(response: &Response) -> Result<Vec<Value>, Error> {
    let mut body: Value = response.json(WHAT)?;
    match body["stat"].as_str() {
        Some("ok") => match body["monitors"].take() {
            Value::Array(monitors) => Ok(monitors),
            _ => Err(Error::failed(format!("{WHAT}: the answer has no `monitors`"))),
        },
        Some("fail") => refusal(&body["error"]),
        _ => Err(Error::failed(format!(
            "{WHAT}: the answer has no `stat`: is `url` right?"
        ))),
    }
}

/// Why it said no, without the value that was passed: that may be the key.
fn refusal(error: &Value) -> Result<Vec<Value>, Error> {
    let kind = error["type"].as_str().unwrap_or("unknown");
    let text = error["message"].as_str().unwrap_or("no reason given");
    let advice = if text.contains("api_key") || error["parameter_name"] == "api_key" {
        "; check the key, and that it is one for API v2"
    } else {
        ""
    };
    match kind {
        "not_found" => Ok(Vec::new()),
        _ => Err(Error::Failed(format!(
            "{WHAT}: {kind}: {}{advice}",
            text.trim_end_matches('.')
        ))),
    }
}

fn read_one(monitor: &Value, days: &[u32], at: Instant) -> Result<Monitor, Error> {
    let status = match whole(&monitor["status"]) {
        Some(0 | 1) => Status::NotChecked,
        Some(2) => Status::Up,
        Some(8 | 9) => Status::Down,
        Some(other) => Status::Other(other.to_string()),
        None => return Err(Error::failed(format!("{WHAT}: a monitor has no `status`"))),
    };
    // The newest entry of the log is the state that lasts.
    let lasting = milliseconds(&monitor["logs"][0]["duration"]);
    let response = &monitor["response_times"][0];
    let ratios = monitor["custom_uptime_ratio"].as_str().unwrap_or_default();
    let ratios = ratios.split('-').map(|ratio| number(&Value::from(ratio)));
    Ok(Monitor {
        status,
        interval_ms: milliseconds(&monitor["interval"]),
        changed: lasting.map(|lasting| at.saturating_sub(lasting)),
        response: milliseconds(&response["datetime"]).zip(number(&response["value"])),
        uptime: days
            .iter()
            .copied()
            .zip(ratios)
            .filter_map(|(days, ratio)| Some((days, ratio?)))
            .collect(),
    })
}
