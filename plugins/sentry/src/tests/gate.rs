use runner_sdk::testing::ScriptedHost;
use runner_sdk::{Error, Gate, Nature, Severity, Verdict};
use serde_json::{Value, json};

use super::{ORGANIZATION, config, link, prod};
use crate::SentryGate;

/// The question of the gate, without a cursor.
fn question() -> String {
    format!(
        "{ORGANIZATION}/issues/?environment=production&query=is%3Aunresolved%20level%3Afatal&statsPeriod=3600s&sort=date\
         &collapse=stats&limit=100&project=shop&project=web"
    )
}

fn issue(id: usize) -> Value {
    json!({
        "id": id.to_string(), "shortId": format!("SHOP-{id}"), "title": "OperationalError: database is gone", "level": "fatal",
        "culprit": "app.orders in create", "count": "17", "userCount": 3, "status": "unresolved",
        "permalink": format!("https://acme.sentry.io/issues/{id}/"), "lastSeen": "2026-01-01T00:00:00Z",
    })
}

fn issues(ids: std::ops::Range<usize>) -> Value {
    ids.map(issue).collect()
}

fn check(host: &ScriptedHost, config: Value) -> Result<Verdict, Error> {
    SentryGate::check(host, &prod(config))
}

fn refused(status: u16, body: &Value) -> Error {
    let host = ScriptedHost::new().get(&question()).answers_json(status, body);
    check(&host, config()).unwrap_err()
}

#[test]
fn no_critical_issue_passes_and_says_what_is_not_known_yet() {
    let host = ScriptedHost::new()
        .get(&question())
        .with_nature(Nature::Read)
        .with_header("Authorization", "Bearer {{secret:sentry}}")
        .answers_json(200, &json!([]))
        .answer_header("Link", &link("0:100:0", false));
    let verdict = check(&host, config()).unwrap();
    assert!(verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"0 unresolved issues with `level:fatal` in `production` within 1h; the last 2m may be still to come");
    assert_eq!(
        (verdict.measures[0].value, verdict.measures[0].limit),
        (0.0, Some(0.0))
    );
}

#[test]
fn a_critical_issue_fails_and_is_shown() {
    let host = ScriptedHost::new()
        .get(&question())
        .answers_json(200, &issues(1..2));
    let verdict = check(&host, config()).unwrap();
    assert!(!verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"1 unresolved issue with `level:fatal` in `production` within 1h; at most 0 may be there");
    let finding = &verdict.findings[0];
    assert_eq!(
        (finding.severity, finding.rule.as_deref()),
        (Severity::Critical, Some("SHOP-1"))
    );
    insta::assert_snapshot!(finding.message, @"OperationalError: database is gone in app.orders in create, 17 events: https://acme.sentry.io/issues/1/");
}

#[test]
fn all_pages_count_and_an_issue_counts_once() {
    // While the second page was read, a new issue moved number 99 onto it.
    let host = ScriptedHost::new()
        .get(&question())
        .answers_json(200, &issues(0..100))
        .answer_header("Link", &link("0:100:0", true))
        .get(&question().replace("limit=100", "limit=100&cursor=0%3A100%3A0"))
        .answers_json(200, &issues(99..130))
        .answer_header("Link", &link("0:200:0", false));
    let verdict = check(&host, config());
    assert_eq!(verdict.unwrap().measures[0].value, 130.0);
}

#[test]
fn what_counts_and_how_many_is_the_profiles() {
    let url = "https://sentry.example/api/0/organizations/acme/issues/?environment=staging&query=is%3Aunresolved%20level\
               %3A%5Bfatal%2Cerror%5D&statsPeriod=900s&sort=date&collapse=stats&limit=100&project=shop";
    let config = json!({
        "url": "https://sentry.example/", "organization": "acme", "projects": ["shop"], "token": "{{secret:sentry}}",
        "environment": "staging", "query": "level:[fatal,error]", "window": "15m", "max": 2, "lag": "1m",
    });
    for (there, passed) in [(2, true), (3, false)] {
        let host = ScriptedHost::new().get(url).answers_json(200, &issues(0..there));
        let verdict = check(&host, config.clone()).unwrap();
        assert_eq!(verdict.is_passed(), passed, "{}", verdict.summary);
    }
}

#[test]
fn a_long_list_is_cut_and_counted() {
    let host = ScriptedHost::new()
        .get(&question())
        .answers_json(200, &issues(0..25));
    let verdict = check(&host, config()).unwrap();
    assert_eq!(verdict.findings.len(), 21);
    assert_eq!(verdict.findings[20].message, "and 5 more");
}

#[test]
fn nothing_found_out_is_never_passed() {
    let gone = refused(404, &json!({"detail": "The requested resource does not exist"}));
    insta::assert_snapshot!(gone.message(), @"asking Sentry for issues with `is:unresolved level:fatal` in `production`: answered 404: The requested resource does not exist; check `organization`, `projects` and the environment, which Sentry knows once an event came from it");
    assert!(matches!(gone, Error::Failed(_)));
    let told = refused(401, &json!({"detail": "Invalid token"}));
    insta::assert_snapshot!(told.message(), @"asking Sentry for issues with `is:unresolved level:fatal` in `production`: answered 401: Invalid token; the token is wrong or was revoked");
    let wrong = refused(400, &json!({"detail": "Invalid value \"x\" for key \"level\""}));
    assert!(matches!(wrong, Error::InvalidConfig(_)), "{wrong:?}");
    for (body, why) in [
        ("<html>sign in</html>", "the answer is not JSON: is `url` right?"),
        ("{\"detail\":\"odd\"}", "the answer is no list of issues"),
        ("[{\"title\":\"no id\"}]", "the answer is no list of issues"),
        ("", "the answer is not JSON"),
    ] {
        let host = ScriptedHost::new().get(&question()).answers(200, body);
        let error = check(&host, config()).unwrap_err();
        assert!(error.message().contains(why), "{body}: {error:?}");
    }
    let cut = ScriptedHost::new().get(&question()).answers(200, "[").truncated();
    assert!(
        check(&cut, config())
            .unwrap_err()
            .message()
            .ends_with("the answer is too long")
    );
}

#[test]
fn waits_as_long_as_it_is_told_to_and_gives_up_at_last() {
    let host = ScriptedHost::new()
        .get(&question())
        .answers_json(
            429,
            &json!({"detail": "You are attempting to use this endpoint too frequently"}),
        )
        .answer_header("X-Sentry-Rate-Limit-Limit", "40")
        .answer_header("X-Sentry-Rate-Limit-Remaining", "0")
        .answer_header("X-Sentry-Rate-Limit-Reset", "1767225603")
        .get(&question())
        .fails(Error::transient("connection reset"))
        .get(&question())
        .answers(503, "upstream")
        .answer_header("Retry-After", "5")
        .get(&question())
        .answers_json(200, &json!([]));
    assert!(check(&host, config()).unwrap().is_passed());
    assert_eq!(host.pauses(), [3000, 2000, 5000]);

    let mut down = ScriptedHost::new();
    for _ in 0..4 {
        down = down.get(&question()).answers(502, "");
    }
    assert!(matches!(check(&down, config()), Err(Error::Transient(_))));
}

#[test]
fn without_an_environment_it_must_be_told_whose_errors_count() {
    let error = SentryGate::check(&ScriptedHost::new(), &runner_sdk::testing::context(config())).unwrap_err();
    insta::assert_snapshot!(error.message(), @"step `test` has no environment: say in `environment` whose errors count");
}
