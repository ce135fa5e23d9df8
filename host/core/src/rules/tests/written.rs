//! Rules as they are written: which are refused, and that the schema knows the same ones.

use super::*;

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
