//! The state of every rule after some samples.
//!
//! A sample of a rule is healthy, over the threshold, or neither (no data, a failing source, too few requests). What is
//! neither does not end a streak of samples over the threshold and adds nothing to it: an outage in the middle of a
//! breach must not hide it, nor count as time in breach. So a streak of n samples spans n - 1 intervals.

use std::collections::BTreeMap;

use super::state::{Coverage, Evidence, Lasting, Limit, RuleState, State};
use super::{NoData, Reading, Rule, Sample, SourceError, TREND};
use crate::duration::Duration;

/// Evaluates every rule over the samples, which come in the order of their ticks; `interval` lies between two.
///
/// The states come in the order of the names. Samples of tick 0, and of a tick that was seen, are left out.
pub fn evaluate(rules: &BTreeMap<String, Rule>, interval: Duration, samples: &[Sample]) -> Vec<RuleState> {
    rules
        .iter()
        .map(|(name, rule)| one(name, rule, interval, samples))
        .collect()
}

fn one(name: &str, rule: &Rule, interval: Duration, samples: &[Sample]) -> RuleState {
    let mut tracker = Tracker::new(rule, interval);
    for sample in samples {
        tracker.take(sample.tick, sample.readings.get(name).unwrap_or(&Reading::NoData));
    }
    RuleState {
        rule: name.to_string(),
        action: rule.action,
        state: tracker.breach.unwrap_or(tracker.last),
        limit: tracker.limit,
        lasting: Lasting::of(rule),
        coverage: tracker.coverage,
    }
}

/// What one reading means to a rule.
enum Meaning {
    Healthy {
        value: f64,
    },
    Over {
        value: Option<f64>,
        share: Option<(f64, f64)>,
    },
    NoData,
    Error(String),
    TooFew {
        requests: f64,
        needed: f64,
    },
}

struct Streak {
    first_tick: u32,
    samples: u32,
}

struct Tracker<'a> {
    rule: &'a Rule,
    limit: Limit,
    interval: Duration,
    tick: u32,
    streak: Option<Streak>,
    values: Vec<f64>,
    coverage: Coverage,
    last: State,
    breach: Option<State>,
}

impl<'a> Tracker<'a> {
    fn new(rule: &'a Rule, interval: Duration) -> Self {
        Self {
            rule,
            limit: Limit::of(rule),
            interval,
            tick: 0,
            streak: None,
            values: Vec::new(),
            coverage: Coverage::default(),
            last: State::NotSampled,
            breach: None,
        }
    }

    fn take(&mut self, tick: u32, reading: &Reading) {
        if tick <= self.tick {
            return;
        }
        self.tick = tick;
        self.coverage.samples += 1;
        let meaning = meaning(self.rule, &self.limit, reading);
        self.count(&meaning);
        self.last = match meaning {
            Meaning::Healthy { value } => {
                self.streak = None;
                self.values.push(value);
                State::Ok { value }
            }
            Meaning::Over { value, share } => self.over(value, share),
            Meaning::NoData => State::NoData,
            Meaning::Error(message) => State::SourceError { message },
            Meaning::TooFew { requests, needed } => State::TooFewRequests { requests, needed },
        };
    }

    fn over(&mut self, value: Option<f64>, share: Option<(f64, f64)>) -> State {
        self.values.extend(value);
        let tick = self.tick;
        let streak = self.streak.get_or_insert(Streak {
            first_tick: tick,
            samples: 0,
        });
        streak.samples += 1;
        let (first_tick, samples) = (streak.first_tick, streak.samples);
        let needed = self.rule.needed(self.interval);
        let rising = is_rising(&self.values, usize::try_from(needed).unwrap_or(usize::MAX));
        let held = self.interval.times(u64::from(samples - 1));
        let evidence = Evidence {
            value,
            share,
            samples,
            held,
            rising,
        };
        if u64::from(samples) < needed || (self.rule.rising && !rising) {
            return State::Pending {
                since_tick: first_tick,
                evidence,
            };
        }
        let breach = State::Breach {
            first_tick,
            at_tick: tick,
            evidence,
        };
        self.breach.get_or_insert(breach).clone()
    }

    fn count(&mut self, meaning: &Meaning) {
        let coverage = &mut self.coverage;
        let blind = match meaning {
            Meaning::Healthy { .. } | Meaning::Over { .. } => {
                coverage.judged += 1;
                false
            }
            Meaning::NoData => {
                coverage.no_data += 1;
                self.rule.no_data == NoData::Unknown
            }
            Meaning::Error(_) => {
                coverage.source_errors += 1;
                self.rule.source_error == SourceError::Unknown
            }
            Meaning::TooFew { .. } => {
                coverage.too_few += 1;
                false
            }
        };
        coverage.blind_at_end = if blind { coverage.blind_at_end + 1 } else { 0 };
    }
}

fn meaning(rule: &Rule, limit: &Limit, reading: &Reading) -> Meaning {
    let judged = |value: f64, share| match limit.is_breached_by(value) {
        true => Meaning::Over {
            value: Some(value),
            share,
        },
        false => Meaning::Healthy { value },
    };
    match (reading, rule.min_requests) {
        (Reading::Error(message), _) => Meaning::Error(message.clone()),
        (Reading::Value(value), Some(_)) if value.is_finite() => {
            Meaning::Error("it gives no number of requests, which `min-requests` needs".into())
        }
        (Reading::Value(value), _) if value.is_finite() => judged(*value, None),
        (Reading::Share { part, whole }, min) if is_count(*part) && is_count(*whole) => match min {
            Some(needed) if *whole < needed => Meaning::TooFew {
                requests: *whole,
                needed,
            },
            _ if (part / whole).is_finite() => judged(part / whole, Some((*part, *whole))),
            _ => no_data(rule),
        },
        (Reading::Value(_) | Reading::Share { .. } | Reading::NoData, _) => no_data(rule),
    }
}

fn no_data(rule: &Rule) -> Meaning {
    if rule.no_data == NoData::Breach {
        Meaning::Over {
            value: None,
            share: None,
        }
    } else {
        Meaning::NoData
    }
}

fn is_count(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

/// Tells whether the last readings rise: at least three of them, and as many as a breach needs.
fn is_rising(values: &[f64], needed: usize) -> bool {
    let Some(start) = values.len().checked_sub(needed.max(TREND)) else {
        return false;
    };
    let last = &values[start..];
    last.is_sorted() && last.last() > last.first()
}
