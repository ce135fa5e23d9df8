use std::{
    env, fs,
    io::{BufRead, BufReader, Write, stdout},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteStore;
use crate::store::{
    Durability, Store,
    contract::{self, everything, line, started},
};

fn folder() -> TempDir {
    tempfile::tempdir().expect("makes a folder")
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).expect("opens")
}

/// What opening `path` says.
fn refusal(path: &Path) -> String {
    told(SqliteStore::open(path).expect_err("is refused"), path)
}

fn told(error: impl std::fmt::Display, path: &Path) -> String {
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()), "{text}");
    text.replace(&path.display().to_string(), "FILE")
}

contract::suite!({
    let path = folder().keep().join("runner.db");
    let pair: contract::Pair = (Arc::new(open(&path)), Arc::new(open(&path)));
    // The open files outlive their names.
    fs::remove_dir_all(path.parent().expect("has a folder")).expect("removes");
    pair
});

#[test]
fn a_new_store_is_its_owners_alone_and_is_there_when_opened_again() {
    let folder = folder();
    let path = folder.path().join("data/shop/runner.db");
    let journal = everything("r-1");
    {
        let store = open(&path);
        for event in &journal {
            store.append(event, Durability::Process).expect("appends");
        }
        let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        assert_eq!(mode(path.parent().expect("has a folder")), 0o700);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
    }
    assert_eq!(open(&path).events(&"r-1".into(), 0).expect("reads"), journal);
}

#[test]
fn large_texts_are_not_in_the_journal_itself() {
    let folder = folder();
    let path = folder.path().join("runner.db");
    let store = open(&path);
    store.append(&started("r-1"), Durability::Power).expect("appends");
    let text = "x".repeat(1_000_000);
    store
        .append(&line("r-1", 1, &text), Durability::Power)
        .expect("appends");
    let longest: i64 = Connection::open(&path)
        .expect("opens")
        .query_row("SELECT max(length(event)) FROM events", [], |row| row.get(0))
        .expect("asks");
    assert!(longest < 4096, "{longest}");
}

#[test]
fn many_open_a_new_store_at_once() {
    let folder = folder();
    let path = folder.path().join("new/runner.db");
    let openers: Vec<_> = (0..8)
        .map(|n| {
            let path = path.clone();
            thread::spawn(move || {
                let run = format!("r-{n}");
                open(&path)
                    .append(&started(&run), Durability::Process)
                    .expect("appends");
            })
        })
        .collect();
    for opener in openers {
        opener.join().expect("opens");
    }
    assert_eq!(open(&path).runs().expect("reads").len(), 8);
}

#[test]
fn a_newer_file_is_refused() {
    let folder = folder();
    let path = folder.path().join("runner.db");
    open(&path);
    let other = Connection::open(&path).expect("opens");
    other.pragma_update(None, "user_version", 99).expect("sets");
    assert_eq!(
        refusal(&path),
        "`FILE` has version 99, this runner knows 1: use the newer runner"
    );
}

#[test]
fn what_is_no_store_is_refused() {
    let folder = folder();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "not a database, only notes ".repeat(100)).expect("writes");
    assert_eq!(
        refusal(&path),
        "cannot read the file `FILE` of the store: file is not a database"
    );
    let foreign = folder.path().join("foreign.db");
    let other = Connection::open(&foreign).expect("opens");
    other.execute_batch("CREATE TABLE t (x)").expect("makes");
    assert_eq!(
        refusal(&foreign),
        "cannot read the file `FILE` of the store: it is the database of another program"
    );
    assert_eq!(
        refusal(folder.path()),
        "cannot open the store in `FILE`: unable to open database file: FILE"
    );
    let below_a_file = SqliteStore::open(path.join("runner.db")).expect_err("is refused");
    assert_eq!(
        told(below_a_file, &path),
        "cannot make the store's folder `FILE`: File exists (os error 17)"
    );
}

#[test]
fn a_damaged_event_is_named() {
    let folder = folder();
    let path = folder.path().join("runner.db");
    let store = open(&path);
    store.append(&started("r-1"), Durability::Power).expect("appends");
    let other = Connection::open(&path).expect("opens");
    let damage = |sql: &str| other.execute_batch(sql).expect("damages");
    damage("DELETE FROM blobs");
    let error = store
        .events(&"r-1".into(), 0)
        .expect_err("is damaged")
        .to_string();
    assert!(
        error.starts_with("cannot read event 0 of run `r-1` of the store: "),
        "{error}"
    );
    assert!(error.ends_with("there is no blob with this digest"), "{error}");
    damage("UPDATE events SET event = '{'");
    let error = store
        .events(&"r-1".into(), 0)
        .expect_err("is damaged")
        .to_string();
    assert!(error.contains("EOF while parsing"), "{error}");
}

