//! A terminal with a person before it: lines that stay for what is done, and below them one that moves for each step that
//! runs: elapsed time, how far it is, the last line that its program printed.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use runner_core::event::{Event, Kind};
use runner_core::id::Scope;
use runner_core::run::Run;
use runner_core::step::Transition;

use super::Reporter;
use super::story::{Line, Story};
use super::summary;
use crate::error::Done;
use crate::screen::{Screen, Tint};

/// Between two turns of the spinner.
const TURN: Duration = Duration::from_millis(100);

/// See the module.
pub(super) struct Human {
    screen: Screen,
    story: Story,
    bars: BTreeMap<Scope, ProgressBar>,
}

impl Human {
    pub(super) fn new(screen: Screen, verbose: u8, past: u64) -> Self {
        let story = Story::new(screen.clone(), verbose, past);
        Self {
            screen,
            story,
            bars: BTreeMap::new(),
        }
    }

    /// What moves because of the event.
    fn moves(&mut self, event: &Event) {
        match &event.kind {
            Kind::Step { step, transition } => match transition {
                Transition::Started => self.begin(step.scope(), step.as_str()),
                Transition::UndoStarted { .. } => {
                    self.end(&step.scope());
                    self.begin(step.undo_scope(), &format!("undo {step}"));
                }
                Transition::UndoFinished { .. } | Transition::UndoFailed { .. } => {
                    self.end(&step.undo_scope())
                }
                Transition::Succeeded { .. } | Transition::Failed { .. } => self.end(&step.scope()),
            },
            Kind::Line { scope, text, .. } => self.says(scope, text),
            Kind::Progress {
                scope,
                done,
                total,
                what,
            } => {
                let far = total.map_or_else(|| done.to_string(), |total| format!("{done}/{total}"));
                self.says(scope, &format!("{what} {far}"));
            }
            _ => {}
        }
    }

    fn begin(&mut self, scope: Scope, name: &str) {
        let style = ProgressStyle::with_template("  {spinner} {prefix}  {elapsed:>4}  {wide_msg}");
        let bar = ProgressBar::new_spinner().with_style(style.expect("the template is valid"));
        let bar = self.screen.bars().add(bar.with_prefix(name.to_owned()));
        bar.enable_steady_tick(TURN);
        self.bars.insert(scope, bar);
    }

    fn says(&self, scope: &Scope, text: &str) {
        if let Some(bar) = self.bars.get(scope) {
            // Control characters of a program would move the cursor about.
            let clean: String = text.chars().filter(|c| !c.is_control()).collect();
            bar.set_message(self.screen.paint(Tint::Dim, &clean));
        }
    }

    fn end(&mut self, scope: &Scope) {
        if let Some(bar) = self.bars.remove(scope) {
            bar.finish_and_clear();
            self.screen.bars().remove(&bar);
        }
    }
}

impl Reporter for Human {
    fn event(&mut self, event: &Event) {
        self.moves(event);
        for Line { head, body } in self.story.tell(event) {
            self.screen.say(&head);
            if !body.is_empty() {
                self.screen.say(body.trim_end());
            }
        }
    }

    fn finish(&mut self, run: &Run) -> Done<()> {
        let scopes: Vec<_> = self.bars.keys().cloned().collect();
        scopes.iter().for_each(|scope| self.end(scope));
        summary::show(&self.screen, run);
        Ok(())
    }
}
