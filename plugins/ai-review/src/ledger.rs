//! The ledger: what each call may cost, before it is made, and what it did cost. A plugin keeps nothing between runs, so this
//! file is what a budget is held against; `runner costs` reads it too.
//!
//! One JSON object a line, in two kinds. `reserved` stands before a call is made, with the most that it can cost; `spent`
//! stands after it, with what it did. Both have the same `call`. A `reserved` without its `spent` is a call of which nobody
//! knows whether it was billed, e.g. because the machine died: it counts whole. Of two runs at once each sees what the other
//! has reserved. `line` is unique and stands last, so that a line is written once, however often a step is resumed:
//!
//! ```json
//! {"ledger":1,"event":"reserved","call":"r-1 gate/ai-review 1","at":"2026-11-23T10:00:00.000Z","project":"shop","check":"ai-review","model":"m","input-tokens":1200,"cached-tokens":0,"cache-write-tokens":0,"output-tokens":8192,"usd":0.12, "line":"r-1 gate/ai-review 1 reserved"}
//! {"ledger":1,"event":"spent","call":"r-1 gate/ai-review 1","at":"2026-11-23T10:00:09.000Z","project":"shop","check":"ai-review","model":"m","input-tokens":1100,"cached-tokens":0,"cache-write-tokens":0,"output-tokens":300,"usd":0.008, "line":"r-1 gate/ai-review 1 spent"}
//! ```
//!
//! `input-tokens` are all that were read; `cached-tokens` and `cache-write-tokens` are part of them. `usd` is null where no
//! price is known. `at` is UTC, and its month is the month that the call counts in.

use std::collections::BTreeMap;

use runner_sdk::{Context, Error, Host, WithContext, rfc3339};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::price::Tokens;

/// The largest ledger that is read, in bytes: tens of thousands of calls.
const LARGEST: u32 = 16 * 1024 * 1024;
/// The version of the lines' form.
const VERSION: u32 = 1;

/// What a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Event {
    Reserved,
    Spent,
}

impl Event {
    fn word(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Spent => "spent",
        }
    }
}

/// One line, without the field `line`.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    cache_write_tokens: u64,
    output_tokens: u64,
    usd: Option<f64>,
}

/// The ledger, as one review uses it.
pub(crate) struct Ledger<'a> {
    path: &'a str,
    run: &'a str,
    step: &'a str,
    project: &'a str,
    calls: u32,
}

/// A call that is about to be made.
#[derive(Debug)]
pub(crate) struct Reservation {
    /// Its name in the ledger.
    call: String,
    model: String,
}

/// What the ledger has of a month.
#[derive(Debug, Default)]
pub(crate) struct Month {
    /// By call: what it did cost, or else what was reserved.
    calls: BTreeMap<String, Line>,
}

impl<'a> Ledger<'a> {
    pub(crate) fn of(context: &'a Context<Config>) -> Self {
        Self {
            path: &context.config.ledger,
            run: &context.run_id,
            step: &context.step,
            project: &context.project,
            calls: 0,
        }
    }

    /// Notes a call before it is made.
    pub(crate) fn reserve(
        &mut self,
        host: &impl Host,
        model: &str,
        tokens: Tokens,
        usd: Option<f64>,
    ) -> Result<Reservation, Error> {
        self.calls += 1;
        let reservation = Reservation {
            call: format!("{} {} {}", self.run, self.step, self.calls),
            model: model.to_owned(),
        };
        self.append(host, Event::Reserved, &reservation, tokens, usd)?;
        Ok(reservation)
    }

    /// Notes what it did use.
    pub(crate) fn settle(
        &self,
        host: &impl Host,
        reservation: &Reservation,
        tokens: Tokens,
        usd: Option<f64>,
    ) -> Result<(), Error> {
        self.append(host, Event::Spent, reservation, tokens, usd)
    }

