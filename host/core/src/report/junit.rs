//! `junit.xml`, which every CI system shows: a suite of the gate, and one of each environment's smoke checks.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{
    File, SHOWN_FINDINGS,
    facts::{Check, CheckStatus, Facts},
    time,
};

type Xml = Writer<Vec<u8>>;

pub(super) fn file(facts: &Facts) -> File {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut xml, facts).expect("a buffer can be written to");
    let mut content = String::from_utf8(xml.into_inner()).expect("UTF-8 was written");
    content.push('\n');
    File {
        path: "junit.xml".to_owned(),
        media_type: "application/xml",
        content,
    }
}

fn write(xml: &mut Xml, facts: &Facts) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites = xml
        .create_element("testsuites")
        .with_attribute(("name", clean(&facts.project).as_str()));
    suites.write_inner_content(|xml| {
        suite(xml, "gate", &facts.gate.checks)?;
        for environment in &facts.environments {
            suite(xml, &format!("{}.smoke", environment.name), &environment.smoke)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn suite(xml: &mut Xml, name: &str, checks: &[Check]) -> io::Result<()> {
    if checks.is_empty() {
        return Ok(());
    }
    let count = |status| {
        checks
            .iter()
            .filter(|check| check.status == status)
            .count()
            .to_string()
    };
    let total: u64 = checks.iter().filter_map(|check| check.duration_ms).sum();
    let mut element = xml
        .create_element("testsuite")
        .with_attribute(("name", clean(name).as_str()))
        .with_attribute(("tests", checks.len().to_string().as_str()))
        .with_attribute(("failures", count(CheckStatus::Failed).as_str()))
        .with_attribute(("errors", count(CheckStatus::Error).as_str()))
        .with_attribute(("skipped", count(CheckStatus::NotRun).as_str()))
        .with_attribute(("time", seconds(total).as_str()));
    if let Some(start) = checks.iter().filter_map(|check| check.start).min() {
        element = element.with_attribute(("timestamp", time::second(start).as_str()));
    }
    element.write_inner_content(|xml| checks.iter().try_for_each(|check| case(xml, name, check)))?;
    Ok(())
}

fn case(xml: &mut Xml, suite: &str, check: &Check) -> io::Result<()> {
    let element = xml
        .create_element("testcase")
        .with_attribute(("name", clean(&check.name).as_str()))
        .with_attribute(("classname", clean(suite).as_str()))
        .with_attribute(("time", seconds(check.duration_ms.unwrap_or(0)).as_str()));
    let child = match check.status {
        CheckStatus::Passed => {
            element.write_empty()?;
            return Ok(());
        }
        CheckStatus::Failed => "failure",
        CheckStatus::Error => "error",
        CheckStatus::NotRun => "skipped",
    };
    element.write_inner_content(|xml| {
        let child = xml
            .create_element(child)
            .with_attribute(("message", clean(&check.summary).as_str()));
        match text(check) {
            text if text.is_empty() => child.write_empty()?,
            text => child.write_text_content(BytesText::new(&text))?,
        };
        Ok(())
    })?;
    Ok(())
}

/// The hint and the findings, a line each.
fn text(check: &Check) -> String {
    let place = |path: &str, line: Option<u32>| match line {
        Some(line) => format!("{path}:{line}: "),
        None => format!("{path}: "),
    };
    let findings = check.findings.iter().take(SHOWN_FINDINGS).map(|finding| {
        let place = finding
            .path
            .as_deref()
            .map(|path| place(path, finding.line))
            .unwrap_or_default();
        let rule = finding
            .rule
            .as_ref()
            .map(|rule| format!(" [{rule}]"))
            .unwrap_or_default();
        format!("{}: {place}{}{rule}", finding.severity.word(), finding.message)
    });
    let more = check.findings.len().saturating_sub(SHOWN_FINDINGS);
    let more = (more > 0).then(|| format!("{more} more in quality-gate-report.json"));
    let lines: Vec<String> = check.hint.iter().cloned().chain(findings).chain(more).collect();
    clean(&lines.join("\n"))
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// Without the characters that XML 1.0 cannot hold, not even escaped.
fn clean(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars()
        .map(|c| if allowed(c) { c } else { '\u{fffd}' })
        .collect()
}
