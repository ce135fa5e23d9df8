//! Lines that stay: for CI, files and pipes. What a failed step found is grouped below it.

use runner_core::event::Event;
use runner_core::run::Run;

use super::Reporter;
use super::story::{Line, Story};
use super::{github, summary};
use crate::error::Done;
use crate::screen::Screen;

/// See the module.
pub(super) struct Plain {
    screen: Screen,
    story: Story,
}

impl Plain {
    pub(super) fn new(screen: Screen, verbose: u8, past: u64) -> Self {
        let story = Story::new(screen.clone(), verbose, past);
        Self { screen, story }
    }
}

impl Reporter for Plain {
    fn event(&mut self, event: &Event) {
        let lines = self.story.tell(event);
        if self.screen.quiet() {
            return;
        }
        for Line { head, body } in lines {
            self.screen.say(&head);
            if !body.is_empty() {
                self.screen.say(github::grouped(&head, &body).trim_end());
            }
        }
    }

    fn finish(&mut self, run: &Run) -> Done<()> {
        summary::show(&self.screen, run);
        Ok(())
    }
}
