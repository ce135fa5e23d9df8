//! The one-line sentences about rules, for screens, reports and messages.

use std::fmt;

use super::state::{Evidence, Lasting, Limit, RuleState, Side, State};

impl fmt::Display for RuleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rule, limit) = (&self.rule, &self.limit);
        match &self.state {
            State::NotSampled => write!(f, "{rule} was not sampled yet"),
            State::Ok { value } => {
                write!(
                    f,
                    "{rule} {}, not {limit}",
                    limit.with_unit(&number(*value, limit.threshold))
                )
            }
            State::NoData => write!(f, "{rule} has no data"),
            State::SourceError { message } => write!(f, "{rule} could not be read: {}", one_line(message)),
            State::TooFewRequests { requests, needed } => {
                write!(
                    f,
                    "{rule} not judged: {} requests, at least {} needed",
                    count(*requests),
                    count(*needed)
                )
            }
            State::Pending { since_tick, evidence } => {
                self.over(f, evidence)?;
                match self.lasting {
                    Lasting::Once => {}
                    Lasting::For(lasting) => {
                        write!(f, " for {} of {}", evidence.held.spoken(), lasting.spoken())?;
                    }
                    Lasting::Times(times) => write!(f, ", {} of {times} times in a row", evidence.samples)?,
                }
                if limit.rising && !evidence.rising {
                    f.write_str(", not rising")?;
                }
                since(f, "since", *since_tick, evidence)
            }
            State::Breach {
                first_tick,
                at_tick,
                evidence,
            } => {
                self.over(f, evidence)?;
                if limit.rising {
                    f.write_str(" and rising")?;
                }
                match self.lasting {
                    Lasting::Once => return since(f, "at", *at_tick, evidence),
                    Lasting::For(_) => write!(f, " for {}", evidence.held.spoken())?,
                    Lasting::Times(_) => write!(f, ", {} times in a row", evidence.samples)?,
                }
                since(f, "since", *first_tick, evidence)
            }
        }
    }
}

impl RuleState {
    fn over(&self, f: &mut fmt::Formatter<'_>, evidence: &Evidence) -> fmt::Result {
        let limit = &self.limit;
        match evidence.value {
            Some(value) => {
                write!(
                    f,
                    "{} {} {limit}",
                    self.rule,
                    limit.with_unit(&number(value, limit.threshold))
                )
            }
            None => write!(f, "{} has no data", self.rule),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.side == Side::Above {
            "above"
        } else {
            "below"
        };
        write!(f, "{side} {}", self.with_unit(&self.threshold.to_string()))
    }
}

impl Limit {
    fn with_unit(&self, number: &str) -> String {
        self.unit
            .as_ref()
            .map_or_else(|| number.to_string(), |unit| format!("{number} {unit}"))
    }
}

fn since(f: &mut fmt::Formatter<'_>, word: &str, tick: u32, evidence: &Evidence) -> fmt::Result {
    write!(f, " ({word} tick {tick}")?;
    if let Some((part, whole)) = evidence.share {
        write!(f, "; {} of {} requests", count(part), count(whole))?;
    }
    f.write_str(")")
}

/// Writes a reading with three decimals, or two digits if it is smaller; in full where rounding would put it on the
/// threshold, for "0.01 above 0.01" reads as a mistake.
fn number(value: f64, threshold: f64) -> String {
    let decimals = if value == 0.0 || value.abs() >= 0.01 {
        3
    } else {
        (1.0 - value.abs().log10().floor()) as usize
    };
    let rounded = trimmed(format!("{value:.decimals$}"));
    match rounded.parse() {
        Ok(same) if f64::eq(&same, &threshold) => value.to_string(),
        _ => rounded,
    }
}

fn count(number: f64) -> String {
    trimmed(format!("{number:.1}"))
}

fn trimmed(number: String) -> String {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => number,
    }
}

fn one_line(message: &str) -> String {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}