    fn append(
        &self,
        host: &impl Host,
        event: Event,
        reservation: &Reservation,
        tokens: Tokens,
        usd: Option<f64>,
    ) -> Result<(), Error> {
        let line = Line {
            ledger: VERSION,
            event,
            call: reservation.call.clone(),
            at: rfc3339(host.now()),
            project: self.project.to_owned(),
            check: self.step.rsplit('/').next().unwrap_or(self.step).to_owned(),
            model: reservation.model.clone(),
            input_tokens: tokens.input,
            cached_tokens: tokens.cached,
            cache_write_tokens: tokens.cache_write,
            output_tokens: tokens.output,
            usd,
        };
        let text = serde_json::to_string(&line)?;
        let name = serde_json::to_string(&format!("{} {}", line.call, event.word()))?;
        let key = format!("\"line\":{name}}}");
        let text = format!("{}, {key}", text.trim_end_matches('}'));
        host.append_line(self.path, &text, &key)
            .context(format!("writing to the ledger `{}`", self.path))
    }

    /// What the ledger has of the month that it is now.
    pub(crate) fn month(&self, host: &impl Host) -> Result<Month, Error> {
        let now = rfc3339(host.now());
        let text = self.text(host)?;
        Month::read(&text, &now[..7])
            .map_err(|error| error.context(format!("reading the ledger `{}`", self.path)))
    }

    fn text(&self, host: &impl Host) -> Result<String, Error> {
        let content = if self.path.starts_with('/') {
            host.machine_read(None, self.path, LARGEST)?
        } else if host.glob(self.path)?.is_empty() {
            None
        } else {
            Some(host.read_file(self.path, LARGEST)?)
        };
        Ok(String::from_utf8(content.unwrap_or_default())?)
    }
}

impl Month {
    /// The calls of a month, e.g. `2026-11`. A line that is not understood is an error: what it cost would be forgotten.
    fn read(text: &str, month: &str) -> Result<Self, Error> {
        let mut calls: BTreeMap<String, Line> = BTreeMap::new();
        for (place, text) in text.lines().enumerate() {
            if text.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(text).context(format!(
                "line {} is not one of ours, so no budget can be kept: mend or remove it",
                place + 1
            ))?;
            if line.ledger != VERSION {
                return Err(Error::failed(format!(
                    "line {} is of form {}, and only {VERSION} is known: update `runner`",
                    place + 1,
                    line.ledger
                )));
            }
            match calls.get(&line.call) {
                Some(there) if there.event == Event::Spent => {}
                _ => {
                    calls.insert(line.call.clone(), line);
                }
            }
        }
        calls.retain(|_, line| line.at.starts_with(month));
        Ok(Self { calls })
    }

    /// US dollars of all calls but `own`. Where a line has no price, the config's prices are taken; a model that has none
    /// there either is an error.
    pub(crate) fn usd(&self, config: &Config, own: Option<&Reservation>) -> Result<f64, Error> {
        let others = self
            .calls
            .values()
            .filter(|line| own.is_none_or(|own| own.call != line.call));
        let mut sum = 0.0;
        for line in others {
            let usd = line.usd.or_else(|| {
                let price = config.models.get(&line.model)?.price?;
                Some(price.of(line.tokens()))
            });
            sum += usd.filter(|usd| usd.is_finite() && *usd >= 0.0).ok_or_else(|| {
                Error::failed(format!(
                    "the ledger has a call of `{}` this month of which the cost is unknown, so no budget can be kept: add [models.\"{0}\"] with its price",
                    line.model
                ))
            })?;
        }
        Ok(sum)
    }
}

