//! Watches in small, and the properties that all of them have.

mod breach;
mod outage;
mod properties;
mod verdict;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::profile::Watch;

const ERROR_RATE: &str = r#"{"source": "prometheus", "query": "q", "above": 0.01, "for": "10s",
    "min-requests": 20, "action": "rollback"}"#;
const HEALTH: &str =
    r#"{"source": "http", "query": "/health", "below": 1, "failures": 3, "action": "rollback"}"#;
const LAG: &str =
    r#"{"source": "prometheus", "query": "q", "above": 10000, "rising": true, "action": "alert"}"#;
const P95: &str = r#"{"source": "prometheus", "query": "q", "above": 200, "unit": "ms", "action": "warn"}"#;

fn rule(json: &str) -> Rule {
    let rule: Rule = serde_json::from_str(json).unwrap();
    rule.validate().unwrap();
    rule
}

/// Makes a rule of a base and more fields.
fn with(base: &str, more: &str) -> Rule {
    rule(&base.replacen('{', &format!("{{{more}, "), 1))
}

fn watch(rules: &[(&str, Rule)], seconds: u64) -> Watch {
    let rules = rules
        .iter()
        .map(|(name, rule)| (name.to_string(), rule.clone()))
        .collect();
    Watch {
        duration: Duration::from_secs(seconds),
        interval: Duration::from_secs(5),
        rules,
    }
}

/// Makes the samples of one rule, ticks counted from 1.
fn samples(rule: &str, readings: &[Reading]) -> Vec<Sample> {
    let sample = |(n, reading): (usize, &Reading)| Sample {
        tick: n as u32 + 1,
        at: 0,
        readings: BTreeMap::from([(rule.to_string(), reading.clone())]),
    };
    readings.iter().enumerate().map(sample).collect()
}

fn values(values: &[f64]) -> Vec<Reading> {
    values.iter().copied().map(Reading::Value).collect()
}

fn share(part: f64, whole: f64) -> Reading {
    Reading::Share { part, whole }
}

fn down() -> Reading {
    Reading::Error("connection refused".into())
}

/// Judges a watch of one rule that takes `ticks` samples.
fn judged(rule: &Rule, ticks: usize, readings: &[Reading]) -> Judgement {
    let watch = watch(&[("r", rule.clone())], 5 * ticks as u64);
    judge(&watch, &samples("r", readings), &BTreeSet::new())
}

fn verdict(rule: &Rule, ticks: usize, readings: &[Reading]) -> String {
    judged(rule, ticks, readings).verdict.to_string()
}
