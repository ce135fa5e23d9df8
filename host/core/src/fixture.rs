//! Runs to test with. A run is played by [`lifecycle::next`] itself, so it is one that `runner` could have made: a test
//! only says what becomes of single steps. Main type: [`Story`]; [`released`] and its neighbours are the usual ones.

mod outputs;
mod shop;

use std::collections::BTreeMap;

use crate::{
    event::{Command, End, Event, Header, JOURNAL_VERSION, Kind},
    id::{RunId, StepId},
    lifecycle::{self, Next},
    output::Output,
    plan::Plan,
    profile::Profile,
    run::Run,
    step::{Action, FailureKind, Step, StepError, Transition},
};

pub(crate) use outputs::prod_breach;
pub(crate) use shop::shop;

/// 2026-03-15T10:00:00Z.
pub(crate) const START: u64 = 1_773_568_800_000;

/// What becomes of a step: how many milliseconds it takes, and its transition.
type Scripted = (u64, Transition);

/// A played run.
pub(crate) struct Story {
    /// Its journal.
    pub(crate) events: Vec<Event>,
    /// Its state while the step `report` runs, which is when reports are made.
    pub(crate) run: Run,
    /// The end that it comes to.
    pub(crate) end: End,
    /// Its sentence.
    pub(crate) summary: String,
    /// What is left to do.
    pub(crate) by_hand: Vec<String>,
    /// When the reports are made, milliseconds since the epoch.
    pub(crate) at: u64,
}

/// What a test says about a run.
pub(crate) struct Script {
    command: Command,
    profile: Profile,
    /// By the time at which the step begins.
    steps: BTreeMap<String, Box<dyn Fn(u64) -> Scripted>>,
    undos: BTreeMap<String, Scripted>,
}

impl Script {
    pub(crate) fn new(profile: Profile, command: Command) -> Self {
        Self {
            command,
            profile,
            steps: BTreeMap::new(),
            undos: BTreeMap::new(),
        }
    }

    /// The step fails, after so many milliseconds.
    pub(crate) fn fails(self, step: &str, took: u64, error: StepError, output: Option<Output>) -> Self {
        let transition = Transition::Failed { error, output };
        self.becomes(step, move |_| (took, transition.clone()))
    }

    /// What becomes of the step depends on when it begins.
    pub(crate) fn becomes(mut self, step: &str, outcome: impl Fn(u64) -> Scripted + 'static) -> Self {
        self.steps.insert(step.to_owned(), Box::new(outcome));
        self
    }

    /// Undoing the step fails, after so many milliseconds.
    pub(crate) fn sticks(mut self, step: &str, took: u64, error: StepError) -> Self {
        let transition = Transition::UndoFailed { error };
        self.undos.insert(step.to_owned(), (took, transition));
        self
    }

    /// Plays it to the step `report`.
    pub(crate) fn play(self) -> Story {
        Player::new(self).play()
    }
}

struct Player {
    script: Script,
    events: Vec<Event>,
    run: Run,
    clock: u64,
}

impl Player {
    fn new(script: Script) -> Self {
        let first = Event {
            run: RunId::from("r-20260315-100000-3f2a"),
            seq: Some(0),
            at: START,
            kind: Kind::RunStarted(Box::new(header(&script))),
        };
        let run = Run::begin(&first).expect("a header begins a run");
        Self {
            script,
            events: vec![first],
            run,
            clock: START,
        }
    }

    fn play(mut self) -> Story {
        loop {
            match lifecycle::next(&self.run.clone()) {
                Next::Run(steps) if steps[0].action == Action::Report => return self.close(&steps[0].id),
                Next::Run(steps) => self.together(&steps),
                Next::Undo { step, reason } => self.undo(step, reason),
                Next::Finish { .. } | Next::Ended => panic!("every plan has a step `report`"),
            }
        }
    }

    fn together(&mut self, steps: &[&Step]) {
        let began = self.clock;
        let mut ends: Vec<_> = steps.iter().map(|step| (self.outcome(step), &step.id)).collect();
        for step in steps {
            self.say(&step.id, began, Transition::Started);
        }
        ends.sort_by_key(|((took, _), _)| *took);
        for ((took, transition), id) in ends {
            self.say(id, began + took, transition);
        }
        self.clock += 20;
    }

    fn undo(&mut self, step: &Step, reason: String) {
        self.say(&step.id, self.clock, Transition::UndoStarted { reason });
        let scripted = self.script.undos.get(step.id.as_str()).cloned();
        let (took, transition) = scripted.unwrap_or_else(outputs::undone);
        self.say(&step.id, self.clock + took, transition);
        self.clock += 20;
    }

