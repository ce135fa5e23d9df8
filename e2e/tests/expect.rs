//! What several tests do.

use runner_core::event::{End, Event, Kind};
use runner_core::step::Transition;
use runner_e2e::{Colleague, Ended, Gate, Repository as _, Scratch};

/// A scratch repository with a quick gate and short watches.
pub(crate) fn scratch(name: &str, profile: &str) -> Scratch {
    Scratch::new(name, Gate::Quick, profile).unwrap().quick()
}

/// Releases what is checked out; a colleague approves.
pub(crate) fn release(scratch: &Scratch) -> Ended {
    let _colleague = Colleague::at(scratch);
    scratch.start(&["release"]).unwrap().ended().unwrap()
}

/// How the run ended, by its journal, with its exit code and what it said where that is of use.
#[track_caller]
pub(crate) fn assert_end(ended: &Ended, end: End, code: i32) {
    let finished = ended.events.iter().find_map(|event| match &event.kind {
        Kind::RunFinished { end, summary, .. } => Some((*end, summary.clone())),
        _ => None,
    });
    assert_eq!(
        (finished.as_ref().map(|(end, _)| *end), ended.code()),
        (Some(end), Some(code)),
        "{finished:?}: {}",
        ended.stderr
    );
}

/// The reason of the end.
pub(crate) fn summary(ended: &Ended) -> String {
    let mut summaries = ended.events.iter().filter_map(|event| match &event.kind {
        Kind::RunFinished { summary, .. } => Some(summary.clone()),
        _ => None,
    });
    summaries.next_back().unwrap_or_default()
}

/// Whether a step has begun.
pub(crate) fn begins(step: &'static str) -> impl Fn(&Event) -> bool {
    move |event| matches!(&event.kind, Kind::Step { step: id, transition: Transition::Started } if id.as_str() == step)
}

/// Whether a person is asked.
pub(crate) fn asks(event: &Event) -> bool {
    matches!(
        &event.kind,
        Kind::EffectStarted {
            request: runner_core::effect::Request::Ask(_),
            ..
        }
    )
}

/// That nobody holds the target's lock.
#[track_caller]
pub(crate) fn assert_unlocked(scratch: &Scratch) {
    for environment in ["staging", "prod"] {
        let lock = scratch.shop().join(".runner").join(environment).join("lock");
        assert!(
            !lock.exists(),
            "{environment} is locked: {}",
            std::fs::read_to_string(lock).unwrap()
        );
    }
}
