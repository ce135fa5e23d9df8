//! How long a breach lasts, what pauses it, and how a rule says so.

use super::*;

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
