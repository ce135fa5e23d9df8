//! The name of a pre-release channel: the `rc` of `1.3.0-rc.2`.

use std::fmt;
use std::str::FromStr;

use semver::{Prerelease, Version};
use serde::{Deserialize, Serialize};

/// Names a pre-release channel: one semver identifier that is not a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Channel(String);

/// Says that a text cannot name a channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot name a pre-release: use letters, digits and `-`, not digits alone, e.g. `rc`")]
pub struct ChannelError(String);

impl Channel {
    /// Returns the number of a version that is a pre-release of this channel: 2 for `1.3.0-rc.2`.
    pub(super) fn number(&self, version: &Version) -> Option<u64> {
        version
            .pre
            .as_str()
            .strip_prefix(&self.0)?
            .strip_prefix('.')?
            .parse()
            .ok()
    }

    /// Makes the pre-release `number` of a version.
    pub(super) fn of(&self, version: &Version, number: u64) -> Version {
        let pre = Prerelease::new(&format!("{}.{number}", self.0));
        Version {
            pre: pre.expect("a channel and a number are two semver identifiers"),
            ..version.clone()
        }
    }
}

impl FromStr for Channel {
    type Err = ChannelError;

    fn from_str(text: &str) -> Result<Self, ChannelError> {
        let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let number = text.bytes().all(|b| b.is_ascii_digit());
        if letters && !number {
            Ok(Self(text.into()))
        } else {
            Err(ChannelError(text.into()))
        }
    }
}

impl TryFrom<String> for Channel {
    type Error = ChannelError;

    fn try_from(text: String) -> Result<Self, ChannelError> {
        text.parse()
    }
}

impl From<Channel> for String {
    fn from(channel: Channel) -> Self {
        channel.0
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
