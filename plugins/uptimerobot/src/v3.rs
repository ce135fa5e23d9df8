//! API v3: uptimerobot.com/api/v3, `GET /monitors`. The list is read, since single monitors of old accounts can fail.

use std::collections::BTreeMap;

use runner_sdk::{Error, Host, Instant, Request, Response, WithContext, retry};
use serde_json::Value;

use crate::TRIES;
use crate::config::Config;
use crate::monitor::{Monitor, Status, milliseconds, number, whole};

/// How many pages are read at most.
const PAGES: usize = 20;
/// What is being done, for errors.
const WHAT: &str = "asking UptimeRobot for monitors";

/// Reads these monitors.
pub(crate) fn read(
    host: &impl Host,
    config: &Config,
    ids: &[u64],
    at: Instant,
) -> Result<BTreeMap<u64, Monitor>, Error> {
    let mut found = BTreeMap::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let request = request(config, cursor.as_deref());
        let body = retry(host, TRIES, || answer(&host.send(&request).context(WHAT)?))?;
        let page = [&body["data"], &body["monitors"]]
            .into_iter()
            .find_map(Value::as_array);
        let page =
            page.ok_or_else(|| Error::failed(format!("{WHAT}: the answer has no `data`: is `url` right?")))?;
        for monitor in page {
            if let Some(id) = whole(&monitor["id"]).filter(|id| ids.contains(id)) {
                found.insert(id, read_one(monitor, at)?);
            }
        }
        cursor = next(&body).filter(|next| cursor.as_ref() != Some(next));
        if cursor.is_none() || ids.iter().all(|id| found.contains_key(id)) {
            break;
        }
    }
    Ok(found)
}

fn request(config: &Config, cursor: Option<&str>) -> Request {
    let mut url = format!("{}/v3/monitors", config.url.trim_end_matches('/'));
    if let Some(cursor) = cursor {
        url += &format!("?cursor={cursor}");
    }
    Request::get(url)
        .header("Authorization", format!("Bearer {}", config.key))
        .header("Accept", "application/json")
        .timeout(config.timeout)
}

/// The body of an answer that went well; else why not: `{"message": ..., "code": ...}`, or `error`, or `detail`.
fn answer(response: &Response) -> Result<Value, Error> {
    if response.success() {
        return response.json(WHAT);
    }
    let said: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let texts = ["message", "error", "detail"]
        .iter()
        .filter_map(|name| said[*name].as_str());
    let Some(text) = texts.map(|text| text.trim_end_matches('.')).next() else {
        return response.clone().require_success(WHAT)?.json(WHAT);
    };
    let advice = match response.status {
        401 | 403 => "; check the key, and that it is one for API v3",
        404 => "; is `url` right?",
        _ => "",
    };
    // The pause, and whether to try again, are the same for all services.
    let short = Response {
        body: format!("{text}{advice}").into_bytes(),
        ..response.clone()
    };
    short.require_success(WHAT)?.json(WHAT)
}

/// Where the next page starts; none on the last one.
fn next(body: &Value) -> Option<String> {
    let plain = |text: &str| {
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_.~=%".contains(c);
        (!text.is_empty() && text.chars().all(fine)).then(|| text.to_owned())
    };
    match &body["nextCursorId"] {
        Value::String(text) => return plain(text),
        Value::Number(id) => return Some(id.to_string()),
        _ => {}
    }
    let (_, query) = body["nextLink"].as_str()?.split_once('?')?;
    query
        .split('&')
        .find_map(|part| plain(part.strip_prefix("cursor=")?))
}

fn read_one(monitor: &Value, at: Instant) -> Result<Monitor, Error> {
    let status = match monitor["status"].as_str() {
        Some("UP") => Status::Up,
        Some("DOWN" | "LOOKS_DOWN") => Status::Down,
        Some("PAUSED" | "STARTED") => Status::NotChecked,
        Some(other) => Status::Other(other.to_owned()),
        None => return Err(Error::failed(format!("{WHAT}: a monitor has no `status`"))),
    };
    let lasting = milliseconds(&monitor["currentStateDuration"]);
    Ok(Monitor {
        status,
        interval_ms: milliseconds(&monitor["interval"]),
        changed: lasting.map(|lasting| at.saturating_sub(lasting)),
        response: None,
        uptime: last_day(monitor)
            .map(|percent| (1, percent))
            .into_iter()
            .collect(),
    })
}

/// The mean of the last day's parts; none where there are none, or one is not in percent.
fn last_day(monitor: &Value) -> Option<f64> {
    let parts = monitor["lastDayUptimes"]["histogram"].as_array()?;
    let percents: Option<Vec<f64>> = parts
        .iter()
        .map(|part| number(&part["uptime"]).filter(|percent| *percent <= 100.0))
        .collect();
    let percents = percents.filter(|percents| !percents.is_empty())?;
    Some(percents.iter().sum::<f64>() / percents.len() as f64)
}
