//! Arguments of `runner logs`.

use clap::Args;
use jiff::Timestamp;
use runner_core::duration::Duration;

/// `runner logs`.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// Only this source, e.g. `web` or `nginx-error`; may be given several times
    #[arg(long, short = 'u', value_name = "NAME")]
    pub(crate) unit: Vec<String>,
    /// Go on with what is written, until Ctrl-C
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
    /// Only what is newer: `1h`, `30m`, or an instant like 2026-03-15T10:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub(crate) since: Option<Since>,
    /// At most so many lines, the newest of all sources together; 100 unless `--since` is given
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) lines: Option<u32>,
}

/// Since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// For so long.
    Ago(Duration),
    /// Milliseconds since the epoch.
    At(u64),
}

impl Since {
    /// Milliseconds since the epoch.
    pub(crate) fn instant(self, now: u64) -> u64 {
        match self {
            Self::Ago(length) => now.saturating_sub(length.as_millis()),
            Self::At(at) => at,
        }
    }
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(length) = text.parse() {
        return Ok(Since::Ago(length));
    }
    let at = text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    at.and_then(|at| u64::try_from(at).ok())
        .map(Since::At)
        .ok_or_else(|| {
            "neither a length of time like `1h` or `30m`, nor an instant like 2026-03-15T10:00:00Z".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_or_an_instant() {
        let hour = since("1h").expect("a length");
        assert_eq!(hour.instant(3_600_005), 5);
        assert_eq!(hour.instant(5), 0);
        let at = since("2026-03-15T10:00:00Z").expect("an instant");
        assert_eq!(at.instant(5), 1_773_568_800_000);
        assert_eq!(since("2026-03-15T12:00:00+02:00"), Ok(at));
        for odd in ["", "yesterday", "1", "2026-03-15", "1960-01-01T00:00:00Z"] {
            assert!(since(odd).is_err(), "{odd}");
        }
    }
}
