//! What a watch comes to, of all its rules.

use super::*;

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
