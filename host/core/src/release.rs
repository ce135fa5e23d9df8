//! A release and what it is made of.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Bytes in the artifact store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name in the profile, e.g. `shop`.
    pub name: String,
    /// Of its bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Where the store keeps it; the store's business.
    pub location: String,
}

/// A version and its changelog, and what is deployed as it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Without the tag prefix, e.g. `1.2.3`.
    pub version: String,
    /// With the prefix, e.g. `v1.2.3`.
    pub tag: String,
    /// Full id of the commit that the tag names.
    pub commit: String,
    /// Markdown.
    pub notes: String,
    /// In the order of their names.
    pub artifacts: Vec<Artifact>,
}

impl Release {
    /// What an approval is bound to: version, commit and the bytes of every artifact.
    pub fn digest(&self) -> Digest {
        let artifacts: Vec<_> = self.artifacts.iter().map(|a| (&a.name, &a.digest)).collect();
        Digest::of_json(&(&self.version, &self.commit, artifacts))
    }
}

/// A release that passed everything in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodRelease {
    /// What is good there.
    pub release: Release,
    /// Milliseconds since the epoch, when it was found good.
    pub at: u64,
    /// The run that found it good.
    pub run: crate::id::RunId,
}
