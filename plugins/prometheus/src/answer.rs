//! What the API answers: prometheus.io, "HTTP API", "Format overview" and "Expression query result formats".

use runner_sdk::{Error, Response, WithContext};
use serde::Deserialize;
use serde_json::Value;

/// What a query came to.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    /// None where there is no series, or it is not a number.
    pub(crate) number: Option<f64>,
    /// E.g. that not all of the data could be read.
    pub(crate) warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    status: String,
    data: Option<Data>,
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Value,
}

/// One series of a vector.
#[derive(Deserialize)]
struct Sample {
    /// A native histogram has none.
    value: Option<Point>,
}

/// Time and value.
#[derive(Deserialize)]
struct Point(
    #[expect(dead_code, reason = "the time of the query, asked for")] Value,
    String,
);

/// Reads an answer.
pub(crate) fn read(response: &Response) -> Result<Answer, Error> {
    if response.truncated {
        return Err(Error::failed(
            "the answer is too long: let the query come to one number, e.g. by `sum(..)`",
        ));
    }
    if matches!(response.status, 401 | 403) {
        let status = response.status;
        return Err(Error::Failed(format!(
            "answered {status}: set `headers`, e.g. `Authorization`, in the config"
        )));
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope>(&response.body) else {
        // From a proxy, it may be a page.
        response.clone().require_success("the server")?;
        return Err(Error::failed(
            "the answer is not that of Prometheus: is `url` right?",
        ));
    };
    match envelope.data {
        Some(data) if envelope.status == "success" => Ok(Answer {
            number: number(&data)?,
            warnings: envelope.warnings,
        }),
        _ => Err(error(&envelope.error_type, &envelope.error)),
    }
}

fn error(kind: &str, text: &str) -> Error {
    let message = format!("{kind}: {text}");
    match kind {
        "bad_data" => Error::InvalidConfig(message),
        "timeout" | "canceled" | "unavailable" | "internal" => Error::transient(message),
        _ => Error::Failed(message),
    }
}

fn number(data: &Data) -> Result<Option<f64>, Error> {
    let text = match data.result_type.as_str() {
        "scalar" => Point::deserialize(&data.result).context("the scalar is none")?.1,
        "vector" => {
            let samples = Vec::<Sample>::deserialize(&data.result).context("the vector is none")?;
            match samples.as_slice() {
                [] => return Ok(None),
                [Sample { value: Some(point) }] => point.1.clone(),
                [_] => {
                    return Err(wrong(
                        "it comes to a histogram: use `histogram_quantile(..)` or the like",
                    ));
                }
                many => {
                    let count = many.len();
                    return Err(wrong(&format!(
                        "it comes to {count} series: aggregate them, e.g. by `sum(..)` or `max(..)`"
                    )));
                }
            }
        }
        other => {
            return Err(wrong(&format!(
                "it comes to a {other}: a number at one instant is wanted"
            )));
        }
    };
    let number: f64 = text.parse().context(format!("`{text}` is no number"))?;
    Ok((!number.is_nan()).then_some(number))
}

fn wrong(why: &str) -> Error {
    Error::InvalidConfig(why.to_owned())
}
