//! Effects: every call to the world, of a plugin or of the host's own steps, goes through here. It is checked against the
//! grant, written to the journal, performed, and its result written; what is recorded already is played back.

mod foresee;

use std::{collections::VecDeque, sync::Arc, time::Instant};

use runner_core::{
    duration::Duration,
    effect::{Nature, Outcome, Request, Response},
    event::{Kind, Level},
    fault::Fault,
    grant::Grant,
    id::Scope,
    run::Recorded,
    step::PlannedWrite,
};

use crate::{
    journal::Journal,
    plugin::Calls,
    store::{Durability, StoreError},
    world::{Acting, World},
};

/// How many effects one conversation may have.
const MOST: u32 = 100_000;

/// Why a run stops where it is, to be resumed or looked at by a person. Not an error of the step.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Ctrl-C.
    #[error("stopped")]
    Stopped,
    /// A resumed step asked for something else than the journal has: it is not the same plugin, or not deterministic.
    #[error(
        "effect {n} of `{scope}` was `{recorded}` and is now `{asked}`: the step is not the one that the journal has"
    )]
    Diverged {
        /// The conversation.
        scope: Scope,
        /// The place there.
        n: u32,
        /// What the journal has.
        recorded: String,
        /// What was asked for now.
        asked: String,
    },
    /// The journal cannot be written, so nothing is done.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A conversation without end.
    #[error("`{scope}` made more than {MOST} calls")]
    TooMany {
        /// The conversation.
        scope: Scope,
    },
}

/// One conversation with the world: the effects of a step, in order.
#[derive(Clone)]
pub struct Effects {
    scope: Scope,
    journal: Arc<Journal>,
    world: Arc<World>,
    place: Arc<std::sync::Mutex<Place>>,
    /// None: the host's own steps, which need no leave.
    grant: Option<Arc<Grant>>,
    /// When the call of a plugin must be over, and how long it may take.
    deadline: Option<(Instant, Duration)>,
}

/// Where in the conversation we are.
struct Place {
    recorded: VecDeque<Recorded>,
    n: u32,
}

impl Effects {
    /// The conversation `scope`, from its beginning; what the journal has of it is played back first.
    pub fn begin(scope: Scope, journal: Arc<Journal>, world: Arc<World>) -> Self {
        let recorded = journal.recorded(&scope).into();
        let place = Arc::new(std::sync::Mutex::new(Place { recorded, n: 0 }));
        Self {
            scope,
            journal,
            world,
            place,
            grant: None,
            deadline: None,
        }
    }

    /// The same conversation, continued by a plugin under its grant, for so long at most.
    #[must_use]
    pub fn granted(&self, grant: Grant, limit: Option<Duration>) -> Self {
        let deadline = limit.map(|limit| {
            (
                Instant::now() + std::time::Duration::from_millis(limit.as_millis()),
                limit,
            )
        });
        Self {
            grant: Some(Arc::new(grant)),
            deadline,
            ..self.clone()
        }
    }

    /// A plugin's request as the journal has it: it names its questions within its step, and an answer is looked for in the
    /// whole run.
    pub(crate) fn of_plugin(&self, mut request: Request) -> Request {
        if let Request::Ask(question) = &mut request {
            question.id = format!("{}/{}", self.scope, question.id);
        }
        request
    }

    /// Whether the grant allows it; without one everything is.
    pub(crate) fn allows(&self, request: &Request) -> bool {
        self.grant
            .as_ref()
            .is_none_or(|grant| grant.check(request).is_ok())
    }

    /// Performs one effect.
    pub fn request(&self, request: Request) -> Result<Outcome, Halt> {
        let (n, recorded) = {
            let mut place = self
                .place
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let n = place.n;
            place.n += 1;
            (n, place.recorded.pop_front())
        };
        if n >= MOST {
            return Err(Halt::TooMany {
                scope: self.scope.clone(),
            });
        }
        if self.world.stop.stopped() {
            return Err(Halt::Stopped);
        }
        match recorded {
            Some(recorded) if recorded.request != request => Err(Halt::Diverged {
                scope: self.scope.clone(),
                n,
                recorded: recorded.request.summary(),
                asked: request.summary(),
            }),
            Some(Recorded {
                result: Some(result), ..
            }) => Ok(result),
            Some(Recorded { result: None, .. }) => self.in_doubt(n, request),
            None => self.live(n, request),
        }
    }

    /// An effect that was begun before a crash and has no result.
    fn in_doubt(&self, n: u32, request: Request) -> Result<Outcome, Halt> {
        if request.nature() != Nature::Read
            && let Err(fault) = self.world.settle(&request)
        {
            // Done again, or looked at, it would be while it may still be under way.
            if self.world.stop.stopped() {
                return Err(Halt::Stopped);
            }
            if request.nature() != Nature::Write {
                return self.finish(n, None, Nature::Write, Err(fault));
            }
        }
        if request.nature() == Nature::Write {
            let message = format!(
                "runner stopped while it did this, so it may or may not be done: {}",
                request.summary()
            );
            let result = Err(Fault::Interrupted { message });
            return self.finish(n, None, Nature::Write, result);
        }
        self.act(n, request, true)
    }

