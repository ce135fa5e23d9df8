//! Every event as one line of JSON on standard output, and nothing else there.

use runner_core::event::Event;
use runner_core::run::Run;

use super::Reporter;
use crate::error::Done;
use crate::screen::Screen;

/// See the module.
pub(super) struct Json {
    screen: Screen,
    /// The first trouble with standard output: a release does not stop because nobody listens any more.
    trouble: Done<()>,
}

impl Json {
    pub(super) fn new(screen: Screen) -> Self {
        Self {
            screen,
            trouble: Ok(()),
        }
    }
}

impl Reporter for Json {
    fn event(&mut self, event: &Event) {
        if self.trouble.is_ok() {
            let line = serde_json::to_string(event).expect("events serialise to JSON");
            self.trouble = self.screen.data(&line);
        }
    }

    fn finish(&mut self, _: &Run) -> Done<()> {
        // What became of the run is told by the exit code, whoever has stopped reading.
        self.trouble = Ok(());
        Ok(())
    }
}
