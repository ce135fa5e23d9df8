//! The convention's own examples, its rules one by one, and what git and forges write.

use proptest::prelude::*;

use super::*;

fn raw(id: &str, message: &str) -> RawCommit {
    let author = "Анна <anna@example.org>".to_string();
    RawCommit {
        id: id.into(),
        message: message.into(),
        author,
        at: 1_773_568_800,
        parents: 1,
    }
}

fn kind_of(message: &str) -> Kind {
    Commit::parse(&raw("1111111111111111111111111111111111111111", message)).kind
}

fn conventional(message: &str) -> Conventional {
    match kind_of(message) {
        Kind::Conventional(conventional) => conventional,
        other => panic!("not conventional: {other:?}"),
    }
}

fn revert(message: &str) -> Revert {
    match kind_of(message) {
        Kind::Revert(revert) => revert,
        other => panic!("not a revert: {other:?}"),
    }
}

fn footer(token: &str, value: &str) -> Footer {
    Footer {
        token: token.into(),
        value: value.into(),
    }
}

#[test]
fn example_description_and_breaking_footer() {
    let commit = conventional(
        "feat: allow provided config object to extend other configs\n\nBREAKING CHANGE: `extends` key in config \
         file is now used for extending other config files",
    );
    assert_eq!(commit.type_, "feat");
    let text = "`extends` key in config file is now used for extending other config files";
    assert_eq!(commit.breaking, Some(Breaking::Text(vec![text.into()])));
    assert_eq!(commit.body, None);
}

#[test]
fn examples_with_marks() {
    assert_eq!(
        conventional("feat!: send an email to the customer when a product is shipped").breaking,
        Some(Breaking::Mark)
    );
    let scoped = conventional("feat(api)!: send an email to the customer when a product is shipped");
    assert_eq!(
        (scoped.scope.as_deref(), scoped.breaking),
        (Some("api"), Some(Breaking::Mark))
    );
    let both = conventional(
        "chore!: drop support for Node 6\n\nBREAKING CHANGE: use JavaScript features not available in Node 6.",
    );
    let text = "use JavaScript features not available in Node 6.";
    assert_eq!(both.breaking, Some(Breaking::Text(vec![text.into()])));
}

#[test]
fn examples_without_body_and_with_scope() {
    assert_eq!(conventional("docs: correct spelling of CHANGELOG").breaking, None);
    assert_eq!(
        conventional("feat(lang): add Polish language").scope.as_deref(),
        Some("lang")
    );
}

