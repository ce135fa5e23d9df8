//! The files of the fixture's runs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::{
    event::{Event, Kind},
    fixture::{self, Story},
};

fn stories() -> [(&'static str, Story); 6] {
    [
        ("released", fixture::released()),
        ("rolled-back", fixture::rolled_back()),
        ("stuck", fixture::stuck()),
        ("blocked", fixture::blocked()),
        ("rejected", fixture::rejected()),
        ("returned", fixture::returned()),
    ]
}

fn ending(story: &Story) -> Ending {
    Ending {
        end: story.end,
        summary: story.summary.clone(),
        by_hand: story.by_hand.clone(),
    }
}

fn files(story: &Story) -> Vec<File> {
    render(&story.run, &ending(story), story.at)
}

fn content(story: &Story, path: &str) -> String {
    let file = files(story).into_iter().find(|file| file.path == path);
    file.unwrap_or_else(|| panic!("there is no file `{path}`"))
        .content
}

fn summary(story: &Story) -> Value {
    serde_json::from_str(&content(story, "_summary.json")).unwrap()
}

/// To look at the files, name a folder in `RUNNER_TEST_PAGES`.
#[test]
fn a_run_leaves_these_files() {
    let mut listing = String::new();
    for (name, story) in &stories() {
        listing.push_str(&format!("{name}\n"));
        for file in files(story) {
            listing.push_str(&format!("  {} {}\n", file.path, file.media_type));
            if let Some(folder) = std::env::var_os("RUNNER_TEST_PAGES") {
                let folder = std::path::Path::new(&folder).join(name);
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join(&file.path), &file.content).unwrap();
            }
        }
    }
    insta::assert_snapshot!(listing);
}

#[test]
fn the_summary_has_its_shape_and_its_order() {
    let schema: Value = serde_json::from_str(SUMMARY_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, story) in &stories() {
        let summary = summary(story);
        let errors: Vec<String> = validator
            .iter_errors(&summary)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let text = content(story, "_summary.json");
        let required = schema["required"].as_array().unwrap();
        let places: Vec<_> = required
            .iter()
            .map(|key| {
                text.find(&format!("\n  {key}:"))
                    .unwrap_or_else(|| panic!("{name} has no {key}"))
            })
            .collect();
        assert!(places.is_sorted(), "{name}: {required:?} are at {places:?}");
    }
}

