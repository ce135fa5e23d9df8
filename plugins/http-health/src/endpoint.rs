//! One look at one endpoint.

use runner_sdk::{Context, Error, Host, Request, Response};
use serde_json::Value;

use crate::config::{Config, Endpoint};

/// The longest answer that is read, in bytes.
const LONGEST: u32 = 1024 * 1024;
/// The longest value that is shown, in characters.
const SHOWN: usize = 80;

/// What a look saw.
#[derive(Debug, PartialEq)]
pub(crate) struct Look {
    /// Why it is not healthy; none where it is.
    pub(crate) trouble: Option<String>,
    /// Milliseconds until the whole answer was there; none without one.
    pub(crate) latency_ms: Option<u64>,
}

/// Asks once. An error means that nothing could be asked.
pub(crate) fn look(
    host: &impl Host,
    context: &Context<Config>,
    base: &str,
    endpoint: &Endpoint,
) -> Result<Look, Error> {
    let config = &context.config;
    if !endpoint.path.starts_with('/') {
        let path = &endpoint.path;
        return Err(Error::InvalidConfig(format!(
            "the path `{path}` does not begin with `/`"
        )));
    }
    let mut request = Request::get(format!("{base}{}", endpoint.path))
        .timeout(config.timeout)
        .max_response(LONGEST);
    for (name, value) in &config.headers {
        request = request.header(name, value);
    }
    let before = host.now();
    match host.send(&request) {
        Ok(response) => Ok(Look {
            latency_ms: Some(host.now().saturating_sub(before)),
            trouble: trouble(context, endpoint, &response)?,
        }),
        Err(Error::Transient(none)) => Ok(Look {
            trouble: Some(none.message),
            latency_ms: None,
        }),
        Err(other) => Err(other),
    }
}

/// Why an answer is not that of a healthy endpoint.
fn trouble(
    context: &Context<Config>,
    endpoint: &Endpoint,
    response: &Response,
) -> Result<Option<String>, Error> {
    if response.status != endpoint.status {
        let mut text = format!("answered {}, not {}", response.status, endpoint.status);
        if let Some(to) = response.header("location") {
            text += &format!(" (redirected to {to})");
        }
        return Ok(Some(text));
    }
    if endpoint.json.is_empty() {
        return Ok(None);
    }
    if response.truncated {
        return Ok(Some(format!("the answer is longer than {LONGEST} bytes")));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&response.body) else {
        return Ok(Some("the answer is not JSON".to_owned()));
    };
    for (path, wanted) in &endpoint.json {
        let wanted = filled(context, wanted)?;
        let got = path.split('.').try_fold(&body, |value, name| value.get(name));
        match got {
            None => return Ok(Some(format!("the answer has no `{path}`"))),
            Some(got) if !fits(got, &wanted) => {
                return Ok(Some(format!(
                    "`{path}` is {}, not {}",
                    shown(got),
                    shown(&wanted)
                )));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

/// The value with the names of the release filled in.
fn filled(context: &Context<Config>, wanted: &Value) -> Result<Value, Error> {
    match wanted {
        Value::String(text) => {
            let mut text = text.clone();
            if text.contains("{{environment}}") {
                text = text.replace("{{environment}}", &context.require_environment()?.name);
            }
            if text.contains("{{version}}") {
                text = text.replace("{{version}}", &context.require_release()?.version);
            }
            Ok(Value::String(text))
        }
        Value::Array(values) => values.iter().map(|value| filled(context, value)).collect(),
        other => Ok(other.clone()),
    }
}

fn fits(got: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Array(values) => values.iter().any(|value| fits(got, value)),
        // 1 and 1.0 are the same number.
        Value::Number(number) => got.as_f64().is_some() && got.as_f64() == number.as_f64(),
        other => got == other,
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Array(values) => values
            .iter()
            .map(Value::to_string)
            .collect::<Vec<_>>()
            .join(" or "),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
