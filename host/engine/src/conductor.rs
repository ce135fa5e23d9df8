//! Takes a run from its plan to its end: asks the core what comes next, does it, writes what came of it. There is no other
//! state than the journal's, so a resumed run simply asks again.

use std::{sync::Arc, thread};

use runner_core::{
    event::{End, Kind},
    fault::Fault,
    lifecycle::{self, Next},
    output::Output,
    step::{Action, FailureKind, Status, Step, StepError, Transition},
};

use crate::{
    action,
    effects::{Effects, Halt},
    journal::Journal,
    plugins::Plugins,
    store::Durability,
    world::World,
};

/// Everything that a step works with.
#[derive(Clone)]
pub struct Conductor {
    /// The run's journal.
    pub journal: Arc<Journal>,
    /// The world.
    pub world: Arc<World>,
    /// The run's plugins.
    pub plugins: Arc<Plugins>,
}

/// Why an action did not succeed.
#[derive(Debug)]
pub enum Broken {
    /// The run stops here, to be resumed or looked at.
    Halt(Halt),
    /// The step failed; what it saw is kept.
    Failed(StepError, Option<Output>),
    /// In a plan: it depends on what cannot be foreseen.
    Planned(String),
}

/// What an action comes to.
pub type Done<T = Output> = Result<T, Broken>;

impl From<Halt> for Broken {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<crate::store::StoreError> for Broken {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Halt(error.into())
    }
}

impl From<StepError> for Broken {
    fn from(error: StepError) -> Self {
        Self::Failed(error, None)
    }
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Planned { message } => Self::Planned(message),
            other => Self::Failed(other.into(), None),
        }
    }
}

impl Conductor {
    /// Goes on until the run has ended, or cannot go on.
    pub fn drive(&self) -> Result<End, Halt> {
        loop {
            self.hear()?;
            let run = self.journal.state();
            let round = match lifecycle::next(&run) {
                Next::Ended => return Ok(run.end.map_or(End::Cancelled, |(end, ..)| end)),
                Next::Finish {
                    end,
                    summary,
                    by_hand,
                } => {
                    let event = Kind::RunFinished {
                        end,
                        summary,
                        by_hand,
                    };
                    self.journal.append(event, Durability::Power)?;
                    Ok(())
                }
                Next::Undo { step, reason } => self.undo(step, &reason),
                Next::Run(steps) => self.side_by_side(&steps),
            };
            match round {
                Err(Halt::Stopped) if self.world.cancelled_by().is_some() => {}
                other => other?,
            }
        }
    }

    /// Writes down that somebody wants the run cancelled, once.
    fn hear(&self) -> Result<(), Halt> {
        let Some(by) = self.world.cancelled_by() else {
            return Ok(());
        };
        if self.journal.look(|run| run.cancelled_by.is_none()) {
            self.journal
                .append(Kind::CancelRequested { by }, Durability::Power)?;
        }
        // What was under way has been broken off; the undoing must not be.
        self.world.stop.reset();
        Ok(())
    }

    fn side_by_side(&self, steps: &[&Step]) -> Result<(), Halt> {
        if let [step] = steps {
            return self.step(step);
        }
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = steps.iter().map(|step| scope.spawn(|| self.step(step))).collect();
            threads.into_iter().map(|thread| thread.join()).collect()
        });
        for result in results {
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(())
    }

    fn step(&self, step: &Step) -> Result<(), Halt> {
        if self.journal.look(|run| *run.status(&step.id) == Status::New) {
            self.transition(step, Transition::Started)?;
        }
        let effects = Effects::begin(
            step.id.scope(),
            Arc::clone(&self.journal),
            Arc::clone(&self.world),
        );
        let transition = match action::perform(self, step, &effects) {
            Ok(output) => Transition::Succeeded { output },
            Err(Broken::Failed(error, output)) => Transition::Failed { error, output },
            Err(Broken::Planned(what)) => Transition::Succeeded {
                output: Output::Skipped(format!("depends on what a plan cannot foresee: {what}")),
            },
            Err(Broken::Halt(halt)) => return Err(halt),
        };
        self.transition(step, transition)
    }

    fn undo(&self, step: &Step, reason: &str) -> Result<(), Halt> {
        if self
            .journal
            .look(|run| !matches!(run.status(&step.id), Status::Undoing(_)))
        {
            self.transition(
                step,
                Transition::UndoStarted {
                    reason: reason.to_owned(),
                },
            )?;
        }
        let effects = Effects::begin(
            step.id.undo_scope(),
            Arc::clone(&self.journal),
            Arc::clone(&self.world),
        );
        let transition = match action::undo(self, step, &effects) {
            Ok(output) => Transition::UndoFinished { output },
            Err(Broken::Failed(error, _)) => Transition::UndoFailed { error },
            Err(Broken::Planned(what)) => Transition::UndoFailed {
                error: StepError::failed(what),
            },
            Err(Broken::Halt(halt)) => return Err(halt),
        };
        self.transition(step, transition)
    }

    fn transition(&self, step: &Step, transition: Transition) -> Result<(), Halt> {
        let event = Kind::Step {
            step: step.id.clone(),
            transition,
        };
        Ok(self.journal.append(event, Durability::Power)?)
    }
}

/// A step that nothing of its kind is known for: the plan is of another runner.
pub(crate) fn unknown(action: &Action, what: &str) -> Broken {
    StepError::new(
        FailureKind::Blocked,
        format!("the profile of this run has no {what} for {action:?}"),
    )
    .into()
}
