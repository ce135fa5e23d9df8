//! Artifacts: put on one machine, taken on another.

use std::{fs, sync::Arc};

use object_store::{ObjectStoreExt as _, path::Path};
use runner_core::{effect::Response, release::Artifact};

use super::{handle, memory, s3, s3_handle};
use crate::{
    capability::{artifacts::Artifacts, machine::Machines},
    stop::Stop,
    store::Store,
    workspace::Workspace,
};

/// A machine: a work tree, and a folder of its own for artifacts.
fn machine(store: &Arc<dyn Store>) -> (tempfile::TempDir, Artifacts) {
    let folder = tempfile::tempdir().expect("makes a folder");
    fs::create_dir(folder.path().join("work")).expect("makes");
    let workspace = Workspace::open(&folder.path().join("work")).expect("opens");
    let artifacts = Artifacts::new(
        folder.path().join("artifacts"),
        workspace,
        Machines::default(),
        Stop::default(),
    );
    (folder, artifacts.shared(Arc::clone(store)))
}

fn put(artifacts: &Artifacts, path: &str) -> Artifact {
    match artifacts.put(None, path, "shop").expect("puts") {
        Response::Artifact(artifact) => artifact,
        other => panic!("{other:?}"),
    }
}

fn goes_over(ours: &Arc<dyn Store>, theirs: &Arc<dyn Store>, bytes: &[u8]) {
    let (a_folder, a) = machine(ours);
    let (b_folder, b) = machine(theirs);
    fs::write(a_folder.path().join("work/shop"), bytes).expect("writes");
    let artifact = put(&a, "shop");
    assert_eq!(put(&a, "shop"), artifact);
    b.verify(&artifact).expect("is the same");
    b.get(&artifact, None, "here").expect("gets");
    let got = fs::read(b_folder.path().join("work/here")).expect("reads");
    assert!(got == bytes, "{} bytes of {}", got.len(), bytes.len());
}

/// Deleted on one machine it is nowhere; what another machine has fetched stays there.
fn is_deleted(ours: &Arc<dyn Store>, theirs: &Arc<dyn Store>) {
    let (a_folder, a) = machine(ours);
    let (_b_folder, b) = machine(theirs);
    let (_c_folder, c) = machine(theirs);
    for name in ["old", "new"] {
        fs::write(a_folder.path().join("work").join(name), name).expect("writes");
    }
    let (old, new) = (put(&a, "old"), put(&a, "new"));
    c.verify(&old).expect("fetches it");
    for _ in ["once", "again"] {
        a.delete(std::slice::from_ref(&old)).expect("deletes");
        for machine in [&a, &b] {
            let error = machine.verify(&old).expect_err("is gone").to_string();
            assert!(error.contains("has no artifact `shop`"), "{error}");
            machine.verify(&new).expect("is there");
        }
    }
    c.verify(&old).expect("has its own");
    put(&a, "old");
    b.verify(&old).expect("is there again");
}

#[test]
fn what_is_deleted_is_gone_for_all_machines() {
    let objects = memory();
    is_deleted(
        &(Arc::new(handle(&objects)) as _),
        &(Arc::new(handle(&objects)) as _),
    );
    let Some((objects, prefix)) = s3() else { return };
    let open = || Arc::new(s3_handle(&objects, &prefix)) as Arc<dyn Store>;
    is_deleted(&open(), &open());
}

#[test]
fn files_of_any_size_go_over() {
    let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    for size in [0, 1, 8 << 20, large.len()] {
        let objects = memory();
        let (ours, theirs): (Arc<dyn Store>, Arc<dyn Store>) =
            (Arc::new(handle(&objects)), Arc::new(handle(&objects)));
        goes_over(&ours, &theirs, &large[..size]);
        let Some((objects, prefix)) = s3() else { continue };
        let open = || Arc::new(s3_handle(&objects, &prefix)) as Arc<dyn Store>;
        goes_over(&open(), &open(), &large[..size]);
    }
}

#[test]
fn what_was_changed_in_the_store_is_not_used() {
    let objects = memory();
    let store: Arc<dyn Store> = Arc::new(handle(&objects));
    let (a_folder, a) = machine(&store);
    fs::write(a_folder.path().join("work/shop"), "shop").expect("writes");
    let artifact = put(&a, "shop");
    let hex = artifact.digest.hex();
    let path = Path::from(format!("below/this/artifacts/{}/{hex}", &hex[..2]));
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    runtime
        .block_on(objects.put(&path, b"evil".to_vec().into()))
        .expect("changes it");
    let (b_folder, b) = machine(&store);
    let error = b
        .get(&artifact, None, "here")
        .expect_err("is refused")
        .to_string();
    assert!(
        error.contains("was changed in the store `memory://shop`: it has 4 bytes"),
        "{error}"
    );
    assert!(!b_folder.path().join("work/here").exists());
    runtime.block_on(objects.delete(&path)).expect("removes it");
    let error = b.verify(&artifact).expect_err("is gone").to_string();
    assert!(
        error.starts_with("the store `memory://shop` has no artifact `shop`"),
        "{error}"
    );
    // Where it was made it still is.
    a.verify(&artifact).expect("is here");
}
