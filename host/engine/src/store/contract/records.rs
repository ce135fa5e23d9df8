//! Promises about blobs, decisions and good releases.

use runner_core::{
    digest::Digest,
    release::{Artifact, GoodRelease, Release},
};

use super::Pair;
use crate::store::Decision;

/// A good release.
pub(crate) fn good(version: &str, run: &str, at: u64) -> GoodRelease {
    GoodRelease {
        release: Release {
            version: version.to_owned(),
            tag: format!("v{version}"),
            commit: "c0ffee".to_owned(),
            notes: "### Fixed\n- naïve 日本語".to_owned(),
            artifacts: vec![Artifact {
                name: "shop".to_owned(),
                digest: Digest::of(version.as_bytes()),
                size: 7,
                location: "shop".to_owned(),
            }],
        },
        at,
        run: run.into(),
    }
}

pub(super) fn blobs((ours, theirs): Pair) {
    for bytes in [&b""[..], b"\0asm", &[0xff; 300_000]] {
        let digest = ours.put_blob(bytes).expect("keeps");
        assert_eq!(digest, Digest::of(bytes));
        assert_eq!(theirs.put_blob(bytes).expect("keeps again"), digest);
        assert_eq!(theirs.blob(&digest).expect("reads").as_deref(), Some(bytes));
    }
    assert_eq!(ours.blob(&Digest::of(b"other")).expect("reads"), None);
}

pub(super) fn decisions((ours, theirs): Pair) {
    let decision = |run: &str, choice: &str, at| Decision {
        run: run.into(),
        question: "prod/approval".to_owned(),
        subject: Some(Digest::of(b"release")),
        choice: choice.to_owned(),
        by: "Zoë".to_owned(),
        note: "läuft\n🚀".to_owned(),
        at,
        signature: None,
    };
    // The order is the one in which they were kept; clocks of machines differ.
    let said = [
        decision("r-1", "no", 5),
        decision("r-1", "yes", 3),
        decision("r-1", "yes", 3),
    ];
    ours.decide(&said[0]).expect("keeps");
    theirs.decide(&decision("r-2", "no", 1)).expect("keeps");
    theirs.decide(&said[1]).expect("keeps");
    ours.decide(&said[2]).expect("keeps");
    for store in [&ours, &theirs] {
        assert_eq!(store.decisions(&"r-1".into()).expect("reads"), said);
        assert_eq!(store.decisions(&"r-9".into()).expect("reads"), []);
    }
}

pub(super) fn good_releases((ours, theirs): Pair) {
    let (prod, staging) = ("prod".into(), "staging".into());
    let records = [
        good("1.0.0", "r-1", 10),
        good("1.1.0", "r-2", 20),
        // Back to 1.0.0, by a run of its own.
        good("1.0.0", "r-3", 30),
    ];
    ours.record_good(&prod, &records[0]).expect("records");
    theirs.record_good(&prod, &records[1]).expect("records");
    ours.record_good(&prod, &records[2]).expect("records");
    ours.record_good(&staging, &records[1]).expect("records");
    // The same run again, as a resumed one does: its first record stays in its place.
    theirs
        .record_good(&prod, &good("1.1.0", "r-2", 99))
        .expect("records");
    let mut newest = records.clone();
    newest.reverse();
    assert_eq!(theirs.good(&prod).expect("reads"), newest);
    assert_eq!(ours.good(&staging).expect("reads"), [records[1].clone()]);
    assert_eq!(ours.good(&"dev".into()).expect("reads"), []);
}