    fn outcome(&self, step: &Step) -> Scripted {
        let scripted = self.script.steps.get(step.id.as_str());
        scripted.map(|outcome| outcome(self.clock)).unwrap_or_else(|| {
            let (took, output) = outputs::usual(&self.run, step, self.clock);
            (took, Transition::Succeeded { output })
        })
    }

    fn say(&mut self, step: &StepId, at: u64, transition: Transition) {
        let event = Event {
            run: self.run.id.clone(),
            seq: Some(self.run.length),
            at,
            kind: Kind::Step {
                step: step.clone(),
                transition,
            },
        };
        self.run.apply(&event).expect("the script is a legal run");
        self.events.push(event);
        self.clock = self.clock.max(at);
    }

    fn close(mut self, report: &StepId) -> Story {
        let at = self.clock;
        self.say(report, at, Transition::Started);
        let run = self.run.clone();
        let output = Output::Reports(Vec::new());
        self.say(report, at + 40, Transition::Succeeded { output });
        let Next::Finish {
            end,
            summary,
            by_hand,
        } = lifecycle::next(&self.run)
        else {
            panic!("the report is the last step");
        };
        Story {
            events: self.events,
            run,
            end,
            summary,
            by_hand,
            at,
        }
    }
}

fn header(script: &Script) -> Header {
    Header {
        journal: JOURNAL_VERSION,
        runner: "0.1.0".to_owned(),
        command: script.command.clone(),
        by: "anna".to_owned(),
        host: "build-7".to_owned(),
        workspace: "/home/anna/shop".to_owned(),
        profile: script.profile.clone(),
        profile_name: "demo".to_owned(),
        plan: Plan::of(&script.profile, &script.command).expect("the profile has the environment"),
        plugins: Vec::new(),
    }
}

/// `runner release` where everything goes well: staging, then prod.
pub(crate) fn released() -> Story {
    Script::new(shop(), Command::Release { pre: None }).play()
}

/// `runner release` whose prod is breached in the watch, 20 samples long, and goes back.
pub(crate) fn rolled_back() -> Story {
    breached().play()
}

/// The same, and going back fails too.
pub(crate) fn stuck() -> Story {
    let error =
        StepError::failed("target `shop-prod`: the previous release did not become healthy within 60 s")
            .with_hint("on prod: point `current` at `releases/1.2.3` and start `shop-web`");
    breached().sticks("prod/deploy", 61_200, error).play()
}

fn breached() -> Script {
    Script::new(shop(), Command::Release { pre: None }).becomes("prod/watch", |now| {
        let (report, error) = prod_breach(now);
        let took = report.samples.last().map_or(0, |sample| sample.at - now);
        let output = Some(Output::Watched(report));
        (took, Transition::Failed { error, output })
    })
}

/// `runner release` that the gate blocks: a check fails with findings, another cannot find out.
pub(crate) fn blocked() -> Story {
    let failed = outputs::security_findings();
    let error = StepError::blocked(failed.summary.clone());
    let broken = StepError::failed("coverage file `target/lcov.info` is missing")
        .with_hint("run `make coverage` and look at why it writes no `target/lcov.info`");
    Script::new(shop(), Command::Release { pre: None })
        .fails("gate/security", 9_100, error, Some(Output::Verdict(failed)))
        .fails("gate/coverage", 2_050, broken, None)
        .play()
}

/// `runner release` whose prod a person rejects.
pub(crate) fn rejected() -> Story {
    let script = Script::new(shop(), Command::Release { pre: None });
    let script = script.becomes("prod/approval", |now| {
        let answer = outputs::answer("reject", now + 95_000, "not on a Friday");
        let error = StepError::new(FailureKind::Rejected, "rejected by boris: not on a Friday");
        let output = Some(Output::Answer(answer));
        (95_000, Transition::Failed { error, output })
    });
    script.play()
}

/// `runner rollback prod`.
pub(crate) fn returned() -> Story {
    let command = Command::Rollback {
        environment: "prod".into(),
        to: None,
    };
    Script::new(shop(), command).play()
}

/// The stories are what they say they are: the journal folds, and the life of a release comes to the end that is named.
mod tests {
    use super::*;

    #[test]
    fn every_story_comes_to_its_end() {
        let ends = [
            (released(), End::Released),
            (rolled_back(), End::RolledBack),
            (stuck(), End::Stuck),
            (blocked(), End::Blocked),
            (rejected(), End::Rejected),
            (returned(), End::Released),
        ];
        for (story, end) in ends {
            assert_eq!(story.end, end, "{}", story.summary);
            assert_eq!(story.by_hand.is_empty(), end != End::Stuck);
            let before = story.events.iter().filter(|event| event.at <= story.at);
            assert_eq!(
                Run::fold(before).unwrap().unwrap(),
                story.run,
                "{}",
                story.summary
            );
        }
    }
}
