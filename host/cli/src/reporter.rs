//! Reporters: each shows the one stream of events in its own way. [`story`] turns events into lines; the others decide
//! where the lines go.

mod github;
mod human;
mod json;
mod outcome;
mod plain;
pub(crate) mod plan;
pub(crate) mod story;
pub(crate) mod summary;

use std::sync::{Arc, Mutex, PoisonError};

use runner_core::event::Event;
use runner_core::run::Run;
use runner_engine::journal::Watcher;

use crate::app::App;
use crate::error::Done;

pub(crate) use outcome::{deployed, told};

/// Shows a run while it goes on.
pub(crate) trait Reporter: Send {
    /// Something happened; in the order of the journal.
    fn event(&mut self, event: &Event);

    /// Nothing more will. `run` is how things stand.
    fn finish(&mut self, run: &Run) -> Done<()>;
}

/// The reporter of a session, shared with the journal that feeds it.
#[derive(Clone)]
pub(crate) struct Shared {
    reporter: Arc<Mutex<Box<dyn Reporter>>>,
    plan: bool,
}

impl Shared {
    /// As asked for. `past` is how many events a resumed run has already.
    pub(crate) fn of(app: &App, plan: bool, past: u64) -> Self {
        let reporter: Box<dyn Reporter> = match (app.json(), plan, app.screen.live() && !app.screen.quiet()) {
            (true, ..) => Box::new(json::Json::new(app.screen.clone())),
            (_, true, _) => Box::new(plan::Planned::new(app.screen.clone())),
            (_, _, true) => Box::new(human::Human::new(app.screen.clone(), app.global.verbose, past)),
            _ => Box::new(plain::Plain::new(app.screen.clone(), app.global.verbose, past)),
        };
        Self {
            reporter: Arc::new(Mutex::new(reporter)),
            plan,
        }
    }

    /// What the journal calls.
    pub(crate) fn watcher(&self) -> Watcher {
        let shared = Arc::clone(&self.reporter);
        Box::new(move |event| shared.lock().unwrap_or_else(PoisonError::into_inner).event(event))
    }

    /// Nothing more will happen.
    pub(crate) fn finish(&self, run: &Run) -> Done<()> {
        self.reporter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .finish(run)?;
        if !self.plan {
            github::summary(run);
        }
        Ok(())
    }
}
