//! From events to lines for people. The same lines on a terminal and in CI.

use std::collections::BTreeMap;

use runner_core::effect::{Question, Request};
use runner_core::event::{Event, Kind, Level};
use runner_core::id::{Scope, StepId};
use runner_core::step::{Status, Transition};

use super::outcome::{Mark, told};
use crate::format::{count, indented, took};
use crate::screen::{Screen, Tint};

/// A line, with what belongs below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The first line, painted.
    pub(crate) head: String,
    /// Lines below, moved in; may be empty.
    pub(crate) body: String,
}

/// What was told so far.
pub(crate) struct Story {
    screen: Screen,
    verbose: u8,
    /// Events before this place happened before this process.
    past: u64,
    run: String,
    width: usize,
    statuses: BTreeMap<StepId, Status>,
    began: BTreeMap<StepId, u64>,
    /// What people are asked and have not answered.
    asked: BTreeMap<Scope, Question>,
}

impl Story {
    pub(crate) fn new(screen: Screen, verbose: u8, past: u64) -> Self {
        Self {
            screen,
            verbose,
            past,
            run: String::new(),
            width: 0,
            statuses: BTreeMap::new(),
            began: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Whether an event happened before this process.
    pub(crate) fn is_past(&self, event: &Event) -> bool {
        event.seq.is_some_and(|seq| seq < self.past)
    }

    /// What is to be told of an event; mostly nothing.
    pub(crate) fn tell(&mut self, event: &Event) -> Vec<Line> {
        let lines = self.lines(event);
        if self.is_past(event) { Vec::new() } else { lines }
    }

    fn lines(&mut self, event: &Event) -> Vec<Line> {
        match &event.kind {
            Kind::RunStarted(header) => {
                self.run = event.run.to_string();
                self.width = header
                    .plan
                    .steps()
                    .map(|step| step.id.as_str().len())
                    .max()
                    .unwrap_or_default();
                let name = self.screen.paint(Tint::Strong, &header.profile.project.name);
                vec![plain(format!(
                    "{} {name}, run {}",
                    header.command.name(),
                    event.run
                ))]
            }
            Kind::RunResumed { .. } => {
                let open = self
                    .asked
                    .iter()
                    .map(|(scope, question)| self.wait(scope, question));
                std::iter::once(plain(self.resumed())).chain(open).collect()
            }
            Kind::Step { step, transition } => self.step(step, transition, event.at),
            Kind::EffectStarted {
                scope,
                request: Request::Ask(question),
                ..
            } => {
                self.asked.insert(scope.clone(), question.clone());
                vec![self.wait(scope, question)]
            }
            Kind::EffectFinished { scope, .. } => {
                self.asked.remove(scope);
                Vec::new()
            }
            Kind::Log {
                scope,
                level,
                message,
            } => self.log(scope.as_str(), *level, message),
            Kind::Watch { tick, of, line, .. } => {
                let tick = self.screen.paint(Tint::Dim, &format!("[{tick}/{of}]"));
                vec![plain(format!("       {tick} {line}"))]
            }
            Kind::CancelRequested { by } => vec![plain(format!("cancelled by {by}"))],
            _ => Vec::new(),
        }
    }

    /// What a person is asked, and how to answer.
    fn wait(&self, scope: &Scope, question: &Question) -> Line {
        let line = self.line(Mark::Wait, scope.as_str(), None, &question.text);
        let run = &self.run;
        let plain = question.choices.iter().any(|choice| choice == "approve");
        let body = match plain {
            true => format!("answer with `runner approve {run}` or `runner reject {run}`"),
            false => {
                let all: Vec<_> = question
                    .choices
                    .iter()
                    .map(|c| format!("`--choice {c}`"))
                    .collect();
                format!(
                    "answer with `runner approve {run} --question {}` and {}",
                    question.id,
                    all.join(" or ")
                )
            }
        };
        Line {
            body: indented(&body, 7),
            ..line
        }
    }

    fn resumed(&self) -> String {
        let done = self
            .statuses
            .values()
            .filter(|status| matches!(status, Status::Done(_)))
            .count();
        format!("resuming run {}: {} done before", self.run, count(done, "step"))
    }

    fn step(&mut self, step: &StepId, transition: &Transition, at: u64) -> Vec<Line> {
        let status = self.statuses.entry(step.clone()).or_default();
        if let Ok(next) = status.next(step, transition) {
            *status = next;
        }
        let status = status.clone();
        match transition {
            Transition::Started => {
                self.began.insert(step.clone(), at);
                return Vec::new();
            }
            Transition::UndoStarted { .. } => {
                self.began.insert(step.clone(), at);
            }
            _ => {}
        }
        let told = told(&status);
        let lasted = match transition {
            Transition::UndoStarted { .. } => None,
            _ => self.began.get(step).map(|began| at.saturating_sub(*began)),
        };
        let line = self.line(told.mark, step.as_str(), lasted, &told.text);
        vec![Line {
            body: indented(&told.details.join("\n"), 7),
            ..line
        }]
    }

    /// `  ok gate/build   1.2 s  211 tests passed`.
    fn line(&self, mark: Mark, id: &str, lasted: Option<u64>, text: &str) -> Line {
        let word = self.screen.paint(mark.tint(), &format!("{:>4}", mark.word()));
        let lasted = lasted.map(took).unwrap_or_default();
        let lasted = self.screen.paint(Tint::Dim, &format!("{lasted:>9}"));
        let head = format!("{word}  {id:<width$}  {lasted}  {text}", width = self.width);
        plain(head.trim_end().to_owned())
    }

    fn log(&self, scope: &str, level: Level, message: &str) -> Vec<Line> {
        let (word, tint, wanted) = match level {
            Level::Debug => ("debug", Tint::Dim, self.verbose > 1),
            Level::Info => ("info", Tint::Dim, self.verbose > 0),
            Level::Warn => ("warn", Tint::Warn, true),
            Level::Error => ("error", Tint::Bad, true),
        };
        let line = format!(
            "       {} {scope}: {message}",
            self.screen.paint(tint, &format!("{word}:"))
        );
        if wanted { vec![plain(line)] } else { Vec::new() }
    }
}

fn plain(head: String) -> Line {
    Line {
        head,
        body: String::new(),
    }
}
