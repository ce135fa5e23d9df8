//! Decisions on small histories.

use proptest::prelude::*;

use super::*;
use crate::commits::{RawCommit, Settled, settle};

const HEAD: &str = "feedface00000000000000000000000000000000";

fn commits(messages: &[&str]) -> Settled {
    settle(
        messages
            .iter()
            .enumerate()
            .map(|(n, message)| {
                let (message, author) = (message.to_string(), "a".to_string());
                Commit::parse(&RawCommit {
                    id: format!("{n:040x}"),
                    message,
                    author,
                    at: 0,
                    parents: 1,
                })
            })
            .collect(),
    )
}

fn tags(names: &[&str]) -> Vec<Tag> {
    names
        .iter()
        .map(|name| Tag {
            name: name.to_string(),
            commit: format!("commit-of-{name}"),
        })
        .collect()
}

struct Case {
    policy: VersionPolicy,
    reachable: Vec<Tag>,
    elsewhere: Vec<Tag>,
    channel: Option<Channel>,
    exact: Option<Version>,
}

fn case(reachable: &[&str]) -> Case {
    let reachable = tags(reachable);
    Case {
        policy: VersionPolicy::default(),
        reachable,
        elsewhere: vec![],
        channel: None,
        exact: None,
    }
}

impl Case {
    fn pre(self, channel: &str) -> Self {
        Self {
            channel: Some(channel.parse().unwrap()),
            ..self
        }
    }

    fn elsewhere(self, names: &[&str]) -> Self {
        Self {
            elsewhere: tags(names),
            ..self
        }
    }

    fn exact(self, version: &str) -> Self {
        Self {
            exact: Some(version.parse().unwrap()),
            ..self
        }
    }

    fn policy(self, policy: &str) -> Self {
        Self {
            policy: serde_json::from_str(policy).unwrap(),
            ..self
        }
    }

    fn run(&self, messages: &[&str]) -> Result<Outcome, VersionError> {
        let all: Vec<Tag> = self.reachable.iter().chain(&self.elsewhere).cloned().collect();
        let request = Request {
            head: HEAD,
            reachable: &self.reachable,
            all: &all,
            commits: &commits(messages),
            channel: self.channel.as_ref(),
            exact: self.exact.as_ref(),
        };
        next(&self.policy, &request)
    }

    fn tag(&self, messages: &[&str]) -> String {
        match self.run(messages) {
            Ok(Outcome::Release(next)) => next.tag,
            other => panic!("no release: {other:?}"),
        }
    }

    fn nothing(&self, messages: &[&str]) -> String {
        match self.run(messages) {
            Ok(Outcome::Nothing(nothing)) => nothing.to_string(),
            other => panic!("something: {other:?}"),
        }
    }
}

#[test]
fn each_kind_of_commit_moves_its_part() {
    let from = case(&["v1.2.3"]);
    assert_eq!(from.tag(&["fix: x"]), "v1.2.4");
    assert_eq!(from.tag(&["perf: x"]), "v1.2.4");
    assert_eq!(from.tag(&["fix: x", "feat: y", "docs: z"]), "v1.3.0");
    assert_eq!(from.tag(&["feat: y", "fix!: x"]), "v2.0.0");
    assert_eq!(from.tag(&["chore: y\n\nBREAKING CHANGE: z"]), "v2.0.0");
    assert_eq!(
        from.tag(&["Revert \"feat: old\"\n\nThis reverts commit abcdefabcdef."]),
        "v1.2.4"
    );
}

