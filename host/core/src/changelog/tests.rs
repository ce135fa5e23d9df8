//! Whole sections and whole files.

use jiff::civil::date;
use proptest::prelude::*;
use semver::Version;

use super::*;
use crate::commits::{Commit, RawCommit, settle};

fn commits(messages: &[&str]) -> Vec<Commit> {
    let parse = |(n, message): (usize, &&str)| {
        let (message, author) = (message.to_string(), "Анна <anna@example.org>".to_string());
        Commit::parse(&RawCommit {
            id: format!("{:040x}", n + 1),
            message,
            author,
            at: 0,
            parents: 1,
        })
    };
    settle(messages.iter().enumerate().map(parse).collect()).commits
}

fn rendered(messages: &[&str], template: Option<(&str, &str)>) -> Result<String, TemplateError> {
    let commits = commits(messages);
    let version = Version::new(1, 2, 3);
    let (tag, previous) = ("v1.2.3", Some("v1.2.2"));
    render(
        &Release {
            version: &version,
            tag,
            previous,
            date: date(2026, 3, 15),
            commits: &commits,
        },
        template,
    )
}

fn default(messages: &[&str]) -> String {
    rendered(messages, None).unwrap()
}

fn put(existing: &str) -> String {
    let prepended = prepend(
        existing,
        "## v1.2.3 (2026-03-15)\n\n- x\n",
        &Version::new(1, 2, 3),
        "v1.2.3",
    );
    assert!(prepended.changed);
    prepended.text
}

