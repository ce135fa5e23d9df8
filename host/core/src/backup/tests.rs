//! What the journals tell of backups, on the stories of the fixture.

use super::*;
use crate::fixture::{self, released, rolled_back};

#[test]
fn a_release_has_made_those_from_before_its_deploys() {
    let run = released().run;
    let kept = Kept::of(&run);
    let [kept] = kept.as_slice() else {
        panic!("one backup, of prod: {kept:?}")
    };
    assert_eq!(
        (kept.environment.as_str(), kept.backup.as_str()),
        ("prod", "orders")
    );
    assert_eq!(kept.purpose, Purpose::Deploy("1.3.0".to_owned()));
    assert_eq!(kept.ran.as_deref(), Some("1.2.3"));
    assert_eq!(
        kept.at,
        run.times[&"prod/backup/orders".into()].1.expect("it has ended")
    );
    assert_eq!(kept.size(), 48_234_496);
    assert_eq!(kept.digest(), kept.artifacts[0].digest);
    assert_eq!(to_restore(&run, &"prod".into()), std::slice::from_ref(kept));
    assert_eq!(to_restore(&run, &"staging".into()), []);
}

#[test]
fn an_id_can_be_typed_and_is_of_one_run_and_step() {
    let (one, other) = (released().run, rolled_back().run);
    let id = |run: &Run| Kept::of(run)[0].id.clone();
    assert_eq!(id(&one).len(), ID_DIGITS);
    assert_eq!(id(&one), id(&one.clone()));
    // The fixture's runs have the same id: so the same backup is meant.
    assert_eq!(id(&one), id(&other));
    let renamed = Run {
        id: "r-20260316-100000-aaaa".into(),
        ..one.clone()
    };
    assert_ne!(id(&one), id(&renamed));
}

#[test]
fn what_was_not_read_back_is_none() {
    let blocked = fixture::blocked().run;
    assert_eq!(Kept::of(&blocked), []);
}