#[test]
fn zero_major() {
    assert_eq!(case(&["v0.3.1"]).tag(&["fix: x"]), "v0.3.2");
    assert_eq!(case(&["v0.3.1"]).tag(&["feat: x"]), "v0.4.0");
    assert_eq!(case(&["v0.3.1"]).tag(&["feat!: x"]), "v0.4.0");
    assert_eq!(
        case(&["v0.3.1"])
            .policy(r#"{"zero-major": "major"}"#)
            .tag(&["feat!: x"]),
        "v1.0.0"
    );
    assert_eq!(case(&["v0.3.1"]).exact("1.0.0").tag(&["docs: x"]), "v1.0.0");
}

#[test]
fn first_version() {
    assert_eq!(case(&[]).tag(&["init"]), "v0.1.0");
    assert_eq!(
        case(&["not-a-version", "v1.2", "vNext", "v01.2.3"]).tag(&["feat!: x"]),
        "v0.1.0"
    );
    assert_eq!(
        case(&[]).policy(r#"{"initial": "1.0.0"}"#).tag(&["init"]),
        "v1.0.0"
    );
    assert_eq!(case(&[]).nothing(&[]), "nothing to release: no commits");
}

#[test]
fn latest_is_by_semver_not_by_name() {
    assert_eq!(case(&["v1.9.0", "v1.10.0", "v1.2.0"]).tag(&["fix: x"]), "v1.10.1");
}

#[test]
fn prefixes() {
    let shop = r#"{"tag-prefix": "shop/v"}"#;
    assert_eq!(
        case(&["v9.0.0", "shop/v1.0.0", "api/v3.0.0"])
            .policy(shop)
            .tag(&["fix: x"]),
        "shop/v1.0.1"
    );
    assert_eq!(
        case(&["v9.0.0", "1.0.0"])
            .policy(r#"{"tag-prefix": ""}"#)
            .tag(&["fix: x"]),
        "1.0.1"
    );
    assert_eq!(case(&["shop/v1.0.0", "v2.0.0"]).tag(&["fix: x"]), "v2.0.1");
}

#[test]
fn configured_types() {
    let policy = r#"{"bumps": {"Docs": "patch", "perf": "none", "функция": "minor"}}"#;
    assert_eq!(case(&["v1.2.3"]).policy(policy).tag(&["docs: x"]), "v1.2.4");
    assert_eq!(case(&["v1.2.3"]).policy(policy).tag(&["Функция: x"]), "v1.3.0");
    assert!(
        case(&["v1.2.3"])
            .policy(policy)
            .nothing(&["perf: x"])
            .contains("1 perf")
    );
}

#[test]
fn pre_releases_count_up_and_become_final() {
    assert_eq!(case(&["v1.2.0"]).pre("rc").tag(&["feat: x"]), "v1.3.0-rc.1");
    assert_eq!(
        case(&["v1.2.0", "v1.3.0-rc.1"])
            .pre("rc")
            .tag(&["fix: y", "feat: x"]),
        "v1.3.0-rc.2"
    );
    assert_eq!(
        case(&["v1.2.0", "v1.3.0-rc.9", "v1.3.0-rc.10"])
            .pre("rc")
            .tag(&["feat: x"]),
        "v1.3.0-rc.11"
    );
    assert_eq!(
        case(&["v1.2.0", "v1.3.0-rc.1"])
            .pre("rc")
            .tag(&["feat!: y", "feat: x"]),
        "v2.0.0-rc.1"
    );
    assert_eq!(
        case(&["v1.2.0", "v1.3.0-rc.2"]).tag(&["fix: y", "feat: x"]),
        "v1.3.0"
    );
    assert_eq!(
        case(&["v1.2.0", "v1.3.0-beta.4"]).pre("rc").tag(&["feat: x"]),
        "v1.3.0-rc.1"
    );
    assert_eq!(
        case(&["v1.2.0"])
            .elsewhere(&["v1.3.0-rc.4"])
            .pre("rc")
            .tag(&["feat: x"]),
        "v1.3.0-rc.5"
    );
    assert_eq!(case(&["v0.1.0-rc.1"]).pre("rc").tag(&["docs: x"]), "v0.1.0-rc.2");
    assert_eq!(case(&["v0.1.0-rc.1"]).tag(&["docs: x"]), "v0.1.0");
}

#[test]
fn a_pre_release_that_is_out_keeps_its_version() {
    assert_eq!(case(&["v1.2.0", "v2.0.0-rc.1"]).tag(&["fix: x"]), "v2.0.0");
    assert_eq!(case(&["v1.2.0", "v1.3.0-rc.1"]).tag(&["docs: x"]), "v1.3.0");
    assert_eq!(case(&["v1.3.0", "v1.3.0-rc.1"]).tag(&["fix: x"]), "v1.3.1");
    let older = case(&["v1.2.0", "v1.3.0-rc.2"])
        .pre("alpha")
        .run(&["feat: x"])
        .unwrap_err();
    assert_eq!(
        older.to_string(),
        "version 1.3.0-alpha.1 is not newer than `v1.3.0-rc.2`"
    );
}

#[test]
fn a_pre_release_is_not_made_twice_of_one_commit() {
    let mut same = case(&["v1.2.0", "v1.3.0-rc.1"]).pre("rc");
    same.reachable[1].commit = HEAD.into();
    assert_eq!(
        same.nothing(&["feat: x"]),
        "nothing to release: this commit is v1.3.0-rc.1 already"
    );
    same.channel = None;
    assert_eq!(same.tag(&["feat: x"]), "v1.3.0");
}

#[test]
fn nothing_says_what_was_seen() {
    assert_eq!(
        case(&["v1.2.3"]).nothing(&[]),
        "nothing to release: no commits since v1.2.3"
    );
    insta::assert_snapshot!(
        case(&["v1.2.3"]).nothing(&["docs: a", "docs: b", "wip", "Merge branch 'x'", "revert: feat: y", "feat: y"]),
        @"nothing to release: 6 commits since v1.2.3, none of which changes the version (2 docs, 1 merge, 1 not conventional, 2 reverted)"
    );
    let Ok(Outcome::Nothing(Nothing::NoneBumps { seen, .. })) = case(&["v1.2.3"]).run(&["wip"]) else {
        panic!()
    };
    assert_eq!(
        (seen[0].subject.as_str(), seen[0].read_as.as_str()),
        ("wip", "not conventional")
    );
}

#[test]
fn a_taken_tag_is_a_conflict_with_a_way_out() {
    let error = case(&["v1.2.3"])
        .elsewhere(&["v1.2.4"])
        .run(&["fix: x"])
        .unwrap_err();
    assert!(matches!(error, VersionError::TagConflict(_)));
    insta::assert_snapshot!(format!("{error}\n{}", error.hints().join("\n")), @"
    tag `v1.2.4` already exists at `commit-of-v1.2.4`, which is not in the history of `feedface00000000000000000000000000000000`
    look at it: `git log -1 v1.2.4`
    if it was released, bring it into this branch, so that the next version follows it: `git merge v1.2.4`
    if it is left over and was never deployed, remove it: `git push --delete origin v1.2.4; git tag --delete v1.2.4`
    then run the release again
    ");
    let built = case(&["v1.2.3"]).elsewhere(&["v1.2.4+7"]).run(&["fix: x"]);
    assert!(matches!(built, Err(VersionError::TagConflict(_))), "{built:?}");
    assert_eq!(
        case(&["v1.2.3"]).elsewhere(&["v1.3.0"]).tag(&["fix: x"]),
        "v1.2.4"
    );
}

#[test]
fn tags_only_elsewhere_stop_the_release() {
    let error = case(&[])
        .elsewhere(&["v1.2.4", "v1.2.3"])
        .run(&["fix: x"])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("2 version tags exist, the newest is `v1.2.4`, but none is in the history of `{HEAD}`")
    );
}

#[test]
fn a_version_by_hand_must_be_newer() {
    assert!(matches!(
        case(&["v1.2.3"]).exact("1.2.3").run(&["fix: x"]),
        Err(VersionError::NotNewer { .. })
    ));
    assert!(matches!(
        case(&["v1.2.3"])
            .elsewhere(&["v1.5.0"])
            .exact("1.5.0")
            .run(&["fix: x"]),
        Err(VersionError::TagConflict(_))
    ));
}

#[test]
fn reasons_are_for_people() {
    let sentence = |case: Case, messages: &[&str]| match case.run(messages) {
        Ok(Outcome::Release(next)) => next.to_string(),
        other => panic!("{other:?}"),
    };
    insta::assert_snapshot!([
        sentence(case(&["v1.2.3"]), &["feat: a", "feat: b", "fix: c", "docs: d"]),
        sentence(case(&["v1.2.3"]), &["feat!: a", "fix: c"]),
        sentence(case(&[]), &["feat: a"]),
        sentence(case(&["v1.2.3"]).exact("3.0.0"), &["feat: a"]),
        sentence(case(&["v1.2.3", "v1.3.0-rc.1"]), &["docs: a"]),
    ].join("\n"), @"
    v1.2.3 -> v1.3.0: minor, because of 2 feat, 1 fix since v1.2.3
    v1.2.3 -> v2.0.0: major, because of 1 breaking, 1 fix since v1.2.3
    v0.1.0: the first version
    v1.2.3 -> v3.0.0: chosen by hand, after v1.2.3
    v1.2.3 -> v1.3.0: a pre-release after v1.2.3 becomes final
    ");
}

#[test]
fn channels() {
    for good in ["rc", "beta-2", "x1", "1x"] {
        assert_eq!(good.parse::<Channel>().unwrap().to_string(), good);
    }
    for bad in ["", "1", "a.b", "ветка", "a b"] {
        assert!(bad.parse::<Channel>().is_err(), "{bad}");
    }
}

#[test]
fn policy_in_json() {
    assert_eq!(
        serde_json::from_str::<VersionPolicy>("{}").unwrap(),
        VersionPolicy::default()
    );
    assert!(serde_json::from_str::<VersionPolicy>(r#"{"prefix": "v"}"#).is_err());
    let schema = serde_json::to_value(schemars::schema_for!(VersionPolicy)).unwrap();
    let value = serde_json::to_value(VersionPolicy::default()).unwrap();
    assert!(jsonschema::is_valid(&schema, &value), "{schema:#}");
    assert!(!jsonschema::is_valid(
        &schema,
        &serde_json::json!({"initial": "1.0"})
    ));
}

proptest! {
    #[test]
    fn a_release_is_newer_than_all_in_its_history(
        versions in prop::collection::vec((0_u64..3, 0_u64..3, 0_u64..3, 0_u64..3), 0..6),
        kinds in prop::collection::vec(0_usize..5, 1..5),
        pre in any::<bool>(),
    ) {
        let names: Vec<String> = versions
            .iter()
            .map(|(a, b, c, rc)| if *rc == 0 { format!("v{a}.{b}.{c}") } else { format!("v{a}.{b}.{c}-rc.{rc}") })
            .collect();
        let case = case(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let case = if pre { case.pre("rc") } else { case };
        let all = ["fix: x", "feat: x", "feat!: x", "docs: x", "wip"];
        let messages: Vec<&str> = kinds.iter().map(|kind| all[*kind]).collect();
        if let Outcome::Release(next) = case.run(&messages).expect("own history never conflicts") {
            for name in &names {
                prop_assert!(next.version > case.policy.version(name).unwrap(), "{} after {name}", next.tag);
            }
            prop_assert_eq!(case.policy.version(&next.tag), Some(next.version));
        }
    }
}