#[test]
fn example_with_paragraphs_and_footers() {
    let commit = conventional(
        "fix: prevent racing of requests\n\nIntroduce a request id and a reference to latest request. Dismiss\n\
         incoming responses other than from latest request.\n\nRemove timeouts which were used to mitigate the \
         racing issue but are\nobsolete now.\n\nReviewed-by: Z\nRefs: #123",
    );
    insta::assert_snapshot!(commit.body.unwrap(), @r"
    Introduce a request id and a reference to latest request. Dismiss
    incoming responses other than from latest request.

    Remove timeouts which were used to mitigate the racing issue but are
    obsolete now.
    ");
    assert_eq!(
        commit.footers,
        [footer("Reviewed-by", "Z"), footer("Refs", "#123")]
    );
}

#[test]
fn type_ignores_case_and_scope_keeps_it() {
    let commit = conventional("FeAt(API): x");
    assert_eq!(
        (commit.type_.as_str(), commit.scope.as_deref()),
        ("feat", Some("API"))
    );
    assert_eq!(conventional("ИСПРАВЛЕНИЕ(Ядро): опечатка").type_, "исправление");
    assert_eq!(conventional("и\u{306}од: x").type_, "и\u{306}од");
    assert_eq!(conventional("फ़िक्स(मूल): x").type_, "फ़िक्स");
}

#[test]
fn headers_that_are_not_conventional() {
    let reason = |subject: &str| match kind_of(subject) {
        Kind::Other(reason) => reason.to_string(),
        other => panic!("{subject}: {other:?}"),
    };
    insta::assert_snapshot!(
        ["wip", "", "feat:x", "feat:", "feat: ", "feat : x", "feat (api): x", "feat(): x", "feat(api: x",
         "feat(a(b)): x", "feat!(api): x", "fixup! feat: x", "-: x", "a b: c", "BREAKING CHANGE: x", ": x",
         "feat(api)x: y"]
            .map(|subject| format!("{subject:<20} {}", reason(subject))).join("\n"), @r"
    wip                  no `type: ` at the start of the subject
                         no `type: ` at the start of the subject
    feat:x               no space after the `:`
    feat:                no description after the `:`
    feat:                no description after the `:`
    feat : x             no `type: ` at the start of the subject
    feat (api): x        no `type: ` at the start of the subject
    feat(): x            the scope is empty or not closed
    feat(api: x          the scope is empty or not closed
    feat(a(b)): x        the scope is empty or not closed
    feat!(api): x        no `type: ` at the start of the subject
    fixup! feat: x       no `type: ` at the start of the subject
    -: x                 no `type: ` at the start of the subject
    a b: c               no `type: ` at the start of the subject
    BREAKING CHANGE: x   `BREAKING CHANGE` is a footer, the subject needs a type: write e.g. `feat!: ...`
    : x                  no `type: ` at the start of the subject
    feat(api)x: y        the scope is empty or not closed
    ");
}

#[test]
fn footers_need_a_blank_line_before_the_first() {
    let commit = conventional("feat: x\n\nSome text\nBREAKING CHANGE: not a footer here\nRefs: #1");
    assert_eq!((commit.breaking, commit.footers.len()), (None, 0));
    assert_eq!(
        conventional("feat: x\nBREAKING CHANGE: not a footer either").breaking,
        None
    );
}

#[test]
fn breaking_is_upper_case_and_has_a_colon() {
    let breaking = |footer: &str| conventional(&format!("feat: x\n\n{footer}")).breaking.is_some();
    assert!(breaking("BREAKING CHANGE: y"));
    assert!(breaking("BREAKING-CHANGE: y"));
    assert!(breaking("BREAKING CHANGE: #45 is gone"));
    assert!(breaking("Refs: #1\nBREAKING CHANGE: y"));
    assert!(breaking("BREAKING CHANGE:\ny"));
    assert!(!breaking("breaking change: y"));
    assert!(!breaking("Breaking-Change: y"));
    assert!(!breaking("BREAKING CHANGE #3"));
    assert!(!breaking("BREAKING CHANGES: y"));
    assert!(!breaking("this is a BREAKING CHANGE: y"));
}

#[test]
fn footer_values_may_have_lines_and_end_at_the_next_footer() {
    let commit = conventional(
        "feat: x\n\nBREAKING CHANGE: first\nsecond\n\nthird paragraph: with a colon\nhttps://example.org\n\
         Закрывает #7\nReviewed-by: Ян\n(cherry picked)",
    );
    let text = "first\nsecond\n\nthird paragraph: with a colon\nhttps://example.org";
    assert_eq!(commit.breaking, Some(Breaking::Text(vec![text.into()])));
    assert_eq!(
        commit.footers[1..],
        [
            footer("Закрывает", "#7"),
            footer("Reviewed-by", "Ян\n(cherry picked)")
        ]
    );
}

#[test]
fn several_breaking_footers_are_all_kept() {
    let commit = conventional("feat: x\n\nBREAKING CHANGE: a\nBREAKING-CHANGE: b");
    assert_eq!(
        commit.breaking,
        Some(Breaking::Text(vec!["a".into(), "b".into()]))
    );
}

#[test]
fn carriage_returns_change_nothing() {
    let message = "feat(api)!: x (#45)\n\nbody\n\nmore\n\nBREAKING CHANGE: y\nz\nRefs: #1\n";
    assert_eq!(kind_of(message), kind_of(&message.replace('\n', "\r\n")));
}

#[test]
fn pull_request_numbers() {
    let pr = |subject: &str| {
        let commit = conventional(subject);
        (commit.description, commit.pull_request)
    };
    assert_eq!(
        pr("feat: добавить отчёт (#45)"),
        ("добавить отчёт".into(), Some(45))
    );
    assert_eq!(pr("feat: x (#45) (#50)"), ("x (#45)".into(), Some(50)));
    assert_eq!(pr("feat: x (see #45)"), ("x (see #45)".into(), None));
    assert_eq!(pr("feat: (#45)"), ("(#45)".into(), None));
    assert_eq!(pr("feat: x (#)"), ("x (#)".into(), None));
    assert_eq!(
        pr("feat: x (#99999999999999999999)"),
        ("x (#99999999999999999999)".into(), None)
    );
}

#[test]
fn merges() {
    let merge = |subject: &str, parents| match Commit::parse(&RawCommit {
        parents,
        ..raw("a", subject)
    })
    .kind
    {
        Kind::Merge(merge) => Some((merge.pull_request, merge.from)),
        _ => None,
    };
    assert_eq!(
        merge("Merge pull request #45 from org/feat-x", 2),
        Some((Some(45), Some("org/feat-x".into())))
    );
    assert_eq!(
        merge("Merge branch 'main' into feat-x", 1),
        Some((None, Some("main".into())))
    );
    assert_eq!(
        merge("Merge remote-tracking branch 'origin/main'", 2),
        Some((None, Some("origin/main".into())))
    );
    assert_eq!(merge("feat: whole branch (#7)", 2), Some((Some(7), None)));
    assert_eq!(merge("Merge the two parsers", 1), None);
    assert_eq!(merge("feat: x", 1), None);
}

#[test]
fn reverts_say_what_they_take_back() {
    let sha = "676104e8f0a9d1c2b3a4958677685940a1b2c3d4";
    let git = revert(&format!(
        "Revert \"feat: x (#45)\" (#46)\n\nThis reverts commit {sha}.\n"
    ));
    assert_eq!(git.targets, [Target::Id(sha.into())]);
    assert_eq!(
        (git.description.as_str(), git.pull_request),
        ("feat: x (#45)", Some(46))
    );
    let merge = revert(&format!(
        "Revert \"Merge branch 'x'\"\n\nThis reverts commit {sha}, reversing\nchanges made to a215868a215868."
    ));
    assert_eq!(merge.targets, [Target::Id(sha.into())]);
    assert_eq!(
        revert("Revert \"feat: x (#45)\"\n\nReverts org/repo#45").targets,
        [Target::PullRequest(45)]
    );
    assert_eq!(
        revert("Revert \"feat: x\"").targets,
        [Target::Subject("feat: x".into())]
    );
    assert_eq!(
        revert("Reapply \"feat: x\"").targets,
        [Target::Subject("Revert \"feat: x\"".into())]
    );
    let convention =
        revert("revert: let us never again speak of the noodle incident\n\nRefs: 676104e, a215868");
    assert_eq!(
        convention.targets,
        [Target::Id("676104e".into()), Target::Id("a215868".into())]
    );
    assert_eq!(
        revert("revert(api): feat: x").targets,
        [Target::Subject("feat: x".into())]
    );
}

/// Settles commits given newest first as (id, message); returns what stays.
fn stays(commits: &[(&str, &str)]) -> Vec<String> {
    let parsed = commits
        .iter()
        .map(|(id, message)| Commit::parse(&raw(id, message)))
        .collect();
    let settled = settle(parsed);
    assert_eq!(settled.commits.len() + settled.cancelled.len(), commits.len());
    settled.commits.into_iter().map(|commit| commit.id).collect()
}

#[test]
fn a_revert_and_what_it_reverts_cancel_out() {
    assert_eq!(
        stays(&[
            ("ccccccc3", "Revert \"feat: x\"\n\nThis reverts commit aaaaaaa1."),
            ("bbbbbbb2", "fix: y"),
            ("aaaaaaa1", "feat: x")
        ]),
        ["bbbbbbb2"]
    );
    assert_eq!(
        stays(&[
            ("ccccccc3", "Revert \"feat: x (#45)\" (#46)\n\nReverts o/r#45"),
            ("aaaaaaa1", "feat: x (#45)")
        ]),
        [""; 0]
    );
    assert_eq!(
        stays(&[("ccccccc3", "revert: feat: x"), ("aaaaaaa1", "feat: x (#45)")]),
        [""; 0]
    );
}

#[test]
fn a_revert_of_a_revert_brings_the_change_back() {
    let again = ("ddddddd4", "Reapply \"feat: x\"\n\nThis reverts commit ccccccc3.");
    let undo = ("ccccccc3", "Revert \"feat: x\"\n\nThis reverts commit aaaaaaa1.");
    assert_eq!(stays(&[again, undo, ("aaaaaaa1", "feat: x")]), ["aaaaaaa1"]);
    let third = (
        "eeeeeee5",
        "Revert \"Reapply \"feat: x\"\"\n\nThis reverts commit ddddddd4.",
    );
    assert_eq!(stays(&[third, again, undo, ("aaaaaaa1", "feat: x")]), [""; 0]);
}

#[test]
fn a_revert_of_something_older_stays() {
    let undo = ("ccccccc3", "Revert \"feat: x\"\n\nThis reverts commit 9999999.");
    assert_eq!(stays(&[undo, ("aaaaaaa1", "feat: x")]), ["ccccccc3", "aaaaaaa1"]);
    let half = ("ccccccc3", "revert: both\n\nRefs: aaaaaaa1, 9999999");
    assert_eq!(stays(&[half, ("aaaaaaa1", "feat: x")]), ["ccccccc3"]);
}

#[test]
fn a_revert_takes_back_only_what_came_before_it() {
    assert_eq!(
        stays(&[("aaaaaaa1", "feat: x"), ("ccccccc3", "Revert \"feat: x\"")]),
        ["aaaaaaa1", "ccccccc3"]
    );
}

proptest! {
    #[test]
    fn any_message_is_read(message in any::<String>(), parents in 0_usize..4) {
        let commit = Commit::parse(&RawCommit { parents, ..raw("a", &message) });
        let json = serde_json::to_string(&commit).unwrap();
        prop_assert_eq!(serde_json::from_str::<Commit>(&json).unwrap(), commit);
    }

    #[test]
    fn any_script_is_read(type_ in "\\p{L}{1,8}", scope in "[\\p{L}\\p{N} /.-]{0,6}\\p{L}", text in "\\p{L}[^\\r\\n]{0,30}\\p{L}") {
        let commit = conventional(&format!("{type_}({scope}): {text}"));
        prop_assert_eq!(commit.type_, type_.to_lowercase());
        prop_assert_eq!(commit.scope.as_deref(), Some(scope.trim()));
        prop_assert_eq!(commit.description, text);
    }
}
