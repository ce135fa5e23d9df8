//! Which backups are deleted once a newer one is there.

use std::collections::BTreeSet;

use super::{Kept, Purpose};
use crate::{digest::Digest, event::Command, profile::Keep, run::Run};

/// Which of the `earlier` backups, newest first and all of one environment and one `[backup.*]`, do not stay at the time `now`
/// (milliseconds since the epoch), when one more has just been made or is about to be.
///
/// What was kept before a restore is counted by itself, so that a day of restores does not push out what is made daily. Always
/// kept: the newest of both kinds, those from before the release that runs (`running` is its version), since `runner
/// rollback` may bring them back, and those whose bytes another one that stays has too.
pub fn stale(keep: Keep, earlier: &[Kept], running: Option<&str>, now: u64) -> Vec<Kept> {
    if keep.last.is_none() && keep.within.is_none() {
        return Vec::new();
    }
    let (safety, usual): (Vec<_>, Vec<_>) = earlier.iter().partition(|kept| kept.purpose == Purpose::Restore);
    let last = keep.last.map_or(1, |last| last.get() as usize);
    // The one more is of the usual kind.
    let counted = usual
        .into_iter()
        .skip(last - 1)
        .chain(safety.into_iter().skip(last));
    let old = |kept: &&Kept| {
        keep.within
            .is_none_or(|within| kept.at.saturating_add(within.as_millis()) < now)
    };
    let needed = |kept: &&Kept| matches!((&kept.purpose, running), (Purpose::Deploy(of), Some(running)) if of == running);
    let mut stale: Vec<&Kept> = counted.filter(old).filter(|kept| !needed(kept)).collect();
    // One that stays because of a part of its bytes makes those stay that have another part of them.
    loop {
        let going: BTreeSet<&str> = stale.iter().map(|kept| kept.id.as_str()).collect();
        let staying = earlier.iter().filter(|kept| !going.contains(kept.id.as_str()));
        let needed: BTreeSet<&Digest> = staying.flat_map(digests).collect();
        let before = stale.len();
        stale.retain(|kept| !digests(kept).any(|digest| needed.contains(digest)));
        if stale.len() == before {
            return stale.into_iter().cloned().collect();
        }
    }
}

fn digests(kept: &Kept) -> impl Iterator<Item = &Digest> {
    kept.artifacts.iter().map(|artifact| &artifact.digest)
}

/// Every backup that a run which has not ended may still need: its own, and those that it verifies or restores.
pub fn in_use(run: &Run) -> Vec<Kept> {
    if run.end.is_some() {
        return Vec::new();
    }
    let mut used = Kept::of(run);
    if let Command::VerifyBackup { backup } | Command::Restore { backup } = &run.header.command {
        used.push((**backup).clone());
    }
    used.extend(
        run.preflight()
            .into_iter()
            .flat_map(|found| found.backups.clone()),
    );
    used
}

#[cfg(test)]
mod tests;
