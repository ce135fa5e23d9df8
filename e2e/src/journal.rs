//! The journal of a run, as `runner show --events` prints it, and what must hold of every journal.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use runner_core::{
    effect::Nature,
    event::{Event, Kind},
    id::Scope,
    run::Run,
};

use crate::Scratch;

/// All events of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal(pub Vec<Event>);

impl Journal {
    /// Of the newest run, or of the one that is named.
    pub fn of(scratch: &Scratch, run: Option<&str>) -> Result<Self> {
        let mut arguments = vec!["show", "--events"];
        arguments.extend(run);
        let text = scratch.said(&arguments)?;
        let events = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Self(events))
    }

    /// The writes that were begun, in order, in words, by conversation.
    pub fn writes(&self) -> BTreeMap<Scope, Vec<String>> {
        let mut writes: BTreeMap<Scope, Vec<String>> = BTreeMap::new();
        for event in &self.0 {
            if let Kind::EffectStarted { scope, request, .. } = &event.kind {
                writes.entry(scope.clone()).or_default().push(request.summary());
            }
        }
        writes
    }
}

/// What is wrong with a journal: every effect has exactly one result; a write is written down once before it is done, and
/// done again only when it was in doubt at a crash and may be.
pub fn complaints(journal: &Journal) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Err(error) = Run::fold(&journal.0) {
        wrong.push(format!("the journal does not fold: {error}"));
    }
    let mut begun: BTreeMap<(Scope, u32), Nature> = BTreeMap::new();
    let mut results: BTreeMap<(Scope, u32), u32> = BTreeMap::new();
    let mut doubtful: BTreeSet<(Scope, u32)> = BTreeSet::new();
    for event in &journal.0 {
        match &event.kind {
            Kind::RunResumed { .. } => {
                doubtful = begun
                    .keys()
                    .filter(|key| !results.contains_key(key))
                    .cloned()
                    .collect();
            }
            Kind::EffectStarted { scope, n, request } => {
                let key = (scope.clone(), *n);
                if begun.insert(key, request.nature()).is_some() {
                    wrong.push(format!(
                        "effect {n} of {scope} was begun twice: {}",
                        request.summary()
                    ));
                }
            }
            Kind::EffectFinished {
                scope, n, request, ..
            } => {
                let key = (scope.clone(), *n);
                *results.entry(key.clone()).or_default() += 1;
                let began = begun.contains_key(&key);
                match request {
                    Some(request) if request.nature() != Nature::Read && !is_denied(event) => {
                        wrong.push(format!(
                            "effect {n} of {scope} was not written ahead: {}",
                            request.summary()
                        ));
                    }
                    None if !began => {
                        wrong.push(format!("effect {n} of {scope} has a result, and never began"))
                    }
                    _ => {}
                }
                doubtful.remove(&key);
            }
            _ => {}
        }
    }
    for ((scope, n), count) in &results {
        if *count != 1 {
            wrong.push(format!("effect {n} of {scope} has {count} results"));
        }
    }
    let ended = journal
        .0
        .iter()
        .any(|event| matches!(event.kind, Kind::RunFinished { .. }));
    let open = begun.keys().filter(|key| ended && !results.contains_key(key));
    wrong
        .extend(open.map(|(scope, n)| format!("effect {n} of {scope} has no result, and the run has ended")));
    wrong
}

/// A write that no grant allows is refused, and not begun.
fn is_denied(event: &Event) -> bool {
    let Kind::EffectFinished { result, .. } = &event.kind else {
        return false;
    };
    matches!(result, Err(runner_core::fault::Fault::Denied { .. }))
}
