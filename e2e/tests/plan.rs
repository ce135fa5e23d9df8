//! The honest plan: it changes nothing, asks nobody, and lists what the release after it does.

use std::{
    io::Write as _,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use runner_core::{event::End, id::Scope};
use runner_e2e::{Ended, Journal, Listed, Repository as _, Scratch, Snapshot};

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
    assert_eq!(first.differences(&Journal::of(&scratch, None).unwrap()), [""; 0]);

    // With something deployed, the plan reads it, and still changes nothing.
    scratch.history("break-checkout.sh").unwrap();
    let second = Listed::of(&plan(&scratch));
    assert_end(&release(&scratch), End::Released, 0);
    assert_eq!(second.differences(&Journal::of(&scratch, None).unwrap()), [""; 0]);
}
