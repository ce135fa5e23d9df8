//! The ledger's lines where they outlive the machine that wrote them: in the journals.

use std::collections::BTreeSet;

use super::DEFAULT_LEDGER;
use crate::{
    effect::Request,
    event::{Event, Kind},
    profile::Profile,
};

/// The plugin that keeps ledgers.
const REVIEW: &str = "ai-review";

/// Where the checks of a profile keep theirs, each once, as the profile writes it.
pub fn ledgers(profile: &Profile) -> BTreeSet<String> {
    let uses = profile.uses().into_iter().map(|placed| placed.of);
    uses.filter(|of| of.plugin == REVIEW)
        .map(|of| of.config["ledger"].as_str().unwrap_or(DEFAULT_LEDGER).to_owned())
        .collect()
}

/// The lines that a run wrote to the ledger at `path`, and those that it was about to write when it stopped.
pub fn noted(events: &[Event], path: &str) -> Vec<String> {
    let line = |event: &Event| match &event.kind {
        Kind::EffectStarted {
            request: Request::AppendLine { path: to, line, .. },
            ..
        } if to == path => Some(line.trim_end().to_owned()),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}
