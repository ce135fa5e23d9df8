//! The honest plan: it changes nothing, asks nobody, and lists what the release after it does.

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use regex_lite::Regex;
use runner_core::{
    event::{End, Event, Kind},
    id::Scope,
    output::Output,
    step::Transition,
};
use runner_e2e::{Ended, Journal, Plain, Scratch, Snapshot};

use crate::expect::{assert_end, release, scratch};

/// Somebody who answers at a port, and counts who comes.
struct Listener {
    visits: Arc<AtomicU32>,
}

impl Listener {
    fn at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let visits = Arc::<AtomicU32>::default();
        let counted = Arc::clone(&visits);
        thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                let Ok(mut stream) = stream else { continue };
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
                if counted.load(Ordering::SeqCst) > 1000 {
                    return;
                }
            }
        });
        Self { visits }
    }

    fn visits(&self) -> u32 {
        self.visits.load(Ordering::SeqCst)
    }
}

/// What a plan lists, and the conversations that it did not see to their end.
struct Listed {
    writes: BTreeMap<Scope, Vec<String>>,
    unforeseen: Vec<Scope>,
}

impl Listed {
    fn of(plan: &Ended) -> Self {
        let mut listed = Self {
            writes: BTreeMap::new(),
            unforeseen: Vec::new(),
        };
        for event in &plan.events {
            listed.take(event);
        }
        listed
    }

    fn take(&mut self, event: &Event) {
        match &event.kind {
            Kind::Planned(write) => {
                self.writes
                    .entry(write.scope.clone())
                    .or_default()
                    .push(Plain::timeless(&write.request.summary()));
                if !write.foreseen {
                    self.unforeseen.push(write.scope.clone());
                }
            }
            Kind::Step {
                step,
                transition:
                    Transition::Succeeded {
                        output: Output::Skipped(_),
                    },
            } => self.unforeseen.push(step.scope()),
            _ => {}
        }
    }
}

/// Every file, and what the store tells. SQLite tidies up its own files whenever somebody reads them, so of those only
/// whether they are there is looked at.
fn world(scratch: &Scratch) -> (Snapshot, String) {
    let snapshot = Snapshot::of(&[&scratch.shop(), &scratch.data()]).unwrap();
    let told = scratch.said(&["history", "--output", "json"]).unwrap();
    (snapshot.without_content_of("runner.db"), told)
}

fn plan(scratch: &Scratch) -> Ended {
    let (before, told) = world(scratch);
    let ended = scratch.start(&["release", "--plan"]).unwrap().ended().unwrap();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let (after, told_after) = world(scratch);
    assert_eq!(before.changes(&after), [""; 0], "a plan changes nothing");
    assert_eq!(told, told_after, "a plan is no run");
    ended
}

/// Compares the list with what the run after it wrote.
#[track_caller]
fn assert_foreseen(listed: &Listed, journal: &Journal) {
    // A run has its own id and its own times, and says so in some names; of what is not built yet the plan says `unbuilt` for its digest.
    let digest = Regex::new(r"(releases/\d+\.\d+\.\d+)-[0-9a-f]{12}\b").unwrap();
    let as_planned = |write: &String| {
        digest
            .replace_all(&Plain::timeless(write), "$1-unbuilt")
            .into_owned()
    };
    let writes = journal.writes().into_iter();
    let done: BTreeMap<Scope, Vec<String>> = writes
        .map(|(scope, done)| (scope, done.iter().map(as_planned).collect()))
        .collect();
    for (scope, planned) in &listed.writes {
        let done = done.get(scope).cloned().unwrap_or_default();
        if listed.unforeseen.contains(scope) {
            assert!(
                done.starts_with(planned),
                "{scope}: planned {planned:#?}, done {done:#?}"
            );
        } else {
            assert_eq!(planned, &done, "{scope}");
        }
    }
    for (scope, done) in &done {
        let known = listed.writes.contains_key(scope) || listed.unforeseen.contains(scope);
        assert!(known, "{scope} was not in the plan: {done:#?}");
    }
}

#[test]
fn a_plan_changes_nothing_and_lists_what_the_release_writes() {
    let scratch = scratch("plan", "");
    let (staging, prod) = (
        Listener::at(scratch.ports().staging),
        Listener::at(scratch.ports().prod),
    );
    let first = Listed::of(&plan(&scratch));
    assert_eq!((staging.visits(), prod.visits()), (0, 0), "a plan sends nothing");
    assert!(
        first.writes.values().map(Vec::len).sum::<usize>() > 20,
        "{:#?}",
        first.writes
    );
    for scope in [
        "tag",
        "changelog",
        "staging/deploy",
        "prod/deploy",
        "notify/released/team",
    ] {
        let scope = Scope::from(scope);
        let names: Vec<_> = first.writes.keys().collect();
        assert!(first.writes.contains_key(&scope), "{scope} is not in {names:?}");
    }
}

#[test]
fn the_release_after_a_plan_writes_what_was_listed() {
    let scratch = scratch("plan-release", "");
    let first = Listed::of(&plan(&scratch));
    assert_end(&release(&scratch), End::Released, 0);
    assert_foreseen(&first, &Journal::of(&scratch, None).unwrap());

    // With something deployed, the plan reads it, and still changes nothing.
    scratch.history("break-checkout.sh").unwrap();
    let second = Listed::of(&plan(&scratch));
    assert_end(&release(&scratch), End::Released, 0);
    assert_foreseen(&second, &Journal::of(&scratch, None).unwrap());
}
