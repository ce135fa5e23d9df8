//! What a coverage report says, whatever its format.

use std::collections::BTreeMap;

/// Files by their path in the report.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Report {
    pub(crate) files: BTreeMap<String, Counts>,
}

/// How much of something was run: statements, lines, or lines and branches, as the format counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) covered: u64,
    pub(crate) all: u64,
}

impl Counts {
    /// In percent; none where there is nothing to run.
    pub(crate) fn percent(self) -> Option<f64> {
        (self.all > 0).then(|| 100.0 * self.covered as f64 / self.all as f64)
    }

    /// Whether it is at least `limit` percent. Nothing to run is not.
    pub(crate) fn reaches(self, limit: f64) -> bool {
        // Multiplied rather than divided: 88 of 100 is 88 %, exactly.
        self.all > 0 && 100.0 * self.covered as f64 >= limit * self.all as f64 - 1e-9
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.covered += other.covered;
        self.all += other.all;
    }
}

impl std::fmt::Display for Counts {
    /// Rounded down: what is shown as 88 % is 88 %.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.percent() {
            Some(percent) => write!(f, "{} %", (percent * 100.0 + 1e-9).floor() / 100.0),
            None => f.write_str("nothing"),
        }
    }
}

impl Report {
    /// Counts of all files together.
    pub(crate) fn total(&self) -> Counts {
        self.sum(|_| true)
    }

    /// Counts of the files whose path is wanted.
    pub(crate) fn sum(&self, wanted: impl Fn(&str) -> bool) -> Counts {
        let mut sum = Counts::default();
        self.files
            .iter()
            .filter(|(path, _)| wanted(path))
            .for_each(|(_, counts)| sum.add(*counts));
        sum
    }
}

/// Hits by file and line, or by file and block: what is told more than once counts once.
#[derive(Default)]
pub(crate) struct Hits {
    files: BTreeMap<String, BTreeMap<String, Hit>>,
}

#[derive(Clone, Copy)]
struct Hit {
    weight: u64,
    covered: bool,
}

impl Hits {
    /// A file, even if nothing of it is told.
    pub(crate) fn file(&mut self, path: &str) {
        self.files.entry(path.to_owned()).or_default();
    }

    /// So many statements at `place` of a file.
    pub(crate) fn add(&mut self, path: &str, place: &str, weight: u64, covered: bool) {
        if !self.files.contains_key(path) {
            self.file(path);
        }
        let Some(places) = self.files.get_mut(path) else {
            return;
        };
        match places.get_mut(place) {
            Some(hit) => hit.covered |= covered,
            None => {
                places.insert(place.to_owned(), Hit { weight, covered });
            }
        }
    }

    pub(crate) fn report(self) -> Report {
        let counts = |places: BTreeMap<String, Hit>| {
            let mut counts = Counts::default();
            for hit in places.values() {
                let covered = if hit.covered { hit.weight } else { 0 };
                counts.add(Counts {
                    covered,
                    all: hit.weight,
                });
            }
            counts
        };
        Report {
            files: self
                .files
                .into_iter()
                .map(|(path, places)| (path, counts(places)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_met_exactly_and_never_by_rounding() {
        assert!(
            Counts {
                covered: 88,
                all: 100
            }
            .reaches(88.0)
        );
        assert!(Counts { covered: 7, all: 10 }.reaches(70.0));
        assert!(
            !Counts {
                covered: 87_999,
                all: 100_000
            }
            .reaches(88.0)
        );
        assert!(!Counts { covered: 0, all: 0 }.reaches(0.0));
        assert_eq!(
            Counts {
                covered: 87_999,
                all: 100_000
            }
            .to_string(),
            "87.99 %"
        );
        assert_eq!(Counts { covered: 2, all: 3 }.to_string(), "66.66 %");
        assert_eq!(
            Counts {
                covered: 88,
                all: 100
            }
            .to_string(),
            "88 %"
        );
    }
}
