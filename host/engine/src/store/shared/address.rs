//! What `store = "..."` of a profile names: `s3://bucket/prefix`, `file:///folder`.

use std::{sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    path::Path,
};
use url::Url;

use super::folder::Folder;
use crate::store::StoreError;

/// Variables of which one says who we are to S3.
const CREDENTIALS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// What to do where they are missing.
const NO_CREDENTIALS: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; with the AWS command line: \
                              `eval \"$(aws configure export-credentials --format env)\"`";

/// The objects that an address names, and the prefix that ours have there.
pub(super) fn open(address: &str) -> Result<(Arc<dyn ObjectStore>, Path), StoreError> {
    let unusable = |why: String, hint: &str| StoreError::Unusable {
        address: address.to_owned(),
        why,
        hint: hint.to_owned(),
    };
    let known = "known are `s3://bucket/prefix` and `file:///folder`";
    let url = Url::parse(address).map_err(|error| unusable(error.to_string(), known))?;
    match url.scheme() {
        "s3" => bucket(&url, unusable),
        "file" => folder(&url, unusable),
        other => Err(unusable(format!("`{other}` is no kind of store"), known)),
    }
}

fn folder(
    url: &Url,
    unusable: impl Fn(String, &str) -> StoreError,
) -> Result<(Arc<dyn ObjectStore>, Path), StoreError> {
    let root = url.to_file_path().map_err(|()| {
        unusable(
            "it names no folder of this machine".to_owned(),
            "write `file:///folder`",
        )
    })?;
    if !root.is_dir() {
        // Not made here: where a shared disk is not mounted, there must be no store for this machine alone.
        let why = format!("there is no folder `{}`", root.display());
        return Err(unusable(why, "mount it, or make it: mkdir"));
    }
    let folder =
        Folder::open(&root).map_err(|error| unusable(error.to_string(), "see whose the folder is"))?;
    Ok((Arc::new(folder), Path::default()))
}

fn bucket(
    url: &Url,
    unusable: impl Fn(String, &str) -> StoreError,
) -> Result<(Arc<dyn ObjectStore>, Path), StoreError> {
    let Some(name) = url.host_str() else {
        return Err(unusable(
            "it names no bucket".to_owned(),
            "write `s3://bucket/prefix`",
        ));
    };
    let prefix = Path::from_url_path(url.path().trim_end_matches('/'))
        .map_err(|error| unusable(error.to_string(), "write `s3://bucket/prefix`"))?;
    if CREDENTIALS.iter().all(|name| std::env::var_os(name).is_none()) && !on_ec2() {
        return Err(unusable("there are no credentials".to_owned(), NO_CREDENTIALS));
    }
    // Fails when there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(name)
        .with_config(
            AmazonS3ConfigKey::Client(ClientConfigKey::UserAgent),
            concat!("runner/", env!("CARGO_PKG_VERSION")),
        )
        .with_retry(tries());
    if ["AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|endpoint| endpoint.starts_with("http://")))
    {
        builder = builder.with_allow_http(true);
    }
    let store = builder
        .build()
        .map_err(|error| unusable(super::bucket::spoken(&error), NO_CREDENTIALS))?;
    Ok((Arc::new(store), prefix))
}

/// Whether this is a machine of Amazon's, which has credentials of its own; anywhere else asking for them only takes long.
fn on_ec2() -> bool {
    std::env::var_os("AWS_METADATA_ENDPOINT").is_some()
        || ["/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/board_vendor"]
            .iter()
            .any(|file| std::fs::read_to_string(file).is_ok_and(|vendor| vendor.contains("Amazon EC2")))
}

/// For what cannot be repeated from outside: the parts of an upload, and credentials. All else is repeated by the bucket.
fn tries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 3,
        retry_timeout: Duration::from_secs(15),
    }
}