#[test]
fn a_full_disk_and_a_read_only_file_are_told() {
    let folder = folder();
    let path = folder.path().join("runner.db");
    let store = open(&path);
    store.append(&started("r-1"), Durability::Power).expect("appends");
    let pragma = |name: &str, value: i64| {
        let open = store.open.lock().expect("is whole");
        open.connection
            .pragma_update_and_check(None, name, value, |_| Ok(()))
            .or_else(|_| open.connection.pragma_update(None, name, value))
            .expect("sets");
    };
    pragma("max_page_count", 1);
    let text = "y".repeat(1_000_000);
    let full = store
        .append(&line("r-1", 1, &text), Durability::Power)
        .expect_err("is full");
    assert_eq!(
        told(full, &path),
        "cannot append to the journal in `FILE`: database or disk is full"
    );
    pragma("max_page_count", 1_000_000);
    pragma("query_only", 1);
    let error = store
        .append(&line("r-1", 1, "z"), Durability::Power)
        .expect_err("is read-only");
    assert_eq!(
        told(error, &path),
        "cannot append to the journal in `FILE`: attempt to write a readonly database"
    );
    pragma("query_only", 0);
    store
        .append(&line("r-1", 1, "z"), Durability::Power)
        .expect("appends once that is over");
}

#[test]
fn a_file_that_stays_locked_is_told() {
    let folder = folder();
    let path = folder.path().join("runner.db");
    let store = open(&path);
    let patience = Duration::from_millis(20);
    let set = store
        .open
        .lock()
        .expect("is whole")
        .connection
        .busy_timeout(patience);
    set.expect("sets");
    let other = Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let error = store
        .append(&started("r-1"), Durability::Power)
        .expect_err("is locked");
    assert_eq!(
        told(error, &path),
        "cannot append to the journal in `FILE`: another process has kept it locked for 10 s"
    );
    assert_eq!(store.runs().expect("reads on"), []);
    other.execute_batch("ROLLBACK").expect("unlocks");
    store.append(&started("r-1"), Durability::Power).expect("appends");
}

const APPENDER: &str = "RUNNER_TEST_APPENDS_TO";

/// Not a test of its own: the process that the next test kills.
#[test]
fn appender() {
    let Some(path) = env::var_os(APPENDER).map(PathBuf::from) else {
        return;
    };
    let store = open(&path);
    for seq in 0.. {
        let event = match seq {
            0 => started("r-1"),
            _ => line("r-1", seq, &"w".repeat((seq as usize * 37) % 9000)),
        };
        let durability = if seq % 10 == 0 {
            Durability::Power
        } else {
            Durability::Process
        };
        store.append(&event, durability).expect("appends");
        writeln!(stdout(), "kept {seq}").expect("tells");
    }
}

#[test]
fn what_was_appended_survives_a_kill() {
    let folder = folder();
    let path = folder.path().join("runner.db");
    for round in 0..5 {
        let mut child = Command::new(env::current_exe().expect("is known"))
            .args(["--exact", "store::sqlite::tests::appender", "--nocapture"])
            .env(APPENDER, path.with_extension(format!("{round}.db")))
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let stdout = child.stdout.take().expect("is piped");
        let mut kept = None;
        for text in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some((_, seq)) = text.split_once("kept ") {
                kept = seq.parse::<u64>().ok();
            }
            // The rest of what it said before it died is read on.
            if kept == Some(20 + 33 * round) {
                child.kill().expect("kills");
            }
        }
        child.wait().expect("ends");
        let kept = kept.expect("appended");
        let events = open(&path.with_extension(format!("{round}.db")))
            .events(&"r-1".into(), 0)
            .expect("reads");
        assert!(events.len() as u64 > kept, "{} of {kept}", events.len());
        for (seq, event) in (1..).zip(&events[1..]) {
            assert_eq!(event, &line("r-1", seq, &"w".repeat((seq as usize * 37) % 9000)));
        }
    }
}
