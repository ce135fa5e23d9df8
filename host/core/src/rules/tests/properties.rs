//! What all watches have in common, whatever their rules and readings.

use proptest::prelude::*;

use super::*;

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
