//! What a plan lists, against what the run after it wrote.

use std::collections::BTreeMap;

use regex_lite::Regex;
use runner_core::{
    event::{Event, Kind},
    id::Scope,
    output::Output,
    step::Transition,
};

use crate::{Ended, Journal, Plain};

/// The writes that a plan lists, and the conversations that it did not see to their end.
#[derive(Debug, Default)]
pub struct Listed {
    /// In words, by conversation, in order.
    pub writes: BTreeMap<Scope, Vec<String>>,
    unforeseen: Vec<Scope>,
}

impl Listed {
    /// Of a plan that has ended.
    pub fn of(plan: &Ended) -> Self {
        let mut listed = Self::default();
        plan.events.iter().for_each(|event| listed.take(event));
        listed
    }

    fn take(&mut self, event: &Event) {
        match &event.kind {
            Kind::Planned(write) => {
                let writes = self.writes.entry(write.scope.clone()).or_default();
                writes.push(Plain::timeless(&write.request.summary()));
                if !write.foreseen {
                    self.unforeseen.push(write.scope.clone());
                }
            }
            Kind::Step {
                step,
                transition:
                    Transition::Succeeded {
                        output: Output::Skipped(_),
                    },
            } => self.unforeseen.push(step.scope()),
            _ => {}
        }
    }

    /// Where the run did something else than was listed, in words. What the plan did not foresee to its end may go on.
    pub fn differences(&self, journal: &Journal) -> Vec<String> {
        // A run has its own id and its own times, and says so in some names; of what is not built yet the plan says `unbuilt`
        // for its digest.
        let release = Regex::new(r"(releases/\d+\.\d+\.\d+)-[0-9a-f]{12}\b").expect("a pattern of ours");
        let venv = Regex::new(r"\bvenvs/[0-9a-f]{12}\b").expect("a pattern of ours");
        let as_planned = |write: &String| {
            let write = Plain::timeless(write);
            let write = release.replace_all(&write, "$1-unbuilt");
            venv.replace_all(&write, "venvs/unbuilt").into_owned()
        };
        let writes = journal.writes().into_iter();
        let done: BTreeMap<Scope, Vec<String>> = writes
            .map(|(scope, done)| (scope, done.iter().map(as_planned).collect()))
            .collect();
        let mut differences = Vec::new();
        for (scope, planned) in &self.writes {
            let done = done.get(scope).cloned().unwrap_or_default();
            let as_listed = match self.unforeseen.contains(scope) {
                true => done.starts_with(planned),
                false => *planned == done,
            };
            if !as_listed {
                differences.push(format!("{scope}: planned {planned:#?}, done {done:#?}"));
            }
        }
        let unknown = done
            .iter()
            .filter(|(scope, _)| !self.writes.contains_key(scope) && !self.unforeseen.contains(scope));
        differences.extend(unknown.map(|(scope, done)| format!("{scope} was not in the plan: {done:#?}")));
        differences
    }
}
