//! What a store is refused for.

use std::sync::Arc;

use object_store::{ObjectStore, ObjectStoreExt as _, path::Path};
use runner_core::digest::Digest;

use super::{
    Patience, SharedStore,
    flaky::{Flaky, Trouble},
    handle, memory,
};
use crate::store::{
    Durability, Store, StoreError,
    contract::{line, started},
};

fn write(objects: &Arc<dyn ObjectStore>, key: &str, text: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    let path = Path::from(format!("below/this/{key}"));
    let put = objects.put(&path, text.as_bytes().to_vec().into());
    runtime.block_on(put).expect("writes");
}

fn remove(objects: &Arc<dyn ObjectStore>, key: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    let path = Path::from(format!("below/this/{key}"));
    runtime.block_on(objects.delete(&path)).expect("removes");
}

fn opened(objects: &Arc<dyn ObjectStore>, project: &str) -> Result<SharedStore, StoreError> {
    let prefix = Path::from("below/this");
    SharedStore::over(
        Arc::clone(objects),
        prefix,
        "memory://shop",
        project,
        Patience::LONG,
    )
}

fn refusal(result: Result<SharedStore, StoreError>) -> String {
    result.err().expect("is refused").to_string()
}

#[test]
fn a_store_is_of_one_project_and_of_a_known_form() {
    let objects = memory();
    handle(&objects)
        .append(&started("r-1"), Durability::Power)
        .expect("appends");
    assert_eq!(
        refusal(opened(&objects, "blog")),
        "cannot use the store `memory://shop`: it is the store of `shop`, and this is `blog`"
    );
    write(&objects, "store.json", r#"{"format": 2, "project": "shop"}"#);
    assert_eq!(
        refusal(opened(&objects, "shop")),
        "`memory://shop` has version 2, this runner knows 1: use the newer runner"
    );
    write(&objects, "store.json", "{");
    let text = refusal(opened(&objects, "shop"));
    assert!(
        text.starts_with("cannot read `store.json` of the store: EOF"),
        "{text}"
    );
}

#[test]
fn looking_leaves_nothing_behind() {
    let objects = memory();
    let store = handle(&objects);
    assert_eq!(store.runs().expect("reads"), []);
    assert_eq!(store.events(&"r-1".into(), 0).expect("reads"), []);
    assert_eq!(store.good(&"prod".into()).expect("reads"), []);
    assert_eq!(store.lease("run/r-1").expect("reads"), None);
    drop(store);
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    let list = async { futures_util::StreamExt::count(objects.list(None)).await };
    assert_eq!(runtime.block_on(list), 0);
}

#[test]
fn a_store_that_ignores_conditions_is_refused_before_anything_is_kept() {
    let objects = memory();
    let mut careless = Flaky::over(&objects, |_| Trouble::None);
    careless.careless = true;
    let careless: Arc<dyn ObjectStore> = Arc::new(careless);
    let store = handle(&careless);
    let expected = "cannot use the store `memory://shop`: it does not know `If-None-Match`, or ignores it";
    let error = store
        .append(&started("r-1"), Durability::Power)
        .expect_err("is refused");
    assert_eq!(error.to_string(), expected);
    assert_eq!(store.examine().expect_err("is refused").to_string(), expected);
    assert_eq!(store.runs().expect("reads"), []);
}

#[test]
fn a_good_store_is_examined_again_and_again() {
    let objects = memory();
    let store = handle(&objects);
    store.append(&started("r-1"), Durability::Power).expect("appends");
    for _ in 0..2 {
        let found = store.examine().expect("is good");
        assert_eq!(found.runs, 1);
        assert!(found.ahead_ms.abs() < 5000, "{found:?}");
    }
}

#[test]
fn what_is_damaged_or_gone_is_named() {
    let objects = memory();
    let store = handle(&objects);
    store.append(&started("r-1"), Durability::Power).expect("appends");
    for seq in 1..4 {
        store
            .append(&line("r-1", seq, "x"), Durability::Power)
            .expect("appends");
    }
    let damaged = || {
        let error = handle(&objects).events(&"r-1".into(), 0);
        error.expect_err("is damaged").to_string()
    };
    remove(&objects, "journal/r-1/0000000002");
    assert_eq!(
        damaged(),
        "cannot read event 2 of run `r-1` of the store: it is not there, and later ones are"
    );
    write(
        &objects,
        "journal/r-1/0000000002",
        "{\"first\":2,\"count\":1,\"writer\":\"x\"}\n",
    );
    assert_eq!(
        damaged(),
        "cannot read `journal/r-1/0000000002` of the store: it has 0 events instead of 1"
    );
    let blob = store.put_blob(&[7; 100]).expect("keeps");
    write(
        &objects,
        &format!("blobs/{}/{}", &blob.hex()[..2], blob.hex()),
        "other",
    );
    let error = store.blob(&blob).expect_err("is damaged").to_string();
    assert!(error.ends_with("its bytes have another digest"), "{error}");
    assert_eq!(store.blob(&Digest::of(b"none")).expect("reads"), None);
}
