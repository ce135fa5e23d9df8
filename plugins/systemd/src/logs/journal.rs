//! The journal of the server, as far as it is of an environment's units: what they print, and what systemd says of them.

use std::collections::BTreeMap;

use runner_sdk::logs::Line;
use runner_sdk::{Error, Exit, Host, Instant};
use serde_json::Value;

use crate::machine::{Machine, command, sudo};

/// The most entries that are read at once while following.
const AT_ONCE: u32 = 1000;
/// The most bytes of entries that are read at once.
const CAPTURE: u32 = 8 * 1024 * 1024;
/// As JSON, long messages too, and of each entry no more than is needed.
const JOURNALCTL: [&str; 7] = [
    "journalctl",
    "--no-pager",
    "--all",
    "--output",
    "json",
    "--output-fields",
    "MESSAGE,_SYSTEMD_UNIT,UNIT",
];

/// Entries of the journal.
pub(super) struct Read {
    pub(super) lines: Vec<Line>,
    /// Of the last entry, or of the journal's end where there is none; none of an empty journal.
    pub(super) cursor: Option<String>,
    pub(super) note: Option<String>,
}

/// The newest entries. systemd gives the oldest of them where both a number and a time are asked for, but for `--reverse`.
pub(super) fn recent<H: Host>(
    machine: &Machine<'_, H>,
    units: &BTreeMap<String, String>,
    since: Option<Instant>,
    max: u32,
) -> Result<Read, Error> {
    let since = since.map(|at| format!("@{}.{:03}", at / 1000, at % 1000));
    let mut start = vec!["--reverse"];
    start.extend(since.iter().flat_map(|since| ["--since", since.as_str()]));
    let (mut entries, lines) = ask(machine, units, &start, max)?;
    let mut end = entries.first().and_then(cursor_of);
    if end.is_none() {
        // Where following begins, when nothing is there yet. What is written between these two calls is not passed over.
        end = tail(machine)?;
        entries = ask(machine, units, &start, max)?.0;
        end = entries.first().and_then(cursor_of).or(end);
    }
    let note = (lines < max).then(|| format!("the journal's entries are long: the newest {lines} of them"));
    Ok(Read {
        lines: entries
            .iter()
            .rev()
            .flat_map(|entry| entry_lines(units, entry))
            .collect(),
        cursor: end,
        note,
    })
}

/// The entries after one. `--after-cursor` of systemd 252 passes over an entry where the cursor's own is of another unit;
/// `--cursor` begins with the cursor's own, if it is of these units.
pub(super) fn more<H: Host>(
    machine: &Machine<'_, H>,
    units: &BTreeMap<String, String>,
    cursor: Option<&str>,
) -> Result<Read, Error> {
    let start: Vec<&str> = cursor.iter().flat_map(|cursor| ["--cursor", cursor]).collect();
    let (mut entries, _) = ask(machine, units, &start, AT_ONCE)?;
    if entries.first().and_then(cursor_of).as_deref() == cursor {
        entries.drain(..1.min(entries.len()));
    }
    Ok(Read {
        cursor: entries.last().and_then(cursor_of),
        lines: entries
            .iter()
            .flat_map(|entry| entry_lines(units, entry))
            .collect(),
        note: None,
    })
}

/// Asks for entries, for fewer where they are too long; with the number of them that was asked for.
fn ask<H: Host>(
    machine: &Machine<'_, H>,
    units: &BTreeMap<String, String>,
    start: &[&str],
    max: u32,
) -> Result<(Vec<Value>, u32), Error> {
    let mut lines = max;
    loop {
        let exit = run(machine, start, lines, &matches(units))?;
        if !exit.truncated || lines <= 1 {
            return Ok((entries(&exit), lines));
        }
        lines = (lines / 4).max(1);
    }
}

/// Where the journal ends now.
fn tail<H: Host>(machine: &Machine<'_, H>) -> Result<Option<String>, Error> {
    let exit = run(machine, &["--reverse"], 1, &[])?;
    Ok(entries(&exit).first().and_then(cursor_of))
}

fn run<H: Host>(
    machine: &Machine<'_, H>,
    start: &[&str],
    lines: u32,
    matches: &[String],
) -> Result<Exit, Error> {
    let lines = lines.to_string();
    let words: Vec<&str> = JOURNALCTL
        .into_iter()
        .chain(start.iter().copied())
        .chain(["--lines", &lines, "--"])
        .chain(matches.iter().map(String::as_str))
        .collect();
    let asked = command(&sudo(&words))
        .read()
        .timeout(std::time::Duration::from_secs(60))
        .capture(CAPTURE);
    machine.run(&asked)?.require_success("reading the journal")
}

/// What the units print, or what systemd says of them. The same field twice means either.
fn matches(units: &BTreeMap<String, String>) -> Vec<String> {
    let printed = units.keys().map(|unit| format!("_SYSTEMD_UNIT={unit}"));
    let told = units.keys().map(|unit| format!("UNIT={unit}"));
    printed
        .chain(["+".to_owned(), "_PID=1".to_owned()])
        .chain(told)
        .collect()
}

/// One a line; what is none is passed over.
fn entries(exit: &Exit) -> Vec<Value> {
    let text = exit.stdout_text();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn cursor_of(entry: &Value) -> Option<String> {
    entry["__CURSOR"].as_str().map(str::to_owned)
}

/// The lines of an entry's message.
fn entry_lines(units: &BTreeMap<String, String>, entry: &Value) -> Vec<Line> {
    let of = |field: &str| units.get(entry[field].as_str()?);
    let Some(source) = of("_SYSTEMD_UNIT").or_else(|| of("UNIT")) else {
        return Vec::new();
    };
    let micros: Option<u64> = entry["__REALTIME_TIMESTAMP"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let text = message(&entry["MESSAGE"]);
    text.split('\n')
        .map(|line| Line {
            at: micros.map(|micros| micros / 1000),
            source: source.clone(),
            text: line.trim_end_matches('\r').to_owned(),
        })
        .collect()
}

/// Text, or its bytes as numbers where it is not plain text.
fn message(value: &Value) -> String {
    let Value::Array(parts) = value else {
        return value.as_str().unwrap_or_default().to_owned();
    };
    let byte = |part: &Value| part.as_u64().and_then(|byte| u8::try_from(byte).ok());
    match parts.iter().map(byte).collect::<Option<Vec<u8>>>() {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        // The field stands there several times.
        None => parts.iter().map(message).collect::<Vec<_>>().join("\n"),
    }
}
