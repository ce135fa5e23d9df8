//! Promises about the journal.

use std::thread;

use runner_core::{
    digest::Digest,
    effect::{Exit, HttpRequest, Nature, Request, Response},
    event::{Command, End, Event, Header, JOURNAL_VERSION, Kind, Level, PinnedPlugin},
    fault::Fault,
    id::RunId,
    output::Measure,
    plan::Plan,
};
use serde_json::json;

use super::Pair;
use crate::store::{Durability, StoreError};

/// The first event of a run.
pub(crate) fn started(run: &str) -> Event {
    let profile = json!({
        "project": { "name": "shop" },
        // A plugin may have such a key of its own, and large text.
        "gate": { "tests": { "plugin": "tests", "config": { "$blob": "mine", "script": "é".repeat(5000) } } },
        "environments": {},
    });
    event(
        run,
        0,
        Kind::RunStarted(Box::new(Header {
            journal: JOURNAL_VERSION,
            runner: "0.1.0".to_owned(),
            command: Command::Release { pre: None },
            by: "ann".to_owned(),
            host: "laptop".to_owned(),
            workspace: "/home/ann/shop".to_owned(),
            profile: serde_json::from_value(profile).expect("is a profile"),
            profile_name: "release.toml".to_owned(),
            plan: Plan::default(),
            plugins: vec![PinnedPlugin {
                reference: "tests".to_owned(),
                name: "tests".to_owned(),
                version: "0.1.0".to_owned(),
                digest: Digest::of(b"wasm"),
                official: true,
            }],
        })),
    )
}

/// A short event.
pub(crate) fn line(run: &str, seq: u64, message: &str) -> Event {
    let kind = Kind::Log {
        scope: "gate/tests".into(),
        level: Level::Info,
        message: message.to_owned(),
    };
    event(run, seq, kind)
}

fn event(run: &str, seq: u64, kind: Kind) -> Event {
    Event {
        run: run.into(),
        seq: Some(seq),
        at: 1_773_568_800_000 + seq,
        kind,
    }
}

/// A journal with what is awkward to keep: unicode, bytes that are no text, large numbers, failures.
pub(crate) fn everything(run: &str) -> Vec<Event> {
    let request = Request::Send(HttpRequest {
        method: "POST".to_owned(),
        url: "https://example.org/日本語?\u{0}\"\\".to_owned(),
        headers: vec![("authorization".to_owned(), "Bearer {{secret:token}}".to_owned())],
        body: vec![0xff, 0x00, 0xfe].into(),
        signing: None,
        timeout_ms: u64::MAX,
        nature: Nature::Write,
        foresee_status: Some(201),
        max_response: u32::MAX,
    });
    let exit = Exit {
        code: None,
        signal: Some(9),
        stdout: vec![0xc3; 9000].into(),
        stderr: "naïve 🚀\r\n".into(),
        truncated: true,
        wall_ms: 12,
    };
    let finished = |n, request, result| Kind::EffectFinished {
        scope: "prod/deploy#undo".into(),
        n,
        request,
        result,
    };
    let kinds = [
        Kind::EffectStarted {
            scope: "prod/deploy#undo".into(),
            n: 0,
            request: request.clone(),
        },
        finished(0, None, Err(Fault::transient("gone"))),
        finished(1, Some(Request::Now), Ok(Response::Instant(u64::MAX))),
        finished(
            2,
            Some(request),
            Ok(Response::Exits(vec![Ok(exit), Err(Fault::failed("no"))])),
        ),
        Kind::RunResumed {
            by: "Zoë".to_owned(),
            host: "büro".to_owned(),
        },
        Kind::RunFinished {
            end: End::RolledBack,
            summary: "é".repeat(3000),
            by_hand: vec!["x".repeat(4096), "x".repeat(4097)],
        },
    ];
    let rest = (1..).zip(kinds).map(|(seq, kind)| event(run, seq, kind));
    std::iter::once(started(run)).chain(rest).collect()
}

pub(super) fn read_back((ours, theirs): Pair) {
    let journal = everything("r-1");
    for (event, durability) in journal
        .iter()
        .zip([Durability::Power, Durability::Process].into_iter().cycle())
    {
        ours.append(event, durability).expect("appends");
    }
    let run = RunId::from("r-1");
    for store in [&ours, &theirs] {
        assert_eq!(store.events(&run, 0).expect("reads"), journal);
        assert_eq!(store.events(&run, 5).expect("reads"), journal[5..]);
        assert_eq!(store.events(&run, 99).expect("reads"), []);
        assert_eq!(store.events(&run, u64::MAX).expect("reads"), []);
    }
}

pub(super) fn no_such_run((store, _): Pair) {
    assert_eq!(store.events(&"r-none".into(), 0).expect("reads"), []);
    assert_eq!(store.runs().expect("reads"), []);
}

pub(super) fn taken_place((ours, theirs): Pair) {
    ours.append(&started("r-1"), Durability::Power).expect("appends");
    ours.append(&line("r-1", 1, "first"), Durability::Power)
        .expect("appends");
    for (store, seq) in [(&theirs, 1), (&ours, 1), (&theirs, 0)] {
        let error = store
            .append(&line("r-1", seq, "second"), Durability::Power)
            .expect_err("is taken");
        assert!(
            matches!(&error, StoreError::Conflict { run, seq: place } if run.as_str() == "r-1" && *place == seq),
            "{error:?}"
        );
    }
    let kept = ours.events(&"r-1".into(), 1).expect("reads");
    assert_eq!(kept, [line("r-1", 1, "first")]);
}

