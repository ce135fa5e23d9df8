//! The state of a run: a pure fold over its journal. A live run and a resumed one use the same fold.

use std::collections::BTreeMap;

use crate::{
    effect::{Outcome, Request},
    event::{End, Event, Header, JOURNAL_VERSION, Kind},
    id::{EnvironmentName, RunId, Scope, StepId},
    output::{Output, Preflight},
    release::Release,
    step::{IllegalTransition, Status},
};

/// One effect as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// What was asked for.
    pub request: Request,
    /// None: it was begun and has no result, so it is in doubt.
    pub result: Option<Outcome>,
}

/// State of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// What it started from.
    pub header: Header,
    /// When it started, milliseconds since the epoch.
    pub started: u64,
    /// Events kept so far; the next one's place.
    pub length: u64,
    /// Every step that has begun.
    pub steps: BTreeMap<StepId, Status>,
    /// When each step began and ended last, milliseconds since the epoch.
    pub times: BTreeMap<StepId, (u64, Option<u64>)>,
    /// Every conversation of effects.
    pub effects: BTreeMap<Scope, Vec<Recorded>>,
    /// Who asked for it to be cancelled.
    pub cancelled_by: Option<String>,
    /// How it ended.
    pub end: Option<(End, String, Vec<String>)>,
    /// When it ended.
    pub ended: Option<u64>,
}

/// A journal that `runner` did not write, or not this `runner`.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum FoldError {
    /// The first event is not `run-started`.
    #[error("the journal of run `{0}` does not begin with `run-started`")]
    NoHeader(RunId),
    /// A form of a later `runner`.
    #[error(
        "the journal of run `{run}` has version {found}, this runner reads {JOURNAL_VERSION}: use the newer runner"
    )]
    Version {
        /// The run.
        run: RunId,
        /// Its version.
        found: u32,
    },
    /// A place is missing or taken twice.
    #[error("the journal of run `{run}` has event {found} where {expected} belongs")]
    Gap {
        /// The run.
        run: RunId,
        /// What belongs there.
        expected: u64,
        /// What stands there.
        found: u64,
    },
    /// A step did what it cannot have done.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// A result of an effect that was never begun.
    #[error("the journal has a result for effect {n} of `{scope}`, which was never begun")]
    Effect {
        /// The conversation.
        scope: Scope,
        /// The place there.
        n: u32,
    },
}

impl Run {
    /// Folds a whole journal.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Option<Self>, FoldError> {
        let mut events = events.into_iter();
        let Some(first) = events.next() else {
            return Ok(None);
        };
        let mut run = Self::begin(first)?;
        for event in events {
            run.apply(event)?;
        }
        Ok(Some(run))
    }

    /// The state after the first event.
    pub fn begin(event: &Event) -> Result<Self, FoldError> {
        let Kind::RunStarted(header) = &event.kind else {
            return Err(FoldError::NoHeader(event.run.clone()));
        };
        if header.journal != JOURNAL_VERSION {
            return Err(FoldError::Version {
                run: event.run.clone(),
                found: header.journal,
            });
        }
        Ok(Self {
            id: event.run.clone(),
            header: (**header).clone(),
            started: event.at,
            length: 1,
            steps: BTreeMap::new(),
            times: BTreeMap::new(),
            effects: BTreeMap::new(),
            cancelled_by: None,
            end: None,
            ended: None,
        })
    }

    /// The state after one more event. What is not kept changes nothing.
    pub fn apply(&mut self, event: &Event) -> Result<(), FoldError> {
        let Some(seq) = event.seq else { return Ok(()) };
        if seq != self.length {
            return Err(FoldError::Gap {
                run: self.id.clone(),
                expected: self.length,
                found: seq,
            });
        }
        match &event.kind {
            Kind::Step { step, transition } => {
                let status = self.steps.entry(step.clone()).or_default();
                *status = status.next(step, transition)?;
                self.time(step, event.at);
            }
            Kind::EffectStarted { scope, n, request } => {
                self.effect(
                    scope,
                    *n,
                    Recorded {
                        request: request.clone(),
                        result: None,
                    },
                )?;
            }
            Kind::EffectFinished {
                scope,
                n,
                request: Some(request),
                result,
            } => {
                let recorded = Recorded {
                    request: request.clone(),
                    result: Some(result.clone()),
                };
                self.effect(scope, *n, recorded)?;
            }
            Kind::EffectFinished {
                scope,
                n,
                request: None,
                result,
            } => {
                let place = self
                    .effects
                    .get_mut(scope)
                    .and_then(|all| all.get_mut(*n as usize));
                let Some(recorded) = place else {
                    return Err(FoldError::Effect {
                        scope: scope.clone(),
                        n: *n,
                    });
                };
                recorded.result = Some(result.clone());
            }
            Kind::CancelRequested { by } => self.cancelled_by = Some(by.clone()),
            Kind::RunFinished {
                end,
                summary,
                by_hand,
            } => {
                self.end = Some((*end, summary.clone(), by_hand.clone()));
                self.ended = Some(event.at);
            }
            _ => {}
        }
        self.length += 1;
        Ok(())
    }

    /// An effect's next place, or one that was in doubt and is done again.
    fn effect(&mut self, scope: &Scope, n: u32, recorded: Recorded) -> Result<(), FoldError> {
        let all = self.effects.entry(scope.clone()).or_default();
        let next = all.len() == n as usize;
        match all.get_mut(n as usize) {
            Some(place) if place.result.is_none() => *place = recorded,
            None if next => all.push(recorded),
            _ => {
                return Err(FoldError::Effect {
                    scope: scope.clone(),
                    n,
                });
            }
        }
        Ok(())
    }

    fn time(&mut self, step: &StepId, at: u64) {
        let ended = matches!(
            self.status(step),
            Status::Done(_) | Status::Failed(..) | Status::Undone(..) | Status::Stuck(..)
        );
        let times = self.times.entry(step.clone()).or_insert((at, None));
        times.1 = ended.then_some(at);
    }

    /// Where a step stands.
    pub fn status(&self, step: &StepId) -> &Status {
        static NEW: Status = Status::New;
        self.steps.get(step).unwrap_or(&NEW)
    }

    /// What was found before anything was done, once it is known.
    pub fn preflight(&self) -> Option<&Preflight> {
        match self.output("preflight") {
            Some(Output::Preflight(preflight)) => Some(preflight),
            _ => None,
        }
    }

    /// The good release that a rollback of the environment would go to.
    pub fn previous(&self, environment: &EnvironmentName) -> Option<&Release> {
        let previous = &self.preflight()?.previous;
        let (_, release) = previous.iter().find(|(name, _)| name == environment.as_str())?;
        release.as_ref()
    }

    /// Version of the release that the run is about, as far as it is known.
    pub fn version(&self) -> Option<&str> {
        match (self.output("package"), self.output("version")) {
            (Some(Output::Release(release)), _) => Some(&release.version),
            (_, Some(Output::Version(version))) => Some(&version.version),
            _ => Some(&self.preflight()?.release.as_ref()?.version),
        }
    }

    /// What a step left behind.
    pub fn output(&self, step: &str) -> Option<&Output> {
        self.steps.get(&StepId::from(step)).and_then(Status::output)
    }
}
