use runner_sdk::testing::{ScriptedHost, context};
use serde_json::{Value, json};

use super::*;

fn check(host: &ScriptedHost, config: Value) -> Result<Verdict, Error> {
    ChecklistGate::check(host, &context(config).with_release("1.2.3"))
}

/// One item of each way.
fn few() -> Value {
    json!({
        "people": ["ann", "bob"],
        "items": [
            {"id": "tests", "group": "code", "text": "All tests have passed", "run": ["make", "test"], "cwd": "app", "exit": [0, 3]},
            {"id": "changelog", "group": "communication", "text": "The changelog is written", "committed": "CHANGELOG.md"},
            {"id": "claude", "group": "code", "text": "`CLAUDE.md` is not committed", "not-committed": "CLAUDE.md"},
            {"id": "markers", "group": "code", "text": "There are no merge conflicts", "no-merge-markers": true},
            {"id": "qa", "group": "staging", "text": "The QA checklist is done"},
            {"id": "team", "group": "production", "text": "The team is there", "people": ["eve"]},
        ],
    })
}

fn machines(tracked: [&str; 2]) -> ScriptedHost {
    ScriptedHost::new()
        .run(["make", "test"])
        .in_folder("app")
        .with_env("RUNNER_VERSION", "1.2.3")
        .exits(3)
        .git_tracked_files(tracked)
        .git_tracked_files(tracked)
        .run(FIND_MARKERS)
        .exits(1)
}

