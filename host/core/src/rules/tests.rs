//! Watches in small, and the properties that all of them have.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

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

#[test]
fn a_breach_lasts_as_long_as_it_says() {
    let rules = BTreeMap::from([("error-rate".to_string(), rule(ERROR_RATE))]);
    let readings = [
        share(0.0, 500.0),
        share(4.0, 410.0),
        share(5.0, 400.0),
        share(9.0, 420.0),
        share(20.0, 460.0),
        share(23.0, 480.0),
        share(0.0, 500.0),
    ];
    let line = |n: usize| {
        evaluate(
            &rules,
            Duration::from_secs(5),
            &samples("error-rate", &readings[..n]),
        )[0]
        .to_string()
    };
    insta::assert_snapshot!((0..=7).map(line).collect::<Vec<_>>().join("\n"), @"
    error-rate was not sampled yet
    error-rate 0, not above 0.01
    error-rate 0.0098, not above 0.01
    error-rate 0.013 above 0.01 for 0 s of 10 s (since tick 3; 5 of 400 requests)
    error-rate 0.021 above 0.01 for 5 s of 10 s (since tick 3; 9 of 420 requests)
    error-rate 0.043 above 0.01 for 10 s (since tick 3; 20 of 460 requests)
    error-rate 0.043 above 0.01 for 10 s (since tick 3; 20 of 460 requests)
    error-rate 0.043 above 0.01 for 10 s (since tick 3; 20 of 460 requests)
    ");
}

#[test]
fn sentences_of_the_other_rules() {
    let last = |json: &str, readings: &[Reading]| judged(&rule(json), 99, readings).states[0].to_string();
    insta::assert_snapshot!([
        last(HEALTH, &values(&[0.0, 0.0])),
        last(HEALTH, &values(&[0.0, 0.0, 0.0])),
        last(LAG, &values(&[12000.0, 11000.0, 10500.0])),
        last(LAG, &values(&[8000.0, 9500.0, 11000.0])),
        last(P95, &values(&[214.67891])),
        last(P95, &values(&[150.0])),
        last(ERROR_RATE, &[share(1.0, 2.0)]),
        last(ERROR_RATE, &[Reading::NoData]),
        last(ERROR_RATE, &[Reading::Error("dial tcp:\n  connection refused".into())]),
        last(ERROR_RATE, &[Reading::Value(0.5)]),
        last(r#"{"source": "s", "query": "q", "above": 0.01, "action": "warn"}"#, &values(&[0.0100004])),
        last(r#"{"source": "s", "query": "q", "above": 0.00001, "action": "warn"}"#, &values(&[0.000123])),
        last(r#"{"source": "s", "query": "q", "above": 0, "no-data": "breach", "failures": 2, "action": "warn"}"#,
            &[Reading::NoData, Reading::NoData]),
    ].join("\n"), @"
    r 0 below 1, 2 of 3 times in a row (since tick 1)
    r 0 below 1, 3 times in a row (since tick 1)
    r 10500 above 10000, not rising (since tick 1)
    r 11000 above 10000 and rising (at tick 3)
    r 214.679 ms above 200 ms (at tick 1)
    r 150 ms, not above 200 ms
    r not judged: 2 requests, at least 20 needed
    r has no data
    r could not be read: dial tcp: connection refused
    r could not be read: it gives no number of requests, which `min-requests` needs
    r 0.0100004 above 0.01 (at tick 1)
    r 0.00012 above 0.00001 (at tick 1)
    r has no data, 2 times in a row (since tick 1)
    ");
}

#[test]
fn one_error_in_two_requests_is_no_breach() {
    let readings = vec![share(1.0, 2.0); 10];
    assert!(matches!(
        judged(&rule(ERROR_RATE), 99, &readings).verdict,
        Verdict::Watching
    ));
    assert_eq!(
        verdict(&rule(ERROR_RATE), 10, &readings),
        "unknown: r was never judged in 10 samples: r not judged: 2 requests, at least 20 needed"
    );
    let ignored = judged(&with(ERROR_RATE, r#""no-data": "ignore""#), 10, &readings);
    assert_eq!(ignored.verdict, Verdict::Passed);
    assert_eq!(
        ignored.warnings,
        ["r was never judged in 10 samples: r not judged: 2 requests, at least 20 needed"]
    );
    let breach = judged(&with(ERROR_RATE, r#""no-data": "breach""#), 10, &readings);
    assert_eq!(breach.verdict, Verdict::Passed);
}

#[test]
fn too_few_requests_pause_a_breach() {
    let (bad, few) = (share(10.0, 100.0), share(1.0, 2.0));
    let pending = judged(
        &rule(ERROR_RATE),
        99,
        &[bad.clone(), bad.clone(), few.clone(), few.clone()],
    );
    assert_eq!(pending.verdict, Verdict::Watching);
    assert!(
        verdict(
            &rule(ERROR_RATE),
            99,
            &[bad.clone(), bad.clone(), few.clone(), bad.clone()]
        )
        .starts_with("breached")
    );
    assert_eq!(
        verdict(
            &rule(ERROR_RATE),
            99,
            &[bad.clone(), bad, share(0.0, 100.0), share(9.0, 90.0)]
        ),
        "watching"
    );
}

#[test]
fn an_outage_counts_no_time() {
    let mut readings = vec![share(10.0, 100.0)];
    readings.extend(vec![down(); 50]);
    readings.push(share(10.0, 100.0));
    let states = judged(&rule(ERROR_RATE), 99, &readings).states;
    let State::Pending { evidence, .. } = &states[0].state else {
        panic!("{states:?}")
    };
    assert_eq!((evidence.samples, evidence.held), (2, Duration::from_secs(5)));
}

#[test]
fn an_outage_neither_breaches_nor_passes() {
    let healthy = share(0.0, 100.0);
    let passed = |readings: &[Reading]| verdict(&rule(ERROR_RATE), readings.len(), readings);
    let all = vec![down(); 10];
    assert_eq!(
        passed(&all),
        "unknown: r was never judged in 10 samples: r could not be read: connection refused"
    );
    assert_eq!(
        passed(&vec![Reading::NoData; 10]),
        "unknown: r was never judged in 10 samples: r has no data"
    );
    let half = [vec![healthy.clone(); 5], all[..5].to_vec()].concat();
    assert_eq!(
        passed(&half),
        "unknown: r had no reading in the last 5 samples: r could not be read: connection refused"
    );
    let less = [vec![healthy.clone(); 6], all[..4].to_vec()].concat();
    assert_eq!(passed(&less), "passed");
    let first = [all[..9].to_vec(), vec![healthy]].concat();
    assert_eq!(passed(&first), "passed");
    let warned = judged(&with(ERROR_RATE, r#""source-error": "warn""#), 10, &all);
    assert_eq!(warned.verdict, Verdict::Passed);
    assert_eq!(warned.warnings, ["r could not be read in 10 of 10 samples"]);
    assert_eq!(
        judged(&with(ERROR_RATE, r#""source-error": "ignore""#), 10, &all).verdict,
        Verdict::Passed
    );
}

#[test]
fn not_a_number_is_no_data() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let state = |reading: Reading| judged(&rule(LAG), 9, &[reading]).states[0].state.clone();
        assert_eq!(state(Reading::Value(value)), State::NoData);
        assert_eq!(state(share(value, 1.0)), State::NoData);
        assert_eq!(state(share(1.0, value)), State::NoData);
    }
    assert_eq!(
        judged(&rule(LAG), 9, &[share(0.0, 0.0)]).states[0].state,
        State::NoData
    );
    let sample = samples("r", &[Reading::Value(f64::NAN)]).remove(0);
    let json = serde_json::to_string(&sample).unwrap();
    assert_eq!(json, r#"{"tick":1,"at":0,"readings":{"r":{"value":"NaN"}}}"#);
    assert!(
        matches!(serde_json::from_str::<Sample>(&json).unwrap().readings["r"], Reading::Value(v) if v.is_nan())
    );
}

#[test]
fn rising_needs_three_readings_and_a_net_rise() {
    let breached = |lags: &[f64]| verdict(&rule(LAG), 99, &values(lags)).starts_with("alert");
    assert!(breached(&[11000.0, 11000.0, 12000.0]));
    assert!(!breached(&[11000.0, 12000.0]));
    assert!(!breached(&[11000.0, 11000.0, 11000.0]));
    assert!(!breached(&[11000.0, 13000.0, 12000.0]));
    assert!(!breached(&[1000.0, 2000.0, 3000.0]));
    let long = with(LAG, r#""for": "20s""#);
    assert!(verdict(&long, 99, &values(&[11e3, 12e3, 13e3, 14e3, 15e3])).starts_with("alert"));
    assert_eq!(
        verdict(&long, 99, &values(&[14e3, 12e3, 13e3, 14e3, 15e3])),
        "watching"
    );
}

#[test]
fn an_alert_waits_for_a_person_and_can_be_accepted() {
    let watch = watch(&[("error-rate", rule(ERROR_RATE)), ("lag", rule(LAG))], 15);
    let mut taken = samples("lag", &values(&[11000.0, 12000.0, 13000.0]));
    for sample in &mut taken {
        sample.readings.insert("error-rate".into(), share(0.0, 100.0));
    }
    let asked = judge(&watch, &taken, &BTreeSet::new());
    let line = "lag 13000 above 10000 and rising (at tick 3)";
    assert_eq!(
        asked.verdict,
        Verdict::Alert {
            rules: vec!["lag".into()],
            lines: vec![line.into()]
        }
    );
    assert_eq!(asked.warnings, [""; 0]);
    let accepted = judge(&watch, &taken, &BTreeSet::from(["lag".to_string()]));
    assert_eq!(
        (accepted.verdict, accepted.warnings),
        (Verdict::Passed, vec![line.to_string()])
    );
}

#[test]
fn a_warning_changes_nothing() {
    let slow = judged(&rule(P95), 2, &values(&[250.0, 100.0]));
    assert_eq!(
        (slow.verdict, slow.warnings),
        (Verdict::Passed, vec!["r 250 ms above 200 ms (at tick 1)".into()])
    );
    let blind = judged(&rule(P95), 2, &[down(), down()]);
    assert_eq!(blind.verdict, Verdict::Passed);
    assert_eq!(
        blind.warnings,
        ["r was never judged in 2 samples: r could not be read: connection refused"]
    );
}

#[test]
fn the_first_breach_is_the_reason() {
    let watch = watch(&[("a", rule(HEALTH)), ("b", rule(HEALTH))], 99);
    let mut taken = samples("b", &values(&[0.0; 5]));
    for (sample, up) in taken.iter_mut().zip([1.0, 0.0, 0.0, 0.0, 0.0]) {
        sample.readings.insert("a".into(), Reading::Value(up));
    }
    let Verdict::Breached { rule, .. } = judge(&watch, &taken, &BTreeSet::new()).verdict else {
        panic!()
    };
    assert_eq!(rule, "b");
}

#[test]
fn a_watch_goes_on_while_a_rollback_is_pending() {
    let (bad, good) = (share(10.0, 100.0), share(0.0, 100.0));
    let started = vec![good.clone(), good.clone(), bad.clone()];
    let after = |more: &[Reading]| verdict(&rule(ERROR_RATE), 3, &[started.clone(), more.to_vec()].concat());
    assert_eq!(after(&[]), "watching");
    assert_eq!(after(&[good]), "passed");
    assert!(after(&[bad.clone(), bad]).starts_with("breached"));
    let trend = with(HEALTH, r#""unit": "up""#);
    assert_eq!(verdict(&trend, 3, &values(&[1.0, 1.0, 1.0])), "passed");
    let stuck: Rule = Rule {
        action: Action::Rollback,
        ..rule(LAG)
    };
    assert_eq!(verdict(&stuck, 3, &values(&[11e3; 3])), "watching");
    assert_eq!(
        verdict(&stuck, 3, &values(&[11e3; 4])),
        "unknown: r 11000 above 10000, not rising (since tick 1), when the watch ended"
    );
}

#[test]
fn broken_off_is_unknown() {
    let open = judged(&rule(HEALTH), 99, &values(&[1.0, 1.0])).broken_off();
    assert_eq!(
        open.verdict.to_string(),
        "unknown: the watch was broken off after 2 samples"
    );
    assert_eq!(
        judged(&rule(HEALTH), 2, &values(&[1.0, 1.0]))
            .broken_off()
            .verdict,
        Verdict::Passed
    );
}

#[test]
fn tick_zero_and_repeated_ticks_are_left_out() {
    let mut taken = samples("r", &values(&[0.0, 0.0]));
    taken.insert(
        0,
        Sample {
            tick: 0,
            at: 0,
            readings: BTreeMap::from([("r".into(), Reading::Value(0.0))]),
        },
    );
    taken.push(taken[2].clone());
    let watch = watch(&[("r", rule(HEALTH))], 99);
    assert_eq!(judge(&watch, &taken, &BTreeSet::new()).verdict, Verdict::Watching);
    assert_eq!(ticks(&watch), 20);
}

#[test]
fn a_watch_without_rules_passes_when_its_time_is_over() {
    let watch = watch(&[], 10);
    let verdict = |n: usize| judge(&watch, &samples("x", &values(&vec![0.0; n])), &BTreeSet::new()).verdict;
    assert_eq!((verdict(1), verdict(2)), (Verdict::Watching, Verdict::Passed));
}

#[test]
fn rules_are_checked() {
    let error = |fields: &str| {
        let json = format!(r#"{{"source": "s", "query": "q", "action": "warn"{fields}}}"#);
        match serde_json::from_str::<Rule>(&json) {
            Ok(rule) => rule
                .validate()
                .map_or_else(|e| e.to_string(), |()| "valid".into()),
            Err(error) => error.to_string().split(" at line").next().unwrap().to_string(),
        }
    };
    insta::assert_snapshot!([
        "", r#", "above": 1"#, r#", "above": 1, "below": 2"#, r#", "below": 1, "rising": true"#,
        r#", "above": 1, "for": "1m", "failures": 2"#, r#", "above": 1, "failures": 0"#, r#", "above": 1, "for": "0s""#,
        r#", "above": 1, "min-requests": -1"#, r#", "above": 1, "for": "1x""#, r#", "abve": 1"#,
        r#", "above": 1, "no-data": "breached""#, r#", "above": 1, "source-error": "breach""#,
    ].map(error).join("\n"), @"
    the rule has no threshold: set `above` or `below`
    valid
    the rule has both `above` and `below`: make it two rules
    `rising` goes with `above` only
    the rule has both `for` and `failures`: keep the one that you mean
    `failures` is empty or zero: give it a value or leave it out
    `for` is empty or zero: give it a value or leave it out
    `min-requests` is -1, it must be 0 or more
    duration `1x` has the unknown unit `x`: use `d`, `h`, `m`, `s` or `ms`
    unknown field `abve`, expected one of `source`, `query`, `above`, `below`, `for`, `failures`, `rising`, `window`, `min-requests`, `action`, `no-data`, `source-error`, `unit`
    unknown variant `breached`, expected one of `unknown`, `ignore`, `breach`
    unknown variant `breach`, expected one of `unknown`, `ignore`, `warn`
    ");
    let infinite = Rule {
        above: Some(f64::INFINITY),
        ..rule(P95)
    };
    assert_eq!(
        infinite.validate().unwrap_err().to_string(),
        "`above` is inf, it must be a finite number"
    );
    assert_eq!(
        rule(ERROR_RATE)
            .fits(Duration::from_secs(5), 2)
            .unwrap_err()
            .to_string(),
        "the rule can never be breached: it needs 3 readings and the watch takes 2"
    );
    assert!(rule(ERROR_RATE).fits(Duration::from_secs(5), 3).is_ok());
}

#[test]
fn schema_and_types_agree() {
    let schema = serde_json::to_value(schemars::schema_for!(Rule)).unwrap();
    for json in [ERROR_RATE, HEALTH, LAG, P95] {
        let value = serde_json::to_value(rule(json)).unwrap();
        assert!(jsonschema::is_valid(&schema, &value), "{value}");
        assert_eq!(serde_json::from_value::<Rule>(value).unwrap(), rule(json));
    }
    let wrong = serde_json::json!({"source": "s", "query": "q", "action": "warn", "above": 1, "for": "1x"});
    assert!(!jsonschema::is_valid(&schema, &wrong));
}

fn any_reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        4 => (0.0..20.0_f64).prop_map(Reading::Value),
        4 => (0.0..40.0_f64, 0.0..40.0_f64).prop_map(|(part, whole)| share(part, whole)),
        1 => Just(Reading::NoData),
        1 => any::<f64>().prop_map(Reading::Value),
        2 => Just(down()),
    ]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let lasting = prop_oneof![
        Just((None, None)),
        (1_u64..30).prop_map(|s| (Some(Duration::from_secs(s)), None)),
        (1_u32..6).prop_map(|n| (None, Some(n))),
    ];
    let min = prop::option::of(0.0..30.0_f64);
    let action = prop_oneof![Just(Action::Rollback), Just(Action::Warn), Just(Action::Alert)];
    let no_data = prop_oneof![Just(NoData::Unknown), Just(NoData::Ignore), Just(NoData::Breach)];
    let source_error = prop_oneof![
        Just(SourceError::Unknown),
        Just(SourceError::Ignore),
        Just(SourceError::Warn)
    ];
    (
        0.0..10.0_f64,
        any::<bool>(),
        any::<bool>(),
        lasting,
        min,
        action,
        no_data,
        source_error,
    )
        .prop_map(
            |(threshold, above, rising, (lasting, failures), min_requests, action, no_data, source_error)| {
                Rule {
                    above: above.then_some(threshold),
                    below: (!above).then_some(threshold),
                    lasting,
                    failures,
                    rising: rising && above,
                    min_requests,
                    action,
                    no_data,
                    source_error,
                    ..rule(P95)
                }
            },
        )
}

fn any_readings() -> impl Strategy<Value = Vec<Reading>> {
    prop::collection::vec(any_reading(), 0..30)
}

fn is_breach(state: &RuleState) -> bool {
    matches!(state.state, State::Breach { .. })
}

proptest! {
    #[test]
    fn a_breach_stays_the_breach_it_was(rule in any_rule(), readings in any_readings(), cut in 0_usize..30) {
        prop_assume!(rule.validate().is_ok());
        let before = judged(&rule, 20, &readings[..cut.min(readings.len())]);
        let after = judged(&rule, 20, &readings);
        if is_breach(&before.states[0]) {
            prop_assert_eq!(&before.states[0].state, &after.states[0].state);
        }
        if let Verdict::Breached { .. } = before.verdict {
            prop_assert_eq!(before.verdict, after.verdict);
        }
    }

    #[test]
    fn an_outage_never_breaches_and_unknown_never_passes(rule in any_rule(), ticks in 1_usize..20) {
        let judgement = judged(&rule, ticks, &vec![down(); ticks]);
        prop_assert!(!is_breach(&judgement.states[0]));
        let blind = rule.action == Action::Rollback && rule.source_error == SourceError::Unknown;
        let unknown = matches!(judgement.verdict, Verdict::Unknown { .. });
        prop_assert_eq!(unknown, blind);
    }

    #[test]
    fn source_errors_put_in_anywhere_neither_make_nor_hide_a_breach(
        rule in any_rule(), readings in any_readings(), holes in prop::collection::vec(0_usize..30, 0..10),
    ) {
        let mut with_holes = readings.clone();
        for hole in holes {
            with_holes.insert(hole.min(with_holes.len()), down());
        }
        let (whole, holey) = (judged(&rule, 99, &readings), judged(&rule, 99, &with_holes));
        prop_assert_eq!(is_breach(&whole.states[0]), is_breach(&holey.states[0]));
    }

    #[test]
    fn names_change_nothing(rules in prop::collection::vec((any_rule(), any_readings()), 1..5)) {
        let run = |names: &[String]| {
            let named = names.iter().zip(&rules);
            let map = named.clone().map(|(name, (rule, _))| (name.clone(), rule.clone())).collect();
            let longest = rules.iter().map(|(_, readings)| readings.len()).max().unwrap_or(0);
            let taken: Vec<Sample> = (0..longest).map(|n| Sample {
                tick: n as u32 + 1,
                at: 0,
                readings: named.clone().filter_map(|(name, (_, r))| Some((name.clone(), r.get(n)?.clone()))).collect(),
            }).collect();
            let states = evaluate(&map, Duration::from_secs(5), &taken);
            names.iter().map(|name| states.iter().find(|s| s.rule == *name).unwrap().state.clone()).collect::<Vec<_>>()
        };
        let forward: Vec<String> = (0..rules.len()).map(|n| format!("rule-{n}")).collect();
        let backward: Vec<String> = forward.iter().rev().cloned().collect();
        prop_assert_eq!(run(&forward), run(&backward));
    }

    #[test]
    fn too_little_traffic_never_breaches(rule in any_rule(), readings in prop::collection::vec((0.0..9.0_f64, 0.0..9.0_f64), 0..30)) {
        let rule = Rule { min_requests: Some(20.0), ..rule };
        let readings: Vec<Reading> = readings.into_iter().map(|(part, whole)| share(part, whole)).collect();
        prop_assert!(!is_breach(&judged(&rule, 20, &readings).states[0]));
    }

    #[test]
    fn states_are_read_back(rule in any_rule(), readings in any_readings()) {
        let judgement = judged(&rule, 20, &readings);
        let json = serde_json::to_string(&judgement).unwrap();
        let back: Judgement = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(serde_json::to_string(&back).unwrap(), json);
        prop_assert!(!judgement.states[0].to_string().contains('\n'));
    }
}
