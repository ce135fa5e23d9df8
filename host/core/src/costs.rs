//! What language models cost: the ledger that the gate `ai-review` writes, added up for `runner costs`.
//!
//! The ledger is a file with one JSON object a line. `reserved` is written before a call, with the most that it can cost,
//! `spent` after it, with what it did; both name the same `call`. A `reserved` without its `spent` is a call of which nobody
//! knows whether it was billed: it counts whole. `usd` is null where no price was known, which is not the same as nothing.
//! The form is described in full in `plugins/ai-review/src/ledger.rs`. Main type: [`Ledger`].

mod journaled;

use std::collections::BTreeMap;

pub use journaled::{ledgers, noted};
use serde::Deserialize;

/// Where the ledger is when the config of a check says nothing, relative to the workspace.
pub const DEFAULT_LEDGER: &str = ".runner/ai-costs.jsonl";
/// The version of the lines' form.
const VERSION: u32 = 1;

/// Why a ledger cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A line is no JSON, or lacks something.
    #[error("line {line} of the ledger is not understood: {why}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// It was written by a later `runner`.
    #[error("line {line} of the ledger is of form {form}, and only {VERSION} is known")]
    Form {
        /// From 1.
        line: usize,
        /// What it says.
        form: u32,
    },
}

/// Whether a call was answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Event {
    Reserved,
    Spent,
}

/// One line.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Line {
    ledger: u32,
    event: Event,
    call: String,
    at: String,
    project: String,
    check: String,
    model: String,
    input_tokens: u64,
    cached_tokens: u64,
    output_tokens: u64,
    usd: Option<f64>,
}

/// All calls of a ledger, each once.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    calls: BTreeMap<String, Line>,
}

/// What calls are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// E.g. `2026-11`, in UTC.
    Month,
    /// The project's name.
    Project,
    /// Name of the check.
    Check,
    /// As its maker names it.
    Model,
}

impl Column {
    /// Heads the column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Project => "project",
            Self::Check => "check",
            Self::Model => "model",
        }
    }

    fn of(self, line: &Line) -> &str {
        match self {
            Self::Month => line.month(),
            Self::Project => &line.project,
            Self::Check => &line.check,
            Self::Model => &line.model,
        }
    }
}

/// What some calls come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sum {
    /// How many were made; those that a server refused, or the budget, are none.
    pub calls: u64,
    /// Of these: those of which nobody knows whether they were billed. They count with the most they can have cost.
    pub in_doubt: u64,
    /// All tokens that were read.
    pub input_tokens: u64,
    /// Of these: out of a cache.
    pub cached_tokens: u64,
    /// All tokens that were written.
    pub output_tokens: u64,
    /// US dollars of the calls with a known cost.
    pub usd: f64,
    /// How many have none.
    pub unknown: u64,
}

/// A sum with what its calls have in common, in the order of the columns asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// One value per column.
    pub values: Vec<String>,
    /// What they come to.
    pub sum: Sum,
}

/// Text in rows, for a screen to align.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Heads the columns.
    pub header: Vec<&'static str>,
    /// How many columns from the left are words; the others are numbers.
    pub words: usize,
    /// One for each sum, and a last one for all where there are several.
    pub rows: Vec<Vec<String>>,
}

impl Ledger {
    /// Reads a ledger. Empty lines are passed over, all else must be understood.
    ///
    /// # Errors
    /// The first line that is not.
    pub fn read(text: &str) -> Result<Self, LedgerError> {
        let mut calls: BTreeMap<String, Line> = BTreeMap::new();
        for (place, text) in text.lines().enumerate() {
            if text.trim().is_empty() {
                continue;
            }
            let at = place + 1;
            let wrong = |why: String| LedgerError::Line { line: at, why };
            let line: Line = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
            if line.ledger != VERSION {
                return Err(LedgerError::Form {
                    line: at,
                    form: line.ledger,
                });
            }
            if line.usd.is_some_and(|usd| !usd.is_finite() || usd < 0.0) {
                return Err(wrong("`usd` is below zero".to_owned()));
            }
            match calls.get(&line.call) {
                Some(there) if there.event == Event::Spent => {}
                _ => {
                    calls.insert(line.call.clone(), line);
                }
            }
        }
        Ok(Self { calls })
    }

    /// Whether no call was made.
    pub fn is_empty(&self) -> bool {
        !self.calls.values().any(Line::was_made)
    }

