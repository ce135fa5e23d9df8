//! What the rules of a watch come to together.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::state::{RuleState, State};
use super::{Action, NoData, Rule, Sample, SourceError, evaluate};
use crate::profile::Watch;

/// Is the verdict of a watch with all that it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Judgement {
    /// What to do.
    pub verdict: Verdict,
    /// What a person should know beside it, a sentence each.
    pub warnings: Vec<String>,
    /// The state of every rule, by name.
    pub states: Vec<RuleState>,
}

/// What a watch comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It goes on: take the next sample.
    Watching,
    /// It is over, and every rule that could roll back was seen to hold.
    Passed,
    /// Roll back. The rule that was breached first, and the sentence about it.
    Breached { rule: String, line: String },
    /// A person decides: the rules that want it, and a sentence about each.
    Alert { rules: Vec<String>, lines: Vec<String> },
    /// It is over, and it is not known how things are: a sentence for each reason.
    Unknown { lines: Vec<String> },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Watching => f.write_str("watching"),
            Self::Passed => f.write_str("passed"),
            Self::Breached { line, .. } => write!(f, "breached: {line}"),
            Self::Alert { lines, .. } => write!(f, "alert: {}", lines.join("; ")),
            Self::Unknown { lines } => write!(f, "unknown: {}", lines.join("; ")),
        }
    }
}

impl Judgement {
    /// Closes the judgement of a watch that does not go on: cancelled, or crashed and not resumed. It is unknown.
    #[must_use]
    pub fn broken_off(mut self) -> Self {
        if self.verdict == Verdict::Watching {
            let samples = self
                .states
                .iter()
                .map(|state| state.coverage.samples)
                .max()
                .unwrap_or(0);
            self.verdict = Verdict::Unknown {
                lines: vec![format!("the watch was broken off after {samples} samples")],
            };
        }
        self
    }
}

/// Returns how many samples a watch takes, after the one of tick 0.
pub fn ticks(watch: &Watch) -> u32 {
    let ticks = watch
        .duration
        .as_millis()
        .div_ceil(watch.interval.as_millis().max(1));
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// Judges a watch after some samples. `accepted` names the alerts that a person has decided to go on despite.
///
/// A watch whose time is over goes on while a rollback rule is over its threshold and not yet long enough, for as long
/// as that rule needs at most: stopping there would pass a failure in the making, or doubt a single bad reading.
pub fn judge(watch: &Watch, samples: &[Sample], accepted: &BTreeSet<String>) -> Judgement {
    let states = evaluate(&watch.rules, watch.interval, samples);
    let tick = samples.iter().map(|sample| sample.tick).max().unwrap_or(0);
    let verdict = breached(&states)
        .or_else(|| alert(&states, accepted))
        .unwrap_or_else(|| {
            if is_over(watch, &states, tick) {
                at_end(watch, &states)
            } else {
                Verdict::Watching
            }
        });
    let over = !matches!(verdict, Verdict::Watching);
    let mut warnings: Vec<String> = states
        .iter()
        .filter_map(|state| warning(watch.rules.get(&state.rule)?, state, over))
        .collect();
    if let Verdict::Alert { lines, .. } = &verdict {
        warnings.retain(|warning| !lines.contains(warning));
    }
    Judgement {
        verdict,
        warnings,
        states,
    }
}

fn breached(states: &[RuleState]) -> Option<Verdict> {
    let breaches = states
        .iter()
        .filter(|state| state.action == Action::Rollback)
        .filter_map(|state| {
            let State::Breach { at_tick, .. } = state.state else {
                return None;
            };
            Some((at_tick, state))
        });
    let (_, first) = breaches.min_by_key(|(at_tick, _)| *at_tick)?;
    Some(Verdict::Breached {
        rule: first.rule.clone(),
        line: first.to_string(),
    })
}

fn alert(states: &[RuleState], accepted: &BTreeSet<String>) -> Option<Verdict> {
    let wanted: Vec<&RuleState> = states
        .iter()
        .filter(|state| state.action == Action::Alert && matches!(state.state, State::Breach { .. }))
        .filter(|state| !accepted.contains(&state.rule))
        .collect();
    (!wanted.is_empty()).then(|| Verdict::Alert {
        rules: wanted.iter().map(|state| state.rule.clone()).collect(),
        lines: wanted.iter().map(ToString::to_string).collect(),
    })
}

fn is_over(watch: &Watch, states: &[RuleState], tick: u32) -> bool {
    let ticks = ticks(watch);
    let waits = |state: &RuleState| {
        let needed = watch
            .rules
            .get(&state.rule)
            .map_or(0, |rule| rule.needed(watch.interval));
        is_pending_rollback(state) && u64::from(tick) < u64::from(ticks).saturating_add(needed)
    };
    tick >= ticks && !states.iter().any(waits)
}

fn is_pending_rollback(state: &RuleState) -> bool {
    state.action == Action::Rollback && matches!(state.state, State::Pending { .. })
}

fn at_end(watch: &Watch, states: &[RuleState]) -> Verdict {
    let doubts = states
        .iter()
        .filter(|state| state.action == Action::Rollback)
        .filter_map(|state| {
            let pending = is_pending_rollback(state).then(|| format!("{state}, when the watch ended"));
            pending.or_else(|| blindness(watch.rules.get(&state.rule)?, state))
        });
    let lines: Vec<String> = doubts.collect();
    if lines.is_empty() {
        Verdict::Passed
    } else {
        Verdict::Unknown { lines }
    }
}

/// Says how a rule was blind: never judged at all, or without readings for the last half of the watch.
///
/// Too few requests is an answer, so it does not make the end blind; but a rule that saw nothing else was never judged,
/// and the policy for no data decides.
fn blindness(rule: &Rule, state: &RuleState) -> Option<String> {
    let coverage = &state.coverage;
    let name = &state.rule;
    let unknown = (rule.no_data == NoData::Unknown && coverage.no_data + coverage.too_few > 0)
        || (rule.source_error == SourceError::Unknown && coverage.source_errors > 0)
        || coverage.samples == 0;
    if coverage.judged == 0 && unknown {
        return Some(format!(
            "{name} was never judged in {} samples: {state}",
            coverage.samples
        ));
    }
    let last_half = coverage.samples.div_ceil(2);
    (coverage.blind_at_end >= last_half && last_half > 0).then(|| {
        format!(
            "{name} had no reading in the last {} samples: {state}",
            coverage.blind_at_end
        )
    })
}

fn warning(rule: &Rule, state: &RuleState, over: bool) -> Option<String> {
    let coverage = &state.coverage;
    match (&state.state, state.action) {
        (State::Breach { .. }, Action::Warn | Action::Alert) => return Some(state.to_string()),
        (State::Breach { .. }, Action::Rollback) => return None,
        _ => {}
    }
    if rule.source_error == SourceError::Warn && coverage.source_errors > 0 {
        let (failed, all) = (coverage.source_errors, coverage.samples);
        return Some(format!(
            "{} could not be read in {failed} of {all} samples",
            state.rule
        ));
    }
    let doubt = blindness(rule, state).filter(|_| over && state.action != Action::Rollback);
    let unjudged = (over && coverage.judged == 0 && coverage.too_few > 0 && rule.no_data != NoData::Unknown)
        .then(|| {
            format!(
                "{} was never judged in {} samples: {state}",
                state.rule, coverage.samples
            )
        });
    doubt.or(unjudged)
}
