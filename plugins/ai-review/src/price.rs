//! What tokens cost.

use schemars::JsonSchema;
use serde::Deserialize;

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Price {
    /// Read for the first time.
    input: f64,
    /// Read from a cache. Default: as `input`.
    cached: Option<f64>,
    /// Read and put into a cache. Default: as `input`.
    cache_write: Option<f64>,
    /// Written, thinking included.
    output: f64,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// All that was read, from caches too.
    pub(crate) input: u64,
    /// Of `input`: from a cache.
    pub(crate) cached: u64,
    /// Of `input`: put into a cache.
    pub(crate) cache_write: u64,
    /// All that was written.
    pub(crate) output: u64,
}

impl Tokens {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            output: self.output.saturating_add(other.output),
        }
    }

    /// At most so many for a text of so many bytes, by three bytes to a token: code and prose have four or more.
    pub(crate) fn of_bytes(bytes: usize) -> u64 {
        (bytes as u64).div_ceil(3)
    }
}

impl Price {
    /// US dollars.
    pub(crate) fn of(&self, tokens: Tokens) -> f64 {
        let cached = self.cached.unwrap_or(self.input);
        let cache_write = self.cache_write.unwrap_or(self.input);
        let fresh = tokens
            .input
            .saturating_sub(tokens.cached)
            .saturating_sub(tokens.cache_write);
        let millionths = fresh as f64 * self.input
            + tokens.cached as f64 * cached
            + tokens.cache_write as f64 * cache_write
            + tokens.output as f64 * self.output;
        millionths / 1e6
    }

    /// The most that a call can cost: whatever is dearest of reading, and all that may be written.
    pub(crate) fn at_most(&self, input: u64, output: u64) -> f64 {
        let dearest = [self.cached, self.cache_write]
            .into_iter()
            .flatten()
            .fold(self.input, f64::max);
        (input as f64 * dearest + output as f64 * self.output) / 1e6
    }

    /// Whether nothing is below zero.
    pub(crate) fn is_sane(&self) -> bool {
        [Some(self.input), self.cached, self.cache_write, Some(self.output)]
            .into_iter()
            .flatten()
            .all(|price| price >= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_token_has_its_price() {
        let price = Price {
            input: 3.0,
            cached: Some(0.3),
            cache_write: Some(3.75),
            output: 15.0,
        };
        let tokens = Tokens {
            input: 1_000_000,
            cached: 500_000,
            cache_write: 100_000,
            output: 10_000,
        };
        assert!((price.of(tokens) - (1.2 + 0.15 + 0.375 + 0.15)).abs() < 1e-9);
        assert!(price.at_most(1_000_000, 10_000) >= price.of(tokens));
        let plain = Price {
            cached: None,
            cache_write: None,
            ..price
        };
        assert!((plain.of(tokens) - 3.15).abs() < 1e-9);
    }

    #[test]
    fn a_server_that_counts_strangely_costs_no_less_than_nothing() {
        let price = Price {
            input: 3.0,
            cached: Some(0.3),
            cache_write: None,
            output: 15.0,
        };
        let tokens = Tokens {
            input: 5,
            cached: u64::MAX,
            cache_write: u64::MAX,
            output: 0,
        };
        assert!(price.of(tokens) > 0.0);
        assert_eq!(Tokens::of_bytes(7), 3);
    }
}