    /// Sums by these columns, in their order; of one month only, where it is given, e.g. `2026-11`.
    pub fn rows(&self, columns: &[Column], month: Option<&str>) -> Vec<Row> {
        let mut sums: BTreeMap<Vec<String>, Sum> = BTreeMap::new();
        for line in self.of(month) {
            let values = columns.iter().map(|column| column.of(line).to_owned()).collect();
            sums.entry(values).or_default().add(line);
        }
        sums.into_iter()
            .map(|(values, sum)| Row { values, sum })
            .collect()
    }

    /// What all calls come to, or those of one month.
    pub fn total(&self, month: Option<&str>) -> Sum {
        let mut total = Sum::default();
        self.of(month).for_each(|line| total.add(line));
        total
    }

    /// The sums as text.
    pub fn table(&self, columns: &[Column], month: Option<&str>) -> Table {
        let titles = columns.iter().map(|column| column.title());
        let numbers = ["calls", "tokens in", "cached", "tokens out", "USD"];
        let mut rows: Vec<Vec<String>> = self
            .rows(columns, month)
            .into_iter()
            .map(|row| [row.values, row.sum.texts()].concat())
            .collect();
        if rows.len() > 1 && !columns.is_empty() {
            let mut all = vec![String::new(); columns.len()];
            "all".clone_into(&mut all[0]);
            rows.push([all, self.total(month).texts()].concat());
        }
        Table {
            header: titles.chain(numbers).collect(),
            words: columns.len(),
            rows,
        }
    }

    fn of(&self, month: Option<&str>) -> impl Iterator<Item = &Line> {
        let is_of = move |line: &&Line| month.is_none_or(|month| line.month() == month);
        self.calls.values().filter(|line| line.was_made()).filter(is_of)
    }
}

impl Line {
    fn month(&self) -> &str {
        self.at.get(..7).unwrap_or(&self.at)
    }

    /// A call that was refused is noted with nothing at all.
    fn was_made(&self) -> bool {
        let nothing = self.input_tokens == 0 && self.output_tokens == 0 && self.usd == Some(0.0);
        self.event == Event::Reserved || !nothing
    }
}