#[test]
fn the_default_template_is_the_format_of_the_requirements() {
    let text = default(&[
        "docs: not listed",
        "wip",
        "revert: feat: old\n\nRefs: abcdef1",
        "perf(отчёты): считать быстрее (#49)",
        "fix: escape `*` and _ in <b>names</b> & \"quotes\" (#48)",
        "feat(api)!: drop v1 (#47)",
        "feat(auth): вход по СМС (#46)\n\nBREAKING CHANGE: токены старого вида не принимаются\nих надо выпустить заново",
        "feat(scope): description (#45)",
    ]);
    insta::assert_snapshot!(text, @r#"
    ## v1.2.3 (2026-03-15)

    ### Features

    - **scope:** description (#45)
    - **auth:** вход по СМС (#46)

    ### Bug Fixes

    - escape `*` and _ in <b>names</b> & "quotes" (#48)

    ### Breaking Changes

    - **auth:** токены старого вида не принимаются (#46)
      их надо выпустить заново
    - **api:** drop v1 (#47)

    ### Performance

    - **отчёты:** считать быстрее (#49)

    ### Reverts

    - feat: old
    "#);
}

#[test]
fn empty_sections_are_left_out() {
    assert_eq!(
        default(&["fix: x"]),
        "## v1.2.3 (2026-03-15)\n\n### Bug Fixes\n\n- x\n"
    );
    assert_eq!(
        default(&["docs: x"]),
        "## v1.2.3 (2026-03-15)\n\nNo notable changes.\n"
    );
}

#[test]
fn breaking_changes_of_any_type_are_listed() {
    assert_eq!(
        default(&["chore(deps)!: drop Node 6"]),
        "## v1.2.3 (2026-03-15)\n\n### Breaking Changes\n\n- **deps:** drop Node 6\n"
    );
}

#[test]
fn template_syntax_in_a_commit_is_text() {
    assert!(default(&["fix: {{ 7 * 7 }} {% raw %}"]).contains("- {{ 7 * 7 }} {% raw %}\n"));
}

#[test]
fn a_template_of_the_users() {
    let template = "## [{{ version }}] - {{ date }} since {{ previous }}\n{% for section in sections %}\n\
        {% for e in section.entries %}\n* {{ e.description }} ({{ e.short_id }}, {{ e.author }})\n{% endfor %}\n\
        {% endfor %}\n{% for e in others %}\n* {{ e.type }}: {{ e.line }}\n{% endfor %}\n";
    insta::assert_snapshot!(rendered(&["docs: y", "feat: x (#1)"], Some(("my.md.html", template))).unwrap(), @r"
    ## [1.2.3] - 2026-03-15 since v1.2.2
    * x (0000000, Анна <anna@example.org>)
    * docs: y
    ");
}

#[test]
fn template_errors_name_the_place() {
    let error = |template: &str| {
        rendered(&["fix: x"], Some(("notes.j2", template)))
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!([
        error("## {{ tag }}\n{% for x in %}"),
        error("## {{ tag }}\n\n{{ titel }}"),
        error("## {{ tag }}\n{{ tag | shout }}"),
        error("## {{ tag }}\n{% for s in sections %}{{ s.title }}"),
        error("{{ date }}"),
        error(""),
        error("## {{ tag }}\n{% for a in range(99999) %}{% for b in range(99999) %}{{ a * b }}{% endfor %}{% endfor %}"),
    ].join("\n"), @r"
    template `notes.j2`, line 2: syntax error: unexpected end of block: `{% for x in %}`
    template `notes.j2`, line 3: undefined value: `titel` is undefined: `{{ titel }}`
    template `notes.j2`, line 2: unknown filter: filter shout is unknown: `{{ tag | shout }}`
    template `notes.j2`, line 2: syntax error: unexpected end of input, expected end of block: `{% for s in sections %}{{ s.title }}`
    template `notes.j2`: the first line is `2026-03-15`, it must be a heading with the version, e.g. `## {{ tag }}`
    template `notes.j2`: the first line is ``, it must be a heading with the version, e.g. `## {{ tag }}`
    template `notes.j2`, line 2: it renders far too much, or without end: `{% for a in range(99999) %}{% for b in range(99999) %}{{ a * b }}{% endfor %}{% endfor %}`
    ");
}

#[test]
fn notes_are_the_section_without_heading() {
    assert_eq!(
        release_notes("## v1.2.3 (2026-03-15)\n\n### Bug Fixes\n\n- x\n"),
        "### Bug Fixes\n\n- x\n"
    );
    assert_eq!(release_notes("## v1.2.3\r\n\r\n- x\r\n"), "- x\r\n");
    assert_eq!(release_notes("- x\n"), "- x\n");
    assert_eq!(release_notes("## v1.2.3"), "");
}

#[test]
fn a_new_file_gets_a_title() {
    assert_eq!(put(""), "# Changelog\n\n## v1.2.3 (2026-03-15)\n\n- x\n");
    assert_eq!(put("\n"), put(""));
}

#[test]
fn above_the_older_releases() {
    insta::assert_snapshot!(put("# Changelog\n\nAbout this file.\n\n## v1.2.2 (2026-01-01)\n\n- y\n"), @r"
    # Changelog

    About this file.

    ## v1.2.3 (2026-03-15)

    - x

    ## v1.2.2 (2026-01-01)

    - y
    ");
    assert_eq!(put("## 1.2.2\n"), "## v1.2.3 (2026-03-15)\n\n- x\n\n## 1.2.2\n");
    assert_eq!(
        put("### [1.2.2](https://x/compare/v1...v2) (2026-01-01)\n").find("## v1.2.3"),
        Some(0)
    );
    assert_eq!(
        put("\u{feff}## 1.2.2\n"),
        "\u{feff}## v1.2.3 (2026-03-15)\n\n- x\n\n## 1.2.2\n"
    );
    assert_eq!(put("# Changes"), "# Changes\n\n## v1.2.3 (2026-03-15)\n\n- x\n");
}

#[test]
fn unreleased_stays_on_top() {
    insta::assert_snapshot!(
        put("# Changelog\n\n## [Unreleased]\n\n### Added\n\n- z\n\n## [1.2.2] - 2026-01-01\n\n- y\n"), @r"
    # Changelog

    ## [Unreleased]

    ### Added

    - z

    ## v1.2.3 (2026-03-15)

    - x

    ## [1.2.2] - 2026-01-01

    - y
    ");
    assert_eq!(
        put("# C\n\n## Unreleased\n"),
        "# C\n\n## Unreleased\n\n## v1.2.3 (2026-03-15)\n\n- x\n"
    );
    assert_eq!(
        put("# C\n\n## [Unreleased]\n\n- z\n\n[Unreleased]: https://x\n"),
        "# C\n\n## [Unreleased]\n\n- z\n\n## v1.2.3 (2026-03-15)\n\n- x\n\n[Unreleased]: https://x\n"
    );
}

#[test]
fn headings_in_code_are_no_headings() {
    let text = "# C\n\n```\n## v1.2.3\n## v1.0.0\n```\n\n## v1.2.2\n";
    assert_eq!(
        put(text),
        text.replace("## v1.2.2", "## v1.2.3 (2026-03-15)\n\n- x\n\n## v1.2.2")
    );
}

#[test]
fn carriage_returns_are_kept() {
    assert_eq!(
        put("# C\r\n\r\n## v1.2.2\r\n"),
        "# C\r\n\r\n## v1.2.3 (2026-03-15)\r\n\r\n- x\r\n\r\n## v1.2.2\r\n"
    );
}

#[test]
fn a_release_is_put_in_once() {
    for heading in [
        "## v1.2.3 (2026-01-01)",
        "## [1.2.3] - 2026-01-01",
        "## [v1.2.3](https://x)",
        "# 1.2.3",
    ] {
        let text = format!("# C\n\n{heading}\n\n- by hand\n");
        let again = prepend(
            &text,
            "## v1.2.3 (2026-03-15)\n\n- x\n",
            &Version::new(1, 2, 3),
            "v1.2.3",
        );
        assert_eq!(again, Prepended { text, changed: false });
    }
    assert!(put("## v1.2.3-rc.1\n").starts_with("## v1.2.3 (2026-03-15)"));
    assert!(put("## v11.2.3\n").starts_with("## v1.2.3 (2026-03-15)"));
}

proptest! {
    #[test]
    fn nothing_of_the_old_file_is_lost(
        lines in prop::collection::vec("(#{1,3} )?(\\[?v?[01]\\.[0-9]\\.[0-9]\\]?|\\[Unreleased\\]|```|\\p{L}{0,5})", 0..12),
        crlf in any::<bool>(),
    ) {
        let existing = lines.join(if crlf { "\r\n" } else { "\n" });
        let version = Version::new(1, 2, 3);
        let once = prepend(&existing, "## v1.2.3\n\n- x\n", &version, "v1.2.3");
        if once.changed && !existing.trim().is_empty() {
            let kept = (0..=existing.len()).filter(|at| existing.is_char_boundary(*at)).any(|at| {
                once.text.starts_with(&existing[..at]) && once.text.ends_with(&existing[at..])
            });
            prop_assert!(kept, "{:?}", once.text);
        }
        let code_is_closed = lines.iter().filter(|line| line.as_str() == "```").count() % 2 == 0;
        if code_is_closed {
            let twice = prepend(&once.text, "## v1.2.3\n\n- x\n", &version, "v1.2.3");
            prop_assert_eq!((&twice.text, twice.changed), (&once.text, false));
        }
    }

    #[test]
    fn any_description_stands_in_the_section(text in "\\p{L}[^\\r\\n\\p{C}\\p{Z}]{0,20}") {
        let section = default(&[&format!("fix: {text}")]);
        let last = format!("- {text}\n");
        prop_assert!(section.ends_with(&last), "{}", section);
    }
}
