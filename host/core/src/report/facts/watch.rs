//! A watch: every rule with its readings.

use serde::Serialize;

use super::row::Tone;
use crate::{
    id::EnvironmentName,
    output::{Output, WatchReport},
    report::number,
    rules::{Action, Coverage, Reading, Rule, RuleState, Sample, Side, State},
    run::Run,
    step::{self, FailureKind, Status, Step},
};

/// How an environment was watched.
#[derive(Debug, Serialize)]
pub(in crate::report) struct WatchFacts {
    /// In words: `passed`, `breach`.
    pub(in crate::report) outcome: &'static str,
    pub(in crate::report) tone: Tone,
    pub(in crate::report) summary: String,
    pub(in crate::report) interval_ms: u64,
    /// Samples that were judged; the first one only primes the sources.
    pub(in crate::report) samples: usize,
    pub(in crate::report) start: u64,
    pub(in crate::report) end: u64,
    /// In the order of their names.
    pub(in crate::report) rules: Vec<RuleRow>,
}

/// A rule and what it was read as.
#[derive(Debug, Serialize)]
pub(in crate::report) struct RuleRow {
    pub(in crate::report) name: String,
    /// What a breach does: `rollback`, `warn`, `alert`.
    pub(in crate::report) action: Action,
    pub(in crate::report) state: &'static str,
    pub(in crate::report) tone: Tone,
    pub(in crate::report) sentence: String,
    pub(in crate::report) threshold: f64,
    pub(in crate::report) side: Side,
    pub(in crate::report) unit: Option<String>,
    /// Whether the readings are shares of something.
    pub(in crate::report) share: bool,
    /// When a breach is one, in words: `above 200 ms`.
    pub(in crate::report) limit: String,
    pub(in crate::report) last: Option<f64>,
    /// The furthest towards, or beyond, the threshold.
    pub(in crate::report) worst: Option<f64>,
    /// Samples in all, and those of them that could be judged.
    pub(in crate::report) samples: u32,
    pub(in crate::report) judged: u32,
    /// Why the others could not: each reason with its number of samples.
    pub(in crate::report) unjudged: Vec<String>,
    pub(in crate::report) source: String,
    pub(in crate::report) query: String,
    pub(in crate::report) points: Vec<Point>,
    pub(in crate::report) breach: Option<BreachSpan>,
}

/// One reading.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct Point {
    pub(in crate::report) tick: u32,
    pub(in crate::report) at: u64,
    /// None: there is no number, for the reason in `text`.
    pub(in crate::report) value: Option<f64>,
    /// The reading in words.
    pub(in crate::report) text: String,
    /// Whether it is beyond the threshold.
    pub(in crate::report) over: bool,
}

/// When a rule was breached.
#[derive(Clone, Copy, Debug, Serialize)]
pub(in crate::report) struct BreachSpan {
    pub(in crate::report) first_tick: u32,
    pub(in crate::report) at_tick: u32,
    /// When it was first over the threshold.
    pub(in crate::report) since: u64,
    /// When that had lasted long enough.
    pub(in crate::report) at: u64,
}

impl WatchFacts {
    pub(super) fn of(run: &Run, name: &EnvironmentName) -> Option<Self> {
        let (status, report) = latest(run, name)?;
        let samples: Vec<&Sample> = report.samples.iter().filter(|sample| sample.tick > 0).collect();
        let start = report.samples.first().map_or(0, |sample| sample.at);
        let (outcome, tone) = match status {
            Status::Done(_) => ("passed", Tone::Good),
            Status::Failed(error, _) if error.kind == FailureKind::Breach => ("breach", Tone::Bad),
            _ => ("unknown", Tone::Warn),
        };
        let settings = run.header.profile.environments.get(name.as_str())?.watch.as_ref();
        let rule = |state: &RuleState| {
            let rule = settings.and_then(|watch| watch.rules.get(&state.rule));
            RuleRow::of(state, rule, &samples)
        };
        Some(Self {
            outcome,
            tone,
            summary: summary(status, report),
            interval_ms: report.interval_ms,
            samples: samples.len(),
            start,
            end: report.samples.last().map_or(start, |sample| sample.at),
            rules: report.rules.iter().map(rule).collect(),
        })
    }
}

/// The last watch that saw anything: the one after the deploy, or of a part of the traffic.
fn latest<'a>(run: &'a Run, name: &EnvironmentName) -> Option<(&'a Status, &'a WatchReport)> {
    let watches = |step: &&Step| match &step.action {
        step::Action::Watch { environment } | step::Action::Shift { environment, .. } => environment == name,
        _ => false,
    };
    let seen = |step: &'a Step| match run.status(&step.id) {
        status if let Some(Output::Watched(report)) = status.output() => Some((status, report)),
        _ => None,
    };
    run.header.plan.steps().filter(watches).filter_map(seen).last()
}

