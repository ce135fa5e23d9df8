//! Sources that cannot be asked, and readings that are none.

use super::*;

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