impl Line {
    fn tokens(&self) -> Tokens {
        Tokens {
            input: self.input_tokens,
            cached: self.cached_tokens,
            cache_write: self.cache_write_tokens,
            output: self.output_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use runner_sdk::testing::{ScriptedHost, context};
    use serde_json::json;

    use super::*;

    fn config() -> Context<Config> {
        let reviewers =
            json!({"claude": {"default": []}, "openai": {"default": []}, "person": {"default": []}});
        let model =
            json!({"provider": "anthropic", "context-tokens": 9000, "price": {"input": 1.0, "output": 2.0}});
        context(json!({"reviewers": reviewers, "models": {"m": model}, "checklist": {}}))
    }

    fn line(event: &str, call: &str, month: &str, usd: &str) -> String {
        format!(
            "{{\"ledger\":1,\"event\":\"{event}\",\"call\":\"{call}\",\"at\":\"{month}-05T10:00:00.000Z\",\"project\":\"shop\",\"check\":\"x\",\"model\":\"m\",\
             \"input-tokens\":1000000,\"cached-tokens\":0,\"cache-write-tokens\":0,\"output-tokens\":0,\"usd\":{usd}, \"line\":\"{call} {event}\"}}\n"
        )
    }

    fn sum(text: &str) -> f64 {
        Month::read(text, "2026-11")
            .unwrap()
            .usd(&config().config, None)
            .unwrap()
    }

    #[test]
    fn what_is_spent_takes_the_place_of_what_was_reserved() {
        let text = line("reserved", "a", "2026-11", "0.5")
            + &line("reserved", "b", "2026-11", "0.25")
            + &line("spent", "a", "2026-11", "0.125")
            + &line("reserved", "c", "2026-10", "9")
            + "\n";
        assert_eq!(sum(&text), 0.375);
    }

    #[test]
    fn an_unknown_cost_is_found_by_its_tokens_or_refused() {
        let text = line("spent", "a", "2026-11", "null");
        assert_eq!(sum(&text), 1.0);
        let other = text.replace("\"model\":\"m\"", "\"model\":\"old\"");
        let month = Month::read(&other, "2026-11").unwrap();
        insta::assert_snapshot!(month.usd(&config().config, None).unwrap_err().message(), @r#"the ledger has a call of `old` this month of which the cost is unknown, so no budget can be kept: add [models."old"] with its price"#);
        let negative = line("spent", "a", "2026-11", "-4");
        assert!(
            Month::read(&negative, "2026-11")
                .unwrap()
                .usd(&config().config, None)
                .is_err()
        );
    }

    #[test]
    fn a_line_that_is_not_understood_is_not_passed_over() {
        let half = line("spent", "a", "2026-11", "0.1") + "{\"ledger\":1,\"eve\n";
        insta::assert_snapshot!(Month::read(&half, "2026-11").unwrap_err().message(), @"line 2 is not one of ours, so no budget can be kept: mend or remove it: EOF while parsing a string at line 1 column 16");
        let newer = line("spent", "a", "2026-11", "0.1").replace("\"ledger\":1", "\"ledger\":2");
        insta::assert_snapshot!(Month::read(&newer, "2026-11").unwrap_err().message(), @"line 1 is of form 2, and only 1 is known: update `runner`");
    }

    #[test]
    fn a_line_ends_in_what_makes_it_unique() {
        let context = config();
        let tokens = Tokens {
            input: 12,
            output: 3,
            ..Tokens::default()
        };
        let reserved = "{\"ledger\":1,\"event\":\"reserved\",\"call\":\"run-1 test 1\",\"at\":\"2026-01-01T00:00:00.000Z\",\"project\":\"shop\",\"check\":\"test\",\"model\":\"m\",\"input-tokens\":12,\"cached-tokens\":0,\"cache-write-tokens\":0,\"output-tokens\":3,\"usd\":0.5, \"line\":\"run-1 test 1 reserved\"}";
        let host = ScriptedHost::new()
            .append_line(".runner/ai-costs.jsonl", reserved)
            .with("key", "\"line\":\"run-1 test 1 reserved\"}")
            .append_line(
                ".runner/ai-costs.jsonl",
                &reserved.replace("reserved", "spent").replace("0.5", "null"),
            )
            .glob(".runner/ai-costs.jsonl", [".runner/ai-costs.jsonl"])
            .read_file(".runner/ai-costs.jsonl", reserved);
        let mut ledger = Ledger::of(&context);
        let reservation = ledger.reserve(&host, "m", tokens, Some(0.5)).unwrap();
        ledger.settle(&host, &reservation, tokens, None).unwrap();
        let month = ledger.month(&host).unwrap();
        assert_eq!(month.usd(&context.config, None).unwrap(), 0.5);
        assert_eq!(month.usd(&context.config, Some(&reservation)).unwrap(), 0.0);
    }

    #[test]
    fn there_may_be_none_yet_and_it_may_lie_anywhere() {
        let context = config();
        let host = ScriptedHost::new().glob(".runner/ai-costs.jsonl", [""; 0]);
        let month = Ledger::of(&context).month(&host).unwrap();
        assert_eq!(month.usd(&context.config, None).unwrap(), 0.0);
        let mut context = config();
        context.config.ledger = "/srv/costs.jsonl".into();
        let host = ScriptedHost::new().machine_read(None, "/srv/costs.jsonl", None);
        Ledger::of(&context).month(&host).unwrap();
    }
}