fn summary(status: &Status, report: &WatchReport) -> String {
    match status {
        Status::Failed(error, _) => error.message.clone(),
        _ => report.summary.clone(),
    }
}

impl RuleRow {
    fn of(state: &RuleState, rule: Option<&Rule>, samples: &[&Sample]) -> Self {
        let limit = &state.limit;
        let over = |value: f64| match limit.side {
            Side::Above => value > limit.threshold,
            Side::Below => value < limit.threshold,
        };
        let enough = rule.and_then(|rule| rule.min_requests).unwrap_or(0.0);
        let reading = |sample: &&Sample| {
            let (value, text) = read(sample.readings.get(&state.rule), limit.unit.as_deref(), enough);
            Point {
                tick: sample.tick,
                at: sample.at,
                value,
                text,
                over: value.is_some_and(over),
            }
        };
        let points: Vec<Point> = samples.iter().map(reading).collect();
        let values = || points.iter().filter_map(|point| point.value);
        let (word, tone) = stands(state);
        Self {
            name: state.rule.clone(),
            action: state.action,
            state: word,
            tone,
            sentence: state.to_string(),
            threshold: limit.threshold,
            side: limit.side,
            unit: limit.unit.clone(),
            share: samples
                .iter()
                .any(|sample| matches!(sample.readings.get(&state.rule), Some(Reading::Share { .. }))),
            limit: limit.to_string(),
            last: values().next_back(),
            worst: match limit.side {
                Side::Above => values().max_by(f64::total_cmp),
                Side::Below => values().min_by(f64::total_cmp),
            },
            samples: state.coverage.samples,
            judged: state.coverage.judged,
            unjudged: unjudged(&state.coverage),
            source: rule.map(|rule| rule.source.clone()).unwrap_or_default(),
            query: rule.map(|rule| rule.query.clone()).unwrap_or_default(),
            breach: BreachSpan::of(state, &points),
            points,
        }
    }
}

fn unjudged(coverage: &Coverage) -> Vec<String> {
    let reasons = [
        (coverage.no_data, "without data"),
        (coverage.source_errors, "where the source failed"),
        (coverage.too_few, "with too few requests"),
    ];
    let some = reasons.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(count, reason)| format!("{count} {reason}")).collect()
}

impl BreachSpan {
    fn of(state: &RuleState, points: &[Point]) -> Option<Self> {
        let State::Breach {
            first_tick, at_tick, ..
        } = state.state
        else {
            return None;
        };
        let at = |tick: u32| {
            points
                .iter()
                .find(|point| point.tick == tick)
                .map(|point| point.at)
        };
        Some(Self {
            first_tick,
            at_tick,
            since: at(first_tick)?,
            at: at(at_tick)?,
        })
    }
}

/// The number of a reading, if it is one that can be judged, and the reading in words.
fn read(reading: Option<&Reading>, unit: Option<&str>, enough: f64) -> (Option<f64>, String) {
    match reading {
        Some(Reading::Value(value)) if value.is_finite() => (Some(*value), number::with_unit(*value, unit)),
        Some(Reading::Share { part, whole }) if *whole < enough => {
            (None, format!("{} requests are too few", number::number(*whole)))
        }
        Some(Reading::Share { part, whole }) if (part / whole).is_finite() => {
            let value = part / whole;
            let (of, all) = (number::number(*part), number::number(*whole));
            (
                Some(value),
                format!("{} ({of} of {all})", number::with_unit(value, unit)),
            )
        }
        Some(Reading::Error(message)) => (None, format!("source failed: {message}")),
        Some(Reading::Value(_) | Reading::Share { .. } | Reading::NoData) | None => {
            (None, "no data".to_owned())
        }
    }
}

fn stands(state: &RuleState) -> (&'static str, Tone) {
    match (&state.state, state.action) {
        (State::Ok { .. }, _) => ("within", Tone::Good),
        (State::Pending { .. }, _) => ("over, not long enough", Tone::Warn),
        (State::Breach { .. }, Action::Rollback) => ("breach", Tone::Bad),
        (State::Breach { .. }, Action::Warn) => ("breach, warned", Tone::Warn),
        (State::Breach { .. }, Action::Alert) => ("breach, asked", Tone::Warn),
        (State::NotSampled, _) => ("not sampled", Tone::Neutral),
        (State::NoData, _) => ("no data", Tone::Neutral),
        (State::SourceError { .. }, _) => ("source failed", Tone::Warn),
        (State::TooFewRequests { .. }, _) => ("too few requests", Tone::Neutral),
    }
}
