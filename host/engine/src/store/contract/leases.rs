//! Promises about leases.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use super::Pair;
use crate::store::{Lease, StoreError, Taken};

/// A lease of `prod` from 1000 to 2000.
pub(crate) fn lease(run: &str, token: &str) -> Lease {
    Lease {
        name: "environment/prod".to_owned(),
        owner: format!("{token}@laptop (pid 4711)"),
        run: run.into(),
        reason: "release 1.2.3".to_owned(),
        token: token.to_owned(),
        machine: "boot pid:[1]".to_owned(),
        since: 1000,
        expires: 2000,
    }
}

const OURS: Taken = Taken::Ours { replaced: None };

pub(super) fn taken_once((ours, theirs): Pair) {
    let ann = lease("r-1", "ann");
    assert_eq!(ours.lease(&ann.name).expect("reads"), None);
    assert_eq!(ours.take_lease(&ann, 1000).expect("takes"), OURS);
    assert_eq!(
        theirs.take_lease(&lease("r-2", "bob"), 1500).expect("asks"),
        Taken::Theirs(ann.clone())
    );
    assert_eq!(theirs.lease(&ann.name).expect("reads"), Some(ann.clone()));
    let other = Lease {
        name: "environment/staging".to_owned(),
        ..lease("r-2", "bob")
    };
    assert_eq!(theirs.take_lease(&other, 1500).expect("takes"), OURS);
    // Ours again: renewed.
    let later = Lease { expires: 9000, ..ann };
    assert_eq!(ours.take_lease(&later, 1600).expect("renews"), OURS);
    assert_eq!(theirs.lease(&later.name).expect("reads"), Some(later));
}

pub(super) fn takeover((ours, theirs): Pair) {
    let (ann, bob) = (lease("r-1", "ann"), lease("r-2", "bob"));
    ours.take_lease(&ann, 1000).expect("takes");
    assert_eq!(
        theirs.take_lease(&bob, 2000).expect("asks"),
        Taken::Theirs(ann.clone())
    );
    let taken = theirs.take_lease(&bob, 2001).expect("takes over");
    assert_eq!(taken, Taken::Ours { replaced: Some(ann) });
    assert_eq!(ours.lease(&bob.name).expect("reads"), Some(bob));
}

pub(super) fn same_run((ours, theirs): Pair) {
    let (first, second) = (lease("r-1", "first"), lease("r-1", "second"));
    ours.take_lease(&first, 1000).expect("takes");
    assert_eq!(
        theirs.take_lease(&second, 1500).expect("asks"),
        Taken::Theirs(first.clone()),
        "two processes never drive one run"
    );
    let taken = theirs.take_lease(&second, 3000).expect("takes over");
    assert_eq!(
        taken,
        Taken::Ours {
            replaced: Some(first)
        }
    );
}

pub(super) fn lost((ours, theirs): Pair) {
    let (ann, bob) = (lease("r-1", "ann"), lease("r-2", "bob"));
    let name = ann.name.as_str();
    let nobody = ours.renew_lease(name, "ann", 5000).expect_err("is nobody's");
    assert_eq!(
        nobody.to_string(),
        "the lease `environment/prod` was lost: nobody has it"
    );
    ours.take_lease(&ann, 1000).expect("takes");
    ours.renew_lease(name, "ann", 2500).expect("renews");
    let renewed = theirs.lease(name).expect("reads").expect("is there");
    assert_eq!((renewed.expires, renewed.since), (2500, 1000));
    theirs.take_lease(&bob, 3000).expect("takes over");
    let error = ours.renew_lease(name, "ann", 5000).expect_err("is bob's");
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the lease `environment/prod` was lost: `bob@laptop (pid 4711)` has it for run `r-2`"
    );
    assert_eq!(ours.lease(name).expect("reads"), Some(bob));
}

pub(super) fn given_back((ours, theirs): Pair) {
    let (ann, bob) = (lease("r-1", "ann"), lease("r-2", "bob"));
    ours.give_lease(&ann.name, "ann").expect("nothing to give");
    ours.take_lease(&ann, 1000).expect("takes");
    theirs.give_lease(&ann.name, "bob").expect("is left alone");
    assert_eq!(ours.lease(&ann.name).expect("reads"), Some(ann.clone()));
    ours.give_lease(&ann.name, "ann").expect("gives back");
    assert_eq!(theirs.lease(&ann.name).expect("reads"), None);
    assert_eq!(theirs.take_lease(&bob, 1500).expect("takes"), OURS);
}

pub(super) fn race((ours, theirs): Pair) {
    // Free, then with what a dead owner left.
    for (round, dead) in [None, Some(lease("r-dead", "dead"))].into_iter().enumerate() {
        let name = format!("environment/prod-{round}");
        let named = |lease: Lease| Lease {
            name: name.clone(),
            ..lease
        };
        if let Some(dead) = &dead {
            ours.take_lease(&named(dead.clone()), 1000).expect("takes");
        }
        let barrier = Arc::new(Barrier::new(8));
        let takers: Vec<_> = (0..8)
            .map(|n| {
                let store = if n % 2 == 0 { ours.clone() } else { theirs.clone() };
                let barrier = barrier.clone();
                let mut lease = named(lease(&format!("r-{n}"), &format!("token-{n}")));
                (lease.since, lease.expires) = (3000, 9000);
                thread::spawn(move || {
                    barrier.wait();
                    let taken = store.take_lease(&lease, 3000).expect("asks");
                    matches!(taken, Taken::Ours { .. }).then_some((lease, taken))
                })
            })
            .collect();
        let winners: Vec<_> = takers
            .into_iter()
            .filter_map(|taker| taker.join().expect("asks"))
            .collect();
        assert_eq!(winners.len(), 1);
        let replaced = dead.map(named);
        assert_eq!(winners[0].1, Taken::Ours { replaced });
        assert_eq!(ours.lease(&name).expect("reads").as_ref(), Some(&winners[0].0));
    }
}