    fn live(&self, n: u32, request: Request) -> Result<Outcome, Halt> {
        if let Some(grant) = &self.grant
            && let Err(denial) = grant.check(&request)
        {
            let result = Err(Fault::Denied {
                message: denial.to_string(),
            });
            return self.finish(n, Some(request), Nature::Read, result);
        }
        if let Some((_, limit)) = self.deadline.filter(|(end, _)| Instant::now() >= *end) {
            let message = format!("the call took longer than {limit}, its `timeout` in the profile");
            return self.finish(n, Some(request), Nature::Read, Err(Fault::Failed { message }));
        }
        if self.journal.plan() && request.nature() != Nature::Read {
            return self.list(n, request);
        }
        self.act(n, request, false)
    }

    /// Write ahead, act, write. A read needs no record before: done again, it does no harm.
    fn act(&self, n: u32, request: Request, begun: bool) -> Result<Outcome, Halt> {
        let nature = request.nature();
        if nature != Nature::Read && !begun {
            let event = Kind::EffectStarted {
                scope: self.scope.clone(),
                n,
                request: request.clone(),
            };
            self.journal.append(event, Durability::Power)?;
        }
        let acting = Acting {
            scope: &self.scope,
            n,
            journal: &self.journal,
            grant: self.grant.as_deref(),
        };
        let result = self.world.act(&self.limited(&request), &acting)?;
        if self.world.stop.stopped() && matches!(result, Err(Fault::Interrupted { .. })) {
            // Broken off by us: in doubt, as after a crash.
            return Err(Halt::Stopped);
        }
        self.finish(n, (nature == Nature::Read).then_some(request), nature, result)
    }

    /// What is done never takes longer than is left of the call. The journal has the request as it was made.
    fn limited(&self, request: &Request) -> Request {
        let mut request = request.clone();
        let Some((end, _)) = self.deadline else {
            return request;
        };
        let left = end.saturating_duration_since(Instant::now()).as_millis();
        let left = u64::try_from(left).unwrap_or(u64::MAX).max(1);
        match &mut request {
            Request::Run(command) => command.timeout_ms = command.timeout_ms.min(left),
            Request::RunAll { commands } => {
                commands
                    .iter_mut()
                    .for_each(|command| command.timeout_ms = command.timeout_ms.min(left));
            }
            Request::Send(http) => http.timeout_ms = http.timeout_ms.min(left),
            Request::Sleep { ms } => *ms = (*ms).min(left),
            _ => {}
        }
        request
    }

    fn finish(
        &self,
        n: u32,
        request: Option<Request>,
        nature: Nature,
        result: Outcome,
    ) -> Result<Outcome, Halt> {
        let durability = if nature == Nature::Read {
            Durability::Process
        } else {
            Durability::Power
        };
        let event = Kind::EffectFinished {
            scope: self.scope.clone(),
            n,
            request,
            result: result.clone(),
        };
        self.journal.append(event, durability)?;
        Ok(result)
    }

    /// In a plan: the write is told, and answered as far as its answer can be foreseen.
    fn list(&self, n: u32, request: Request) -> Result<Outcome, Halt> {
        let outcome = foresee::result_of(&request);
        let foreseen = outcome.is_ok();
        let scope = self.scope.clone();
        self.journal.tell(Kind::Planned(PlannedWrite {
            scope,
            request: request.clone(),
            foreseen,
        }));
        self.finish(n, Some(request), Nature::Read, outcome)
    }

    /// A line for the journal; not again while recorded effects are played back.
    pub fn log(&self, level: Level, message: &str) -> Result<(), StoreError> {
        if self.replaying() {
            return Ok(());
        }
        let event = Kind::Log {
            scope: self.scope.clone(),
            level,
            message: message.to_owned(),
        };
        self.journal.append(event, Durability::Process)
    }

    /// Whether the journal has this as the next effect.
    pub(crate) fn has_next(&self, request: &Request) -> bool {
        let place = self
            .place
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        place
            .recorded
            .front()
            .is_some_and(|next| next.request == *request)
    }

    fn replaying(&self) -> bool {
        !self
            .place
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .recorded
            .is_empty()
    }

    /// Milliseconds since the epoch, recorded.
    pub fn now(&self) -> Result<u64, Halt> {
        match self.request(Request::Now)? {
            Ok(Response::Instant(at)) => Ok(at),
            _ => Ok(0),
        }
    }

    /// Waits, recorded.
    pub fn sleep(&self, ms: u64) -> Result<(), Halt> {
        self.request(Request::Sleep { ms }).map(|_| ())
    }
}

impl Calls for Effects {
    fn perform(&mut self, request: Request) -> Result<Outcome, Halt> {
        self.request(self.of_plugin(request))
    }

    fn log(&mut self, level: Level, message: &str) {
        // A log line that cannot be written is no reason to stop; the next effect will find the same trouble and stop.
        let _ = Effects::log(self, level, message);
    }

    fn progress(&mut self, done: u64, total: Option<u64>, what: &str) {
        let scope = self.scope.clone();
        self.journal.tell(Kind::Progress {
            scope,
            done,
            total,
            what: what.to_owned(),
        });
    }
}
