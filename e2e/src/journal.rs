//! The journal of a run, as `runner show --events` prints it, and what must hold of every journal.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use runner_core::{
    effect::{Nature, Outcome, Request},
    event::{Event, Kind},
    fault::Fault,
    id::Scope,
    run::Run,
};

use crate::Repository;

/// All events of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal(pub Vec<Event>);

impl Journal {
    /// Of the newest run, or of the one that is named.
    pub fn of(repository: &dyn Repository, run: Option<&str>) -> Result<Self> {
        let mut arguments = vec!["show", "--events"];
        arguments.extend(run);
        let text = repository.said(&arguments)?;
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

/// What a journal says of itself, against what must hold of every journal: each effect has exactly one result; a write is
/// written down once, before it is done; what was in doubt at a crash is done again only where that is declared harmless.
#[derive(Debug, Default)]
pub struct Audit {
    /// What is wrong, in words.
    pub wrong: Vec<String>,
    /// Effects in doubt that were done again, being idempotent.
    pub redone: u32,
    /// Effects in doubt that were not done again, being plain writes: the plugin was told so, and looked.
    pub interrupted: u32,
    begun: BTreeMap<(Scope, u32), Nature>,
    results: BTreeMap<(Scope, u32), u32>,
    /// Begun, and without a result when the run was taken up again.
    doubtful: BTreeSet<(Scope, u32)>,
}

impl Audit {
    /// Reads a whole journal.
    pub fn of(journal: &Journal) -> Self {
        let mut audit = Self::default();
        if let Err(error) = Run::fold(&journal.0) {
            audit.wrong.push(format!("the journal does not fold: {error}"));
        }
        journal.0.iter().for_each(|event| audit.take(event));
        let repeated = audit.results.iter().filter(|(_, count)| **count != 1);
        let repeated =
            repeated.map(|((scope, n), count)| format!("effect {n} of {scope} has {count} results"));
        let ended = journal
            .0
            .iter()
            .any(|event| matches!(event.kind, Kind::RunFinished { .. }));
        let open = audit
            .begun
            .keys()
            .filter(|key| ended && !audit.results.contains_key(key));
        let open =
            open.map(|(scope, n)| format!("effect {n} of {scope} has no result, and the run has ended"));
        let more: Vec<_> = repeated.chain(open).collect();
        audit.wrong.extend(more);
        audit
    }

    fn take(&mut self, event: &Event) {
        match &event.kind {
            Kind::RunResumed { .. } => {
                let open = self.begun.keys().filter(|key| !self.results.contains_key(key));
                self.doubtful = open.cloned().collect();
            }
            Kind::EffectStarted { scope, n, request } => self.started((scope.clone(), *n), request),
            Kind::EffectFinished {
                scope,
                n,
                request,
                result,
            } => self.finished((scope.clone(), *n), request.as_ref(), result),
            _ => {}
        }
    }

    fn started(&mut self, key: (Scope, u32), request: &Request) {
        let (what, nature) = (request.summary(), request.nature());
        if let Some(earlier) = self.begun.get(&key) {
            let (scope, n) = &key;
            self.wrong.push(format!(
                "effect {n} of {scope}, {earlier:?}, was begun again: {what}"
            ));
        }
        self.begun.insert(key, nature);
    }

    fn finished(&mut self, key: (Scope, u32), request: Option<&Request>, result: &Outcome) {
        let (scope, n) = &key;
        let denied = matches!(result, Err(Fault::Denied { .. }));
        match (request, self.begun.get(&key)) {
            (Some(request), _) if request.nature() != Nature::Read && !denied => {
                let what = request.summary();
                self.wrong
                    .push(format!("effect {n} of {scope} was not written ahead: {what}"));
            }
            (None, None) => self
                .wrong
                .push(format!("effect {n} of {scope} has a result, and never began")),
            (None, Some(Nature::Write)) if self.doubtful.remove(&key) => {
                self.interrupted += 1;
                if !matches!(result, Err(Fault::Interrupted { .. })) {
                    self.wrong
                        .push(format!("effect {n} of {scope} was in doubt, and done again"));
                }
            }
            (None, Some(_)) if self.doubtful.remove(&key) => self.redone += 1,
            _ => {}
        }
        *self.results.entry(key).or_default() += 1;
    }
}
