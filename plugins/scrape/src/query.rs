//! The queries: how they are written, and what they come to.

use runner_sdk::Error;
use runner_sdk::metrics::Reading;

use crate::exposition::Series;
use crate::histogram;
use crate::selector::Selector;
use crate::window::Window;

const FORMS: &str =
    "`value SERIES`, `increase SERIES`, `rate SERIES`, `share SERIES / SERIES` and `quantile 0.95 HISTOGRAM`";

/// A query, understood.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Value(Selector),
    Increase(Selector),
    Rate(Selector),
    Share { part: Selector, whole: Selector },
    Quantile { quantile: f64, buckets: Selector },
}

impl Expression {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (expression, rest) = match word {
            "value" => one(rest, Self::Value)?,
            "increase" => one(rest, Self::Increase)?,
            "rate" => one(rest, Self::Rate)?,
            "share" => share(text, rest)?,
            "quantile" => quantile(text, rest)?,
            _ => {
                return Err(Error::InvalidConfig(format!(
                    "`{text}` is no query: there are {FORMS}"
                )));
            }
        };
        match rest.trim() {
            "" => Ok(expression),
            more => Err(Error::InvalidConfig(format!(
                "`{text}` is no query: `{more}` is too much"
            ))),
        }
    }

    /// Whether it needs this series of earlier scrapes.
    pub(crate) fn compares(&self, series: &Series) -> bool {
        match self {
            Self::Value(_) => false,
            Self::Increase(one) | Self::Rate(one) | Self::Quantile { buckets: one, .. } => {
                one.matches(series)
            }
            Self::Share { part, whole } => part.matches(series) || whole.matches(series),
        }
    }

    /// What it comes to: `now` is all of the last scrape, `window` ends with what is kept of it.
    pub(crate) fn reading(&self, now: &[Series], window: &Window<'_>) -> Reading {
        let number = |number: Option<f64>| number.map_or(Reading::NoData, Reading::Value);
        match self {
            Self::Value(series) => number(value(series, now)),
            Self::Increase(series) => number(window.increase(series)),
            Self::Rate(series) => number(
                window
                    .increase(series)
                    .zip(window.seconds())
                    .map(|(increase, seconds)| increase / seconds),
            ),
            Self::Share { part, whole } => match window.increase(whole) {
                Some(all) if all > 0.0 => Reading::Share((window.increase(part).unwrap_or(0.0), all)),
                _ => Reading::NoData,
            },
            Self::Quantile { quantile, buckets } => {
                number(histogram::quantile(*quantile, &window.increase_by(buckets, "le")))
            }
        }
    }
}

fn one(text: &str, expression: fn(Selector) -> Expression) -> Result<(Expression, &str), Error> {
    let (selector, rest) = Selector::parse(text)?;
    Ok((expression(selector), rest))
}

fn share<'t>(text: &str, rest: &'t str) -> Result<(Expression, &'t str), Error> {
    let (part, rest) = Selector::parse(rest)?;
    let rest = rest.trim_start().strip_prefix('/').ok_or_else(|| {
        Error::InvalidConfig(format!(
            "`{text}` is no query: write `share SERIES / SERIES`, the part and the whole"
        ))
    })?;
    let (whole, rest) = Selector::parse(rest)?;
    Ok((Expression::Share { part, whole }, rest))
}

fn quantile<'t>(text: &str, rest: &'t str) -> Result<(Expression, &'t str), Error> {
    let (number, rest) = rest
        .trim_start()
        .split_once(char::is_whitespace)
        .unwrap_or_default();
    let quantile = number
        .parse()
        .ok()
        .filter(|quantile| (0.0..=1.0).contains(quantile))
        .ok_or_else(|| {
            Error::InvalidConfig(format!(
                "`{text}` is no query: write `quantile 0.95 HISTOGRAM`, with a number from 0 to 1"
            ))
        })?;
    let (mut buckets, rest) = Selector::parse(rest)?;
    if !buckets.name.ends_with("_bucket") {
        buckets.name.push_str("_bucket");
    }
    Ok((Expression::Quantile { quantile, buckets }, rest))
}

/// The sum of the series; none where there is none, or where one is not a number.
fn value(selector: &Selector, now: &[Series]) -> Option<f64> {
    let mut values = now
        .iter()
        .filter(|series| selector.matches(series))
        .map(|series| series.value);
    let first = values.next()?;
    let sum = values.fold(first, |sum, value| sum + value);
    (!sum.is_nan()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_forms() {
        for text in [
            "value up",
            "  rate  http_requests_total{status=~\"5..\"}  ",
            "increase x{a=\"b / c\"}",
            "share a{b=\"c\"} / a",
            "share a/b",
            "quantile 0.95 http_request_duration_seconds{path=\"/\"}",
            "quantile 1 x_bucket",
        ] {
            assert!(
                Expression::parse(text).is_ok(),
                "{text}: {:?}",
                Expression::parse(text).err()
            );
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| Expression::parse(text).unwrap_err().message().to_owned();
        insta::assert_snapshot!(wrong("sum(rate(x[5m]))"), @"`sum(rate(x[5m]))` is no query: there are `value SERIES`, `increase SERIES`, `rate SERIES`, `share SERIES / SERIES` and `quantile 0.95 HISTOGRAM`");
        insta::assert_snapshot!(wrong("rate x y"), @"`rate x y` is no query: `y` is too much");
        insta::assert_snapshot!(wrong("share a"), @"`share a` is no query: write `share SERIES / SERIES`, the part and the whole");
        insta::assert_snapshot!(wrong("quantile 95 x"), @"`quantile 95 x` is no query: write `quantile 0.95 HISTOGRAM`, with a number from 0 to 1");
        insta::assert_snapshot!(wrong("quantile NaN x"), @"`quantile NaN x` is no query: write `quantile 0.95 HISTOGRAM`, with a number from 0 to 1");
        insta::assert_snapshot!(wrong("quantile 0.95"), @"`quantile 0.95` is no query: write `quantile 0.95 HISTOGRAM`, with a number from 0 to 1");
        insta::assert_snapshot!(wrong("value"), @"`` names no series: it starts with no name");
    }
}