impl Sum {
    fn add(&mut self, line: &Line) {
        self.calls += 1;
        self.in_doubt += u64::from(line.event == Event::Reserved);
        self.input_tokens = self.input_tokens.saturating_add(line.input_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(line.cached_tokens);
        self.output_tokens = self.output_tokens.saturating_add(line.output_tokens);
        match line.usd {
            Some(usd) => self.usd += usd,
            None => self.unknown += 1,
        }
    }

    /// E.g. `0.0312`, `at most 0.1400`, `0.0312 and 2 calls of unknown cost`.
    pub fn cost(&self) -> String {
        let at_most = if self.in_doubt > 0 { "at most " } else { "" };
        let calls = if self.unknown == 1 { "call" } else { "calls" };
        match self.unknown {
            0 => format!("{at_most}{:.4}", self.usd),
            all if all == self.calls => "unknown".to_owned(),
            some => format!("{at_most}{:.4} and {some} {calls} of unknown cost", self.usd),
        }
    }

    fn texts(&self) -> Vec<String> {
        let calls = match self.in_doubt {
            0 => self.calls.to_string(),
            some => format!("{} ({some} in doubt)", self.calls),
        };
        vec![
            calls,
            self.input_tokens.to_string(),
            self.cached_tokens.to_string(),
            self.output_tokens.to_string(),
            self.cost(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(event: &str, call: &str, month: &str, model: &str, tokens: u64, usd: &str) -> String {
        format!(
            "{{\"ledger\":1,\"event\":\"{event}\",\"call\":\"{call}\",\"at\":\"{month}-05T10:00:00.000Z\",\"project\":\"shop\",\"check\":\"review\",\"model\":\"{model}\",\
             \"input-tokens\":{tokens},\"cached-tokens\":0,\"cache-write-tokens\":0,\"output-tokens\":{tokens},\"usd\":{usd}, \"line\":\"{call} {event}\"}}\n"
        )
    }

    fn few() -> String {
        [
            line("reserved", "a", "2026-10", "m", 100, "1.5"),
            line("spent", "a", "2026-10", "m", 10, "0.25"),
            line("reserved", "b", "2026-11", "m", 100, "1.5"),
            line("reserved", "c", "2026-11", "n", 100, "null"),
            line("spent", "c", "2026-11", "n", 20, "null"),
            line("reserved", "d", "2026-11", "m", 100, "1.5"),
            line("spent", "d", "2026-11", "m", 0, "0.0"),
            line("reserved", "e", "2026-11", "n", 100, "0.5"),
            line("spent", "e", "2026-11", "n", 7, "0.125"),
        ]
        .concat()
    }

    fn shown(table: &Table) -> String {
        let header = table.header.iter().map(|&title| title.to_owned()).collect();
        let rows = std::iter::once(header).chain(table.rows.iter().cloned());
        rows.map(|row: Vec<String>| row.join(" | "))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn calls_are_added_up_by_what_is_asked_for() {
        let ledger = Ledger::read(&few()).expect("a ledger");
        insta::assert_snapshot!(shown(&ledger.table(&[Column::Month, Column::Model], None)), @r"
        month | model | calls | tokens in | cached | tokens out | USD
        2026-10 | m | 1 | 10 | 0 | 10 | 0.2500
        2026-11 | m | 1 (1 in doubt) | 100 | 0 | 100 | at most 1.5000
        2026-11 | n | 2 | 27 | 0 | 27 | 0.1250 and 1 call of unknown cost
        all |  | 4 (1 in doubt) | 137 | 0 | 137 | at most 1.8750 and 1 call of unknown cost
        ");
        insta::assert_snapshot!(shown(&ledger.table(&[Column::Check], Some("2026-10"))), @r"
        check | calls | tokens in | cached | tokens out | USD
        review | 1 | 10 | 0 | 10 | 0.2500
        ");
        assert_eq!(ledger.rows(&[Column::Project], Some("2026-09")), []);
        assert!(!ledger.is_empty());
    }

    #[test]
    fn a_ledger_may_be_empty_and_a_refused_call_is_none() {
        for text in ["", "\n\n", &line("spent", "d", "2026-11", "m", 0, "0.0")] {
            let ledger = Ledger::read(text).expect("a ledger");
            assert!(ledger.is_empty(), "{text}");
            assert_eq!(ledger.total(None), Sum::default());
        }
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_line() {
        let first = line("spent", "a", "2026-11", "m", 1, "0.1");
        let said = [
            format!("{first}{{\"ledger\":1,\"ev"),
            format!("{first}\n{{}}"),
            first.replace("\"ledger\":1", "\"ledger\":2"),
            first.replace("0.1", "-0.1"),
            first.replace("0.1", "\"much\""),
        ]
        .map(|text| Ledger::read(&text).expect_err(&text).to_string());
        insta::assert_snapshot!(said.join("\n"), @r#"
        line 2 of the ledger is not understood: EOF while parsing a string at line 1 column 15
        line 3 of the ledger is not understood: missing field `ledger` at line 1 column 2
        line 1 of the ledger is of form 2, and only 1 is known
        line 1 of the ledger is not understood: `usd` is below zero
        line 1 of the ledger is not understood: invalid type: string "much", expected f64 at line 1 column 205
        "#);
    }

    #[test]
    fn the_line_that_the_gate_writes_is_read() {
        let text = r#"{"ledger":1,"event":"spent","call":"r-1 gate/ai-review 1","at":"2026-11-23T10:00:09.000Z","project":"shop","check":"ai-review","model":"m","input-tokens":1100,"cached-tokens":0,"cache-write-tokens":0,"output-tokens":300,"usd":0.008, "line":"r-1 gate/ai-review 1 spent"}"#;
        let total = Ledger::read(text).expect("a ledger").total(Some("2026-11"));
        assert_eq!(
            (total.calls, total.in_doubt, total.cost().as_str()),
            (1, 0, "0.0080")
        );
    }

    proptest! {
        /// However lines of different calls are mixed, as those of two runs at once are, the sum is the same.
        #[test]
        fn the_order_of_calls_does_not_matter(order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let text = few();
            let mut calls: BTreeMap<char, String> = BTreeMap::new();
            for line in text.lines() {
                let call = line.split("\"call\":\"").nth(1).and_then(|rest| rest.chars().next()).expect("a call");
                calls.entry(call).or_default().push_str(&format!("{line}\n"));
            }
            let calls: Vec<_> = calls.into_values().collect();
            let mixed: String = order.iter().map(|&place| calls[place].as_str()).collect();
            let columns = [Column::Month, Column::Model];
            let sums = |text: &str| Ledger::read(text).expect("a ledger").table(&columns, None);
            prop_assert_eq!(sums(&mixed), sums(&text));
        }
    }
}
