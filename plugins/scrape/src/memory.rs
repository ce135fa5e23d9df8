//! What is handed from one sample of a watch to the next: a plugin keeps nothing itself.

use runner_sdk::{Error, WithContext};
use serde::{Deserialize, Serialize};

use crate::exposition::{self, Series};

/// What is kept of one scrape.
#[derive(Clone, Debug)]
pub(crate) struct Scrape {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) series: Vec<Series>,
}

/// Scrapes, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) scrapes: Vec<Scrape>,
}

/// The same as JSON: the series are lines in the format they came in, which knows NaN and infinity.
#[derive(Serialize, Deserialize)]
struct Written {
    at: u64,
    series: Vec<String>,
}

impl Memory {
    pub(crate) fn read(text: Option<&str>) -> Result<Self, Error> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let written: Vec<Written> =
            serde_json::from_str(text).context("reading the scrapes before this one")?;
        let scrape = |written: Written| {
            Ok(Scrape {
                at: written.at,
                series: exposition::parse(&written.series.join("\n"))?,
            })
        };
        let scrapes = written.into_iter().map(scrape).collect::<Result<_, Error>>()?;
        Ok(Self { scrapes })
    }

    pub(crate) fn write(&self) -> Option<String> {
        let written = self.scrapes.iter().map(|scrape| Written {
            at: scrape.at,
            series: scrape.series.iter().map(ToString::to_string).collect(),
        });
        let written: Vec<_> = written.collect();
        (!written.is_empty()).then(|| serde_json::to_string(&written).expect("texts and numbers are JSON"))
    }

    /// Adds the last one, and forgets what no window of `longest_ms` reaches.
    pub(crate) fn add(&mut self, scrape: Scrape, longest_ms: u64) {
        let start = scrape.at.saturating_sub(longest_ms);
        self.scrapes.push(scrape);
        if let Some(first) = self.scrapes.iter().rposition(|scrape| scrape.at <= start) {
            self.scrapes.drain(..first);
        }
    }
}
