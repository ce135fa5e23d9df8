use std::sync::Arc;

use super::MemoryStore;
use crate::store::{
    Durability, Lease, Store, StoreError, Taken,
    contract::{self, good, lease, line, started},
};

contract::suite!({
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    (store.clone(), store)
});

mod over_an_empty_store {
    use super::*;

    contract::suite!({
        let base: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let store: Arc<dyn Store> = Arc::new(MemoryStore::over(base));
        (store.clone(), store)
    });
}

/// A store with something of everything, and one over it.
fn layers() -> (Arc<dyn Store>, MemoryStore) {
    let base: Arc<dyn Store> = Arc::new(MemoryStore::default());
    base.append(&started("r-1"), Durability::Power).expect("appends");
    base.append(&line("r-1", 1, "below"), Durability::Power)
        .expect("appends");
    base.take_lease(&lease("r-1", "ann"), 1000).expect("takes");
    base.record_good(&"prod".into(), &good("1.0.0", "r-0", 1))
        .expect("records");
    base.put_blob(b"below").expect("keeps");
    (base.clone(), MemoryStore::over(base))
}

#[test]
fn goes_on_with_a_run_of_the_base_and_leaves_that_alone() {
    let (base, over) = layers();
    let run = "r-1".into();
    let taken = over.append(&line("r-1", 1, "above"), Durability::Power);
    assert!(
        matches!(taken, Err(StoreError::Conflict { seq: 1, .. })),
        "{taken:?}"
    );
    over.append(&line("r-1", 2, "above"), Durability::Power)
        .expect("appends");
    over.append(&started("r-2"), Durability::Power).expect("appends");
    // What another process appends below, from now on, is not mixed in.
    base.append(&line("r-1", 2, "elsewhere"), Durability::Power)
        .expect("appends");

    let seen = over.events(&run, 1).expect("reads");
    assert_eq!(seen, [line("r-1", 1, "below"), line("r-1", 2, "above")]);
    assert_eq!(over.events(&run, 2).expect("reads"), seen[1..]);
    assert_eq!(over.runs().expect("reads"), ["r-2".into(), "r-1".into()]);
    assert_eq!(base.runs().expect("reads"), ["r-1".into()]);
    let below = base.events(&run, 2).expect("reads");
    assert_eq!(below, [line("r-1", 2, "elsewhere")]);
}

#[test]
fn a_lease_of_the_base_holds_and_is_only_given_back_above() {
    let (base, over) = layers();
    let (ann, bob) = (lease("r-1", "ann"), lease("r-2", "bob"));
    assert_eq!(
        over.take_lease(&bob, 1500).expect("asks"),
        Taken::Theirs(ann.clone())
    );
    over.renew_lease(&ann.name, "ann", 5000).expect("renews");
    assert_eq!(
        over.lease(&ann.name).expect("reads"),
        Some(Lease {
            expires: 5000,
            ..ann.clone()
        })
    );
    over.give_lease(&ann.name, "ann").expect("gives back");
    assert_eq!(over.lease(&ann.name).expect("reads"), None);
    assert_eq!(base.lease(&ann.name).expect("reads"), Some(ann));
}

#[test]
fn records_of_both_are_seen_and_the_base_keeps_its_own() {
    let (base, over) = layers();
    let prod = "prod".into();
    over.record_good(&prod, &good("1.1.0", "r-1", 2))
        .expect("records");
    over.record_good(&prod, &good("1.0.0", "r-0", 3))
        .expect("is known");
    let versions: Vec<_> = over
        .good(&prod)
        .expect("reads")
        .into_iter()
        .map(|good| good.release.version)
        .collect();
    assert_eq!(versions, ["1.1.0", "1.0.0"]);
    assert_eq!(base.good(&prod).expect("reads").len(), 1);

    let below = runner_core::digest::Digest::of(b"below");
    assert_eq!(over.blob(&below).expect("reads").as_deref(), Some(&b"below"[..]));
    let above = over.put_blob(b"above").expect("keeps");
    assert_eq!(base.blob(&above).expect("reads"), None);
}