pub(super) fn gap((store, _): Pair) {
    let refused = |event: &Event, expected: u64| {
        let error = store
            .append(event, Durability::Power)
            .expect_err("leaves out a place");
        assert!(
            matches!(&error, StoreError::Gap { length, .. } if *length == expected),
            "{error:?}"
        );
    };
    refused(&line("r-1", 1, "no beginning"), 0);
    store.append(&started("r-1"), Durability::Power).expect("appends");
    refused(&line("r-1", 2, "too far"), 1);
    let mut unkept = line("r-1", 1, "not to be kept");
    unkept.seq = None;
    refused(&unkept, 1);
    assert_eq!(store.events(&"r-1".into(), 0).expect("reads").len(), 1);
}

/// Each of two writers appends until all places are taken; every place has the event of the one who was told so.
pub(super) fn two_writers((ours, theirs): Pair) {
    const PLACES: u64 = 40;
    ours.append(&started("r-1"), Durability::Power).expect("appends");
    let writer = |store: std::sync::Arc<dyn crate::store::Store>, name: &'static str| {
        thread::spawn(move || {
            let mut won = Vec::new();
            for seq in 1..=PLACES {
                match store.append(&line("r-1", seq, name), Durability::Power) {
                    Ok(()) => won.push(seq),
                    Err(StoreError::Conflict { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            won
        })
    };
    let (a, b) = (writer(ours.clone(), "a"), writer(theirs, "b"));
    let (a, b) = (a.join().expect("writes"), b.join().expect("writes"));
    let kept = ours.events(&"r-1".into(), 1).expect("reads");
    assert_eq!(kept.len() as u64, PLACES);
    assert_eq!(a.len() + b.len(), PLACES as usize);
    for (seq, event) in (1..).zip(kept) {
        let name = if a.contains(&seq) { "a" } else { "b" };
        assert_eq!(event, line("r-1", seq, name));
    }
}

/// What need not last is there with the next that must, in order.
pub(super) fn weak_appends((ours, theirs): Pair) {
    let mut journal = vec![started("r-1")];
    journal.extend((1..20).map(|seq| line("r-1", seq, "read")));
    for event in &journal {
        let durability = match event.seq {
            Some(19) => Durability::Power,
            _ => Durability::Process,
        };
        ours.append(event, durability).expect("appends");
    }
    assert_eq!(theirs.events(&"r-1".into(), 0).expect("reads"), journal);
    // Who appends reads what it appended.
    ours.append(&line("r-1", 20, "read"), Durability::Process)
        .expect("appends");
    assert_eq!(ours.events(&"r-1".into(), 20).expect("reads").len(), 1);
}

/// A place that waits to be written may be taken; exactly one of the two goes on.
pub(super) fn weak_and_strong((ours, theirs): Pair) {
    ours.append(&started("r-1"), Durability::Power).expect("appends");
    ours.append(&line("r-1", 1, "ours"), Durability::Process)
        .expect("appends");
    let taken = theirs.append(&line("r-1", 1, "theirs"), Durability::Power);
    let next = ours.append(&line("r-1", 2, "ours"), Durability::Power);
    let winner = match (&taken, &next) {
        (Err(StoreError::Conflict { .. }), Ok(())) => "ours",
        (Ok(()), Err(StoreError::Conflict { .. })) => "theirs",
        other => panic!("{other:?}"),
    };
    let kept = theirs.events(&"r-1".into(), 1).expect("reads");
    assert_eq!(kept[0], line("r-1", 1, winner));
    assert!(kept.iter().skip(1).all(|event| *event == line("r-1", 2, "ours")));
}

pub(super) fn unfinished((ours, theirs): Pair) {
    for event in everything("r-1") {
        ours.append(&event, Durability::Power).expect("appends");
    }
    ours.append(&started("r-2"), Durability::Power).expect("appends");
    assert!(theirs.unfinished().expect("reads").contains(&"r-2".into()));
    assert_eq!(theirs.runs().expect("reads").len(), 2);
}

pub(super) fn runs_newest_first((ours, theirs): Pair) {
    for run in ["r-20260101-1", "r-20260102-1", "r-20260103-1"] {
        let mut event = started(run);
        event.at += 1000;
        ours.append(&event, Durability::Power).expect("appends");
    }
    ours.append(&line("r-20260101-1", 1, "goes on"), Durability::Power)
        .expect("appends");
    let expected = ["r-20260103-1", "r-20260102-1", "r-20260101-1"].map(RunId::from);
    assert_eq!(theirs.runs().expect("reads"), expected);
}

pub(super) fn large_texts((ours, theirs): Pair) {
    let text = "日本 line of a log\n".repeat(100_000);
    ours.append(&started("r-1"), Durability::Power).expect("appends");
    ours.append(&line("r-1", 1, &text), Durability::Power)
        .expect("appends");
    let kept = theirs.events(&"r-1".into(), 1).expect("reads");
    assert_eq!(kept, [line("r-1", 1, &text)]);
}

/// A number that the default parser of `serde_json` reads back as another.
#[test]
fn numbers_read_back_exactly() {
    for value in [
        51.248_178_923_7,
        95.3,
        0.1 + 0.2,
        2.638_344_616_030_823e-256,
        1e300,
    ] {
        let measure = Measure {
            name: "p99".to_owned(),
            value,
            unit: "ms".to_owned(),
            limit: None,
        };
        let text = serde_json::to_string(&measure).expect("serialises");
        let read: Measure = serde_json::from_str(&text).expect("reads");
        assert_eq!(read.value.to_bits(), value.to_bits(), "{text}");
    }
}
