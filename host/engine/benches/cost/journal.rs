//! Appending to the journal, beside writing the same bytes to a file on the same disk.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use runner_core::{
    effect::{Exit, Request, Response},
    event::{Event, Kind},
    id::RunId,
};
use runner_engine::store::{Durability, Store as _, sqlite::SqliteStore};

use crate::measure::{Subject, Table};

/// A folder on the disk of the build, which is a real one; the system's temporary folder may be memory.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder")
}

pub(crate) fn measure(table: &mut Table) {
    let folder = folder();
    let store = SqliteStore::open(folder.path().join("runner.db")).expect("a store");
    let append = |run: &'static str, durability| {
        let store = &store;
        let mut seq = 0;
        move || {
            store.append(&event(run, seq), durability).expect("appended");
            seq += 1;
        }
    };
    let bytes = serde_json::to_vec(&event("r", 0)).expect("JSON");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.path().join("raw"))
        .expect("a file");
    let raw = move || {
        file.write_all(&bytes).expect("written");
        file.sync_data().expect("synced");
    };
    let subjects = vec![
        Subject::new("write + fdatasync of the event's JSON to a file", raw),
        Subject::new("Store::append(write, Power)", append("power", Durability::Power)),
        Subject::new(
            "Store::append(read, Process)",
            append("process", Durability::Process),
        ),
    ];
    table.compare("journal", 300, subjects);
}

/// A typical one: a read of half a kilobyte.
fn event(run: &str, seq: u64) -> Event {
    let exit = Exit {
        code: Some(0),
        stdout: vec![b'x'; 500].into(),
        ..Exit::default()
    };
    Event {
        run: RunId::from(run),
        seq: Some(seq),
        at: 1_767_225_600_000,
        kind: Kind::EffectFinished {
            scope: "gate/test".into(),
            n: 0,
            request: Some(Request::Now),
            result: Ok(Response::Exit(exit)),
        },
    }
}
