//! How counters rose from scrape to scrape.

use std::collections::BTreeMap;

use crate::exposition::Series;
use crate::memory::Scrape;
use crate::selector::Selector;

/// The scrapes that a reading looks back over, oldest first.
pub(crate) struct Window<'a>(&'a [Scrape]);

impl<'a> Window<'a> {
    /// From the last scrape that is not after `start`, or the first there is: a window is never cut short by a scrape that
    /// came a little late.
    pub(crate) fn of(scrapes: &'a [Scrape], start: u64) -> Self {
        let before = scrapes.iter().rposition(|scrape| scrape.at <= start).unwrap_or(0);
        Self(&scrapes[before..])
    }

    /// How long it is; none for a single scrape.
    pub(crate) fn seconds(&self) -> Option<f64> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        let ms = last.at.saturating_sub(first.at);
        (ms > 0).then_some(ms as f64 / 1000.0)
    }

    /// How much all matching series rose together; none where there is none, or nothing to compare with.
    pub(crate) fn increase(&self, selector: &Selector) -> Option<f64> {
        self.seconds()?;
        let any = self
            .0
            .iter()
            .flat_map(|scrape| &scrape.series)
            .any(|series| selector.matches(series));
        any.then(|| self.rises(selector).map(|(_, rise)| rise).sum())
    }

    /// The same by the value of a label.
    pub(crate) fn increase_by(&self, selector: &Selector, label: &str) -> BTreeMap<String, f64> {
        let mut all = BTreeMap::new();
        if self.seconds().is_some() {
            for (series, rise) in self.rises(selector) {
                let value = series.labels.get(label).cloned().unwrap_or_default();
                *all.entry(value).or_insert(0.0) += rise;
            }
        }
        all
    }

    /// Each step of each series. One that fell was started again, and one that was not there before had not begun: both
    /// rose from 0.
    fn rises(&self, selector: &Selector) -> impl Iterator<Item = (&'a Series, f64)> {
        let steps = self.0.windows(2).flat_map(|pair| {
            let [before, after] = pair else { return Vec::new() };
            let matching = after.series.iter().filter(|series| selector.matches(series));
            let rise = |series: &'a Series| {
                let earlier = before
                    .series
                    .iter()
                    .find(|earlier| earlier.is(series))
                    .map_or(0.0, |series| series.value);
                let rise = if series.value >= earlier {
                    series.value - earlier
                } else {
                    series.value
                };
                (series, rise)
            };
            matching.map(rise).collect()
        });
        steps.collect::<Vec<_>>().into_iter()
    }
}