#[test]
fn the_summary_of_each_end() {
    let said = stories().map(|(name, story)| {
        let summary = summary(&story);
        let fields = [
            "command",
            "status",
            "environment",
            "deployedVersion",
            "rollbackAvailable",
        ];
        let values: Vec<String> = fields.iter().map(|field| summary[field].to_string()).collect();
        let gate = &summary["qualityGateResults"];
        format!(
            "{name}: {}; {} passed, {} failed, {}",
            values.join(" "),
            gate["passed"],
            gate["failed"],
            summary["counts"]
        )
    });
    insta::assert_snapshot!(said.join("\n"), @r#"
    released: "/release" "completed" "prod" "v1.3.0" true; 5 passed, 0 failed, {"critical":0,"high":0,"total":5}
    rolled-back: "/release" "rolled-back" "prod" "v1.2.3" false; 5 passed, 0 failed, {"critical":0,"high":0,"total":5}
    stuck: "/release" "stuck" "prod" null true; 5 passed, 0 failed, {"critical":0,"high":0,"total":5}
    blocked: "/release" "blocked" null null false; 3 passed, 2 failed, {"critical":1,"high":1,"total":5}
    rejected: "/release" "rejected" "staging" "v1.3.0" true; 5 passed, 0 failed, {"critical":0,"high":0,"total":5}
    returned: "/rollback" "completed" "prod" "v1.2.3" false; 0 passed, 0 failed, {"critical":0,"high":0,"total":0}
    "#);
}

#[test]
fn every_end_has_a_status() {
    let ends = [
        (End::Released, "completed"),
        (End::Blocked, "blocked"),
        (End::Rejected, "rejected"),
        (End::RolledBack, "rolled-back"),
        (End::Stuck, "stuck"),
        (End::Cancelled, "cancelled"),
        (End::NothingToRelease, "nothing-to-release"),
    ];
    let mut story = fixture::blocked();
    for (end, status) in ends {
        story.end = end;
        assert_eq!(summary(&story)["status"], status);
    }
}

#[test]
fn the_gate_report_of_a_blocked_run() {
    insta::assert_snapshot!(content(&fixture::blocked(), "quality-gate-report.json"));
}

#[test]
fn the_summary_of_a_released_run() {
    insta::assert_snapshot!(content(&fixture::released(), "_summary.json"));
}

#[test]
fn junit_of_a_blocked_run() {
    insta::assert_snapshot!(content(&fixture::blocked(), "junit.xml"));
}

#[test]
fn junit_of_a_released_run() {
    insta::assert_snapshot!(content(&fixture::released(), "junit.xml"));
}

#[test]
fn the_deploy_log_of_a_rollback() {
    insta::assert_snapshot!(content(
        &fixture::rolled_back(),
        "deploy-log-prod-20260315T100120Z.md"
    ));
}

#[test]
fn the_deploy_log_of_a_stuck_run() {
    insta::assert_snapshot!(content(&fixture::stuck(), "deploy-log-prod-20260315T100120Z.md"));
}

#[test]
fn the_changelog_is_the_releases_own() {
    let changelog = content(&fixture::released(), "changelog-v1.3.0.md");
    assert!(
        changelog.starts_with("## v1.3.0 (2026-03-15)\n\n### Features\n"),
        "{changelog}"
    );
    assert!(changelog.contains("письма на русском (#47)"), "{changelog}");
}

/// A resumed run has events of its own, and the step `report` may have been begun, or even done, before.
#[test]
fn a_resumed_run_leaves_the_same_files() {
    for (name, story) in &stories() {
        let wanted = files(story);
        for place in 1..story.events.len() {
            let mut events = story.events.clone();
            let resumed = Event {
                kind: Kind::RunResumed {
                    by: "vera".to_owned(),
                    host: "laptop".to_owned(),
                },
                ..events[place].clone()
            };
            events.insert(place, resumed);
            for (seq, event) in events.iter_mut().enumerate() {
                event.seq = Some(seq as u64);
            }
            let run = Run::fold(&events).unwrap().unwrap();
            assert_eq!(
                render(&run, &ending(story), story.at),
                wanted,
                "{name}, resumed at {place}"
            );
        }
    }
}

#[test]
fn no_file_tells_of_its_own_making() {
    for (name, story) in &stories() {
        for file in files(story) {
            for line in file.content.lines() {
                let tells = line.contains(">report<") || line.contains("| report |");
                assert!(!tells, "{name}/{}: {line}", file.path);
            }
        }
    }
}

#[test]
fn what_others_wrote_is_not_markup() {
    let mut story = fixture::stuck();
    let evil = "</title><script>alert(1)</script>\"'&<img src=x>";
    story.run.header.profile.project.name = evil.to_owned();
    story.run.header.by = evil.to_owned();
    story.summary = evil.to_owned();
    story.by_hand = vec![evil.to_owned()];
    let page = content(&story, "report.html");
    for markup in ["<script", "<img"] {
        let found = page.matches(markup).count();
        assert_eq!(found, 0, "{markup} stands in the page {found} times");
    }
    let junit = content(&story, "junit.xml");
    assert!(junit.contains("&lt;script&gt;"), "{junit}");
}

/// Not a browser's test, but what is not closed, or named twice, shows here.
#[test]
fn the_page_is_one_well_formed_file() {
    for (name, story) in &stories() {
        let page = content(story, "report.html");
        for elsewhere in ["src=", "<link", "@import", "url(http", "<script"] {
            assert!(!page.contains(elsewhere), "{name}: the page has `{elsewhere}`");
        }
        let body = &page[page.find("<body>").unwrap()..page.find("</html>").unwrap()];
        let mut reader = quick_xml::Reader::from_str(body);
        let mut ids = BTreeSet::new();
        loop {
            match reader
                .read_event()
                .unwrap_or_else(|error| panic!("{name}: {error}"))
            {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                    if let Some(id) = tag.try_get_attribute("id").unwrap() {
                        assert!(ids.insert(id.value.to_string()), "{name}: {:?} twice", id.value);
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn each_svg_and_each_table_says_what_it_is() {
    let page = content(&fixture::rolled_back(), "report.html");
    assert_eq!(page.matches("<table").count(), page.matches("<caption>").count());
    let pictures = page.matches("role=\"img\" aria-labelledby").count();
    assert_eq!(page.matches("<desc id=").count(), pictures);
    assert_eq!(
        pictures,
        1 + 2 * 4,
        "the timeline, and four rules in two environments"
    );
}

#[test]
fn a_path_of_a_prefixed_tag_is_a_name() {
    assert_eq!(file_name("shop/v1.2.3-rc.1+5"), "shop-v1.2.3-rc.1+5");
    assert_eq!(file_name("../пр"), "..---");
}