#[test]
fn all_that_is_so_is_go() {
    let host = machines(["README.md", "docs/CHANGELOG.md"])
        .ask("qa", "yes", "ann")
        .with("text", "shop v1.2.3, Staging: The QA checklist is done?")
        .with("choices", "yes, no")
        .with("may-answer", "ann, bob")
        .ask("team", "yes", "eve")
        .with("may-answer", "eve")
        .write_report("test/go-no-go.md");
    let verdict = check(&host, few()).unwrap();
    assert!(verdict.is_passed());
    assert_eq!(verdict.summary, "GO: all 6 items are so");
    let calls = host.calls();
    insta::assert_snapshot!(calls.last().unwrap().text(), @r"
    # GO: shop v1.2.3

    Commit `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`.

    ## Code

    | | Item | Who says so |
    |---|---|---|
    | ✅ | All tests have passed | `make test`: exit code 3 |
    | ✅ | `CLAUDE.md` is not committed | git tracks no file `CLAUDE.md` |
    | ✅ | There are no merge conflicts | no tracked file has merge markers |

    ## Staging

    | | Item | Who says so |
    |---|---|---|
    | ✅ | The QA checklist is done | ann |

    ## Production

    | | Item | Who says so |
    |---|---|---|
    | ✅ | The team is there | eve |

    ## Communication

    | | Item | Who says so |
    |---|---|---|
    | ✅ | The changelog is written | git tracks `docs/CHANGELOG.md` |
    ");
}

#[test]
fn what_is_so_by_the_order_of_the_release_is_told_as_that() {
    let item = json!({"id": "backup", "group": "production", "text": "A backup is made", "because": "without one it stops"});
    let host = ScriptedHost::new().write_report("test/go-no-go.md");
    let verdict = check(&host, json!({ "items": [item] })).unwrap();
    assert_eq!(verdict.summary, "GO: all 1 items are so");
    let calls = host.calls();
    let sheet = calls.last().unwrap().text();
    assert!(
        sheet.contains("| ✅ | A backup is made | by the order of the release: without one it stops |"),
        "{sheet}"
    );
}

#[test]
fn a_no_of_a_person_is_no_go_and_each_is_named() {
    let host = machines(["README.md", "CHANGELOG.md"])
        .ask("qa", "no", "bob")
        .ask("team", "no", "eve")
        .write_report("test/go-no-go.md");
    let verdict = check(&host, few()).unwrap();
    assert!(!verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"NO-GO: not so: The QA checklist is done (bob); The team is there (eve)");
    let findings = |severity| -> Vec<_> {
        let of_it = verdict
            .findings
            .iter()
            .filter(|finding| finding.severity == severity);
        of_it.map(|finding| finding.rule.clone().unwrap()).collect()
    };
    assert_eq!(findings(Severity::High), ["qa", "team"]);
    assert_eq!(
        findings(Severity::Info),
        ["tests", "changelog", "claude", "markers"]
    );
}

#[test]
fn what_a_machine_denies_spares_the_people() {
    let host = ScriptedHost::new()
        .run(["make", "test"])
        .exits(2)
        .stderr("make: *** [test] Error 2\n")
        .git_tracked_files(["web/CLAUDE.md"])
        .git_tracked_files(["web/CLAUDE.md"])
        .run(FIND_MARKERS)
        .write_report("test/go-no-go.md");
    let verdict = check(&host, few()).unwrap();
    insta::assert_snapshot!(verdict.summary, @"NO-GO: not so: All tests have passed (`make test`: exit code 2, make: *** [test] Error 2); The changelog is written (git tracks no file `CHANGELOG.md`); `CLAUDE.md` is not committed (git tracks `web/CLAUDE.md`); There are no merge conflicts (a tracked file has merge markers)");
    let calls = host.calls();
    insta::assert_snapshot!(calls.last().unwrap().text(), @r"
    # NO-GO: shop v1.2.3

    Commit `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`.

    ## Code

    | | Item | Who says so |
    |---|---|---|
    | ❌ | All tests have passed | `make test`: exit code 2, make: *** [test] Error 2 |
    | ❌ | `CLAUDE.md` is not committed | git tracks `web/CLAUDE.md` |
    | ❌ | There are no merge conflicts | a tracked file has merge markers |

    ## Staging

    | | Item | Who says so |
    |---|---|---|
    | – | The QA checklist is done | not asked |

    ## Production

    | | Item | Who says so |
    |---|---|---|
    | – | The team is there | not asked |

    ## Communication

    | | Item | Who says so |
    |---|---|---|
    | ❌ | The changelog is written | git tracks no file `CHANGELOG.md` |
    ");
}

#[test]
fn what_cannot_be_found_out_is_an_error() {
    let host = ScriptedHost::new()
        .run(["make", "test"])
        .fails(Error::failed("no program `make`"));
    assert_eq!(
        check(&host, few()),
        Err(Error::failed("checking `tests`: no program `make`"))
    );
    let host = ScriptedHost::new()
        .run(FIND_MARKERS)
        .exits(128)
        .stderr("fatal: not a git repository");
    let items = json!({"items": [{"id": "m", "group": "code", "text": "x", "no-merge-markers": true}]});
    insta::assert_snapshot!(check(&host, items).unwrap_err().message(), @"checking `m`: `git grep` ended with exit code 128: fatal: not a git repository");
    let host = ScriptedHost::new()
        .ask("q", "yes", "ann")
        .fails(Error::Denied("it may not ask people".into()));
    let items = json!({"items": [{"id": "q", "group": "code", "text": "x"}]});
    assert!(matches!(check(&host, items), Err(Error::Denied(_))));
}

#[test]
fn a_plan_lists_every_question() {
    let host = ScriptedHost::new()
        .run(["make", "test"])
        .with("foresee-success", "true")
        .git_tracked_files(["CHANGELOG.md"])
        .git_tracked_files(["CHANGELOG.md"])
        .run(FIND_MARKERS)
        .exits(1)
        .ask("qa", "", "")
        .planned()
        .ask("team", "", "")
        .planned();
    let error = ChecklistGate::check(&host, &context(few()).in_plan()).unwrap_err();
    assert!(error.is_planned());
}

#[test]
fn what_makes_no_sense_is_said() {
    let message = |change: Value| {
        let mut item = json!({"id": "a", "group": "code", "text": "x"});
        item.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let config = json!({"items": [{"id": "b", "group": "code", "text": "y"}, item]});
        let error = check(&ScriptedHost::new(), config).unwrap_err();
        assert!(matches!(error, Error::InvalidConfig(_)));
        error.message().to_owned()
    };
    let said = [
        message(json!({"id": "b"})),
        message(json!({"run": ["a"], "committed": "b"})),
        message(json!({"run": []})),
        message(json!({"exit": [1]})),
        message(json!({"people": ["ann"], "because": "it is"})),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    the item `b` is there twice
    the item `a` has several of `run`, `committed`, `not-committed`, `no-merge-markers` and `because`: write an item for each
    the item `a` has a `run` without a program
    the item `a` has `cwd`, `timeout` or `exit` without a `run`
    the item `a` has `people`, and nobody is asked about it
    ");
}
