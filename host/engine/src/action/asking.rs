//! Whom a plugin asks is told so before it waits for the answer: within the step, by effects of the step, so a plan lists it,
//! and a run that was broken off does not tell it twice. Where nobody is asked, nobody is told.

use std::collections::BTreeSet;

use runner_core::{
    effect::{Outcome, Question, Request},
    event::Level,
    profile::NoticeName,
    step::Step,
};

use super::{Here, notify};
use crate::{
    conductor::{Broken, Conductor},
    effects::{Effects, Halt},
    plugin::Calls,
};

/// The effects of a plugin, with an ear for what it asks people.
pub(super) struct Asking {
    conductor: Conductor,
    step: Step,
    /// The step's own effects: the same conversation, without the plugin's grant.
    step_effects: Effects,
    effects: Effects,
    /// Whom this call of the plugin has asked something; none is anyone.
    told: BTreeSet<Option<String>>,
}

impl Asking {
    pub(super) fn new(here: &Here<'_>, effects: Effects) -> Self {
        Self {
            conductor: here.conductor.clone(),
            step: here.step.clone(),
            step_effects: here.effects.clone(),
            effects,
            told: BTreeSet::new(),
        }
    }

    /// Whether there is somebody among them who has not been told yet.
    fn is_news(&mut self, question: &Question) -> bool {
        let before = self.told.len();
        match question.may_answer.as_slice() {
            [] => self.told.extend([None]),
            names => self.told.extend(names.iter().cloned().map(Some)),
        }
        self.told.len() > before
    }

    fn tell(&self, question: &Question) -> Result<(), Halt> {
        let here = Here::new(&self.conductor, &self.step, &self.step_effects);
        let text = text(&here, question);
        match notify::alert(&here, here.place(), NoticeName::Approval, &text) {
            Err(Broken::Halt(halt)) => Err(halt),
            // Whatever became of the message, the question is asked.
            _ => Ok(()),
        }
    }
}

/// What people are told: who is waited for, what is asked, and how to answer.
fn text(here: &Here<'_>, question: &Question) -> String {
    let who = match question.may_answer.as_slice() {
        [] => "anybody's answer".to_owned(),
        names => names.join(" or "),
    };
    let run = &here.run.id;
    let how = match (question.plain_yes(), question.plain_no()) {
        (Some(_), Some(_)) => format!("`runner approve {run}` or `runner reject {run}`"),
        _ => {
            let ways = question.choices.iter();
            let ways: Vec<_> = ways
                .map(|choice| format!("`runner approve {run} --choice '{choice}'`"))
                .collect();
            ways.join(" or ")
        }
    };
    format!(
        "`{}` waits for {who}: {} {how}; it may ask more after that",
        here.step.id, question.text
    )
}

impl Calls for Asking {
    fn perform(&mut self, request: Request) -> Result<Outcome, Halt> {
        if let Request::Ask(question) = &request {
            let asked = self.effects.of_plugin(request.clone());
            // Where the journal has the question already, and no message before it, there was none to be sent.
            if self.is_news(question) && self.effects.allows(&asked) && !self.effects.has_next(&asked) {
                self.tell(question)?;
            }
        }
        self.effects.perform(request)
    }

    fn log(&mut self, level: Level, message: &str) {
        Calls::log(&mut self.effects, level, message);
    }

    fn progress(&mut self, done: u64, total: Option<u64>, what: &str) {
        self.effects.progress(done, total, what);
    }
}
