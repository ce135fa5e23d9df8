//! A plan: the steps in order with the writes that each would do, and by name what could not be foreseen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use runner_core::event::{Event, Kind, Level};
use runner_core::id::Scope;
use runner_core::output::Output;
use runner_core::run::Run;
use runner_core::step::{Action, PlannedWrite, Status, When};

use super::Reporter;
use super::outcome::told;
use crate::error::Done;
use crate::format::{count, indented};
use crate::screen::{Screen, Tint};

/// When a release or a rollback restores a backup.
const RESTORE: &str = "a rollback leaves data that only the newer release can read, and a person approves it";

/// See the module.
pub(crate) struct Planned {
    screen: Screen,
    writes: BTreeMap<Scope, Vec<PlannedWrite>>,
    warnings: BTreeMap<Scope, Vec<String>>,
}

impl Planned {
    pub(crate) fn new(screen: Screen) -> Self {
        Self {
            screen,
            writes: BTreeMap::new(),
            warnings: BTreeMap::new(),
        }
    }

    fn text(&self, run: &Run) -> String {
        let mut text = format!(
            "plan of {} {}; nothing is written\n",
            crate::runs::title(run),
            run.header.profile.project.name
        );
        let (mut steps, mut writes, mut unforeseen) = (0, 0, 0);
        for step in run.header.plan.steps() {
            let status = run.status(&step.id);
            // Nobody should first hear of it when it is asked for.
            if let (When::Restore, Action::Restore { .. }) = (step.when, &step.action) {
                let _ = writeln!(text, "  if  {}  {RESTORE}", step.id);
            }
            // What runs only when things go wrong is not part of what would be done.
            if *status == Status::New && step.when != When::Forward {
                continue;
            }
            steps += 1;
            let listed = self
                .writes
                .get(&step.id.scope())
                .map(Vec::as_slice)
                .unwrap_or_default();
            writes += listed.len();
            let told = told(status);
            let depends = matches!(status, Status::Done(Output::Skipped(_)));
            unforeseen += usize::from(depends || listed.iter().any(|write| !write.foreseen));
            let word = self
                .screen
                .paint(told.mark.tint(), &format!("{:>4}", told.mark.word()));
            let head = format!("{word}  {}  {}", step.id, told.text);
            let _ = writeln!(text, "{}", head.trim_end());
            text.push_str(&indented(&told.details.join("\n"), 8));
            for warning in self.warnings.get(&step.id.scope()).into_iter().flatten() {
                let _ = writeln!(text, "        {warning}");
            }
            for write in listed {
                self.write(&mut text, write);
            }
        }
        let _ = write!(text, "{}, {}", count(steps, "step"), count(writes, "write"));
        let _ = match unforeseen {
            0 => writeln!(text, ", all foreseen"),
            some => writeln!(text, "; {} cannot be foreseen in full", count(some, "step")),
        };
        text
    }

    fn write(&self, text: &mut String, write: &PlannedWrite) {
        let mark = self.screen.paint(Tint::Note, "would");
        let summary = indented(&write.request.summary(), 14);
        let _ = write!(text, "        {mark} {}", summary.trim_start());
        if !write.foreseen {
            let note = "its result cannot be foreseen, nor what this step does after it";
            let _ = writeln!(text, "              {}", self.screen.paint(Tint::Dim, note));
        }
    }
}

impl Reporter for Planned {
    fn event(&mut self, event: &Event) {
        match &event.kind {
            Kind::Planned(write) => self
                .writes
                .entry(write.scope.clone())
                .or_default()
                .push(write.clone()),
            Kind::Log {
                scope,
                level: level @ (Level::Warn | Level::Error),
                message,
            } => {
                let word = if *level == Level::Warn { "warn" } else { "error" };
                self.warnings
                    .entry(scope.clone())
                    .or_default()
                    .push(format!("{word}: {message}"));
            }
            _ => {}
        }
    }

    fn finish(&mut self, run: &Run) -> Done<()> {
        self.screen.data(&self.text(run))?;
        match &run.end {
            Some((end, summary, _)) if *end != runner_core::event::End::Released => {
                self.screen
                    .note(&format!("it would end {}: {summary}", end.word()));
            }
            _ => {}
        }
        Ok(())
    }
}
