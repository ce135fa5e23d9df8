#![expect(clippy::print_stderr, reason = "a test that is left out says so")]

mod faults;
mod flaky;
mod late;
mod mark;
mod shelf;

use std::{env, fs, sync::Arc};

use object_store::{ObjectStore, aws::AmazonS3Builder, memory::InMemory, path::Path};

use super::{Patience, SharedStore, folder::Folder, token};
use crate::store::{Store, contract};

/// A handle on the store in `objects`, as one process has.
fn handle(objects: &Arc<dyn ObjectStore>) -> SharedStore {
    handle_with(objects, Patience::LONG)
}

fn handle_with(objects: &Arc<dyn ObjectStore>, patience: Patience) -> SharedStore {
    let prefix = Path::from("below/this");
    SharedStore::over(Arc::clone(objects), prefix, "memory://shop", "shop", patience).expect("opens")
}

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

mod in_memory {
    use super::*;

    contract::suite!({
        let objects = memory();
        let pair: contract::Pair = (Arc::new(handle(&objects)), Arc::new(handle(&objects)));
        pair
    });
}

mod in_a_folder {
    use super::*;

    contract::suite!({
        // Removed with the rest of the temporary folder: a handle that is still open may need it.
        let root = tempfile::tempdir().expect("makes a folder").keep();
        let open = || {
            let folder: Arc<dyn ObjectStore> = Arc::new(Folder::open(&root).expect("opens"));
            Arc::new(handle(&folder)) as Arc<dyn Store>
        };
        (open(), open())
    });
}

/// Objects of an S3 server, below a prefix of their own; none where there is no server.
fn s3() -> Option<(Arc<dyn ObjectStore>, Path)> {
    let endpoint = env::var("RUNNER_TEST_S3")
        .ok()
        .filter(|endpoint| !endpoint.is_empty());
    let Some(endpoint) = endpoint else {
        assert!(
            env::var("CI").map_or(true, |ci| ci != "true"),
            "CI tests the store against an S3 server: sh scripts/test-s3.sh COMMAND..."
        );
        eprintln!(
            "LEFT OUT: no S3 server to test against: `pip install 'moto[server]'`, then `sh scripts/test-s3.sh COMMAND...`"
        );
        return None;
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bucket = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name("runner-test")
        .with_access_key_id("test")
        .with_secret_access_key("test")
        .build()
        .expect("is an endpoint");
    Some((Arc::new(bucket), Path::from(format!("contract/{}", token()))))
}

/// A handle on an S3 server's store.
fn s3_handle(objects: &Arc<dyn ObjectStore>, prefix: &Path) -> SharedStore {
    let objects = Arc::clone(objects);
    SharedStore::over(
        objects,
        prefix.clone(),
        "s3://runner-test",
        "shop",
        Patience::LONG,
    )
    .expect("opens")
}

#[test]
fn keeps_every_promise_on_an_s3_server() {
    if s3().is_none() {
        return;
    }
    for (promise, test) in contract::PROMISES {
        let kept = std::panic::catch_unwind(|| {
            let (objects, prefix) = s3().expect("is there");
            let open = || Arc::new(s3_handle(&objects, &prefix)) as Arc<dyn Store>;
            test((open(), open()));
        });
        assert!(kept.is_ok(), "broken: {promise}");
    }
}

#[test]
fn a_folder_that_is_gone_is_not_made_again() {
    let root = tempfile::tempdir().expect("makes a folder");
    let place = root.path().join("shared");
    fs::create_dir(&place).expect("makes");
    let address = format!("file://{}", place.display());
    let store = SharedStore::open(&address, "shop").expect("opens");
    store
        .append(&contract::started("r-1"), crate::store::Durability::Power)
        .expect("appends");
    fs::rename(&place, root.path().join("away")).expect("moves");
    let error = store
        .append(&contract::line("r-1", 1, "lost"), crate::store::Durability::Power)
        .expect_err("is gone");
    let text = error.to_string().replace(&place.display().to_string(), "$PLACE");
    assert!(
        text.starts_with(
            "cannot append to the journal in `file://$PLACE`: cannot look at `$PLACE`: No such file"
        ),
        "{text}"
    );
    assert!(!place.exists());
    let error = SharedStore::open(&address, "shop")
        .err()
        .expect("is refused")
        .to_string();
    assert!(
        error.ends_with("there is no folder `") || error.contains("there is no folder"),
        "{error}"
    );
}
