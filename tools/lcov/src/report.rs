//! The coverage of a project: what was read from the run, as LCOV and as one line for a person.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use llvm_profparser::{CoverageMapping, merge_profiles};

use crate::lines::{self, Lines};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CoverageError {
    #[error("failed to find the folder `{}`: {source}", path.display())]
    Root { path: PathBuf, source: io::Error },
    #[error("failed to read the profile of the run: {0}")]
    Profile(io::Error),
    #[error("failed to read the coverage map of `{objects}`: {why}")]
    Map { objects: String, why: String },
    #[error("no source below `{}` is in the coverage map: build with -Cinstrument-coverage", .0.display())]
    Empty(PathBuf),
    #[error("failed to write `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// The counted lines of each source file, by its path relative to the project.
pub(crate) struct Report {
    files: BTreeMap<PathBuf, Lines>,
}

impl Report {
    /// Reads what a run left behind, and keeps what lies below `root` and is no test.
    pub(crate) fn read(
        profiles: &[PathBuf],
        objects: &[PathBuf],
        root: &Path,
    ) -> Result<Self, CoverageError> {
        let root = root.canonicalize().map_err(|source| CoverageError::Root {
            path: root.to_owned(),
            source,
        })?;
        let profile = merge_profiles(profiles).map_err(CoverageError::Profile)?;
        let unreadable = |why: String| {
            let objects: Vec<_> = objects.iter().map(|path| path.display().to_string()).collect();
            CoverageError::Map {
                objects: objects.join("`, `"),
                why,
            }
        };
        let read = CoverageMapping::new(objects, &profile, false)
            .and_then(|map| map.generate_report())
            .map_err(|error| unreadable(error.to_string()))?;
        let mut files = BTreeMap::new();
        for (path, result) in &read.files {
            let Ok(relative) = path.strip_prefix(&root) else {
                continue;
            };
            let mut lines = lines::count(&result.hits);
            if let Some(tests) = std::fs::read_to_string(path)
                .ok()
                .as_deref()
                .and_then(test_module)
            {
                lines.retain(|line, _| !tests.contains(line));
            }
            if !lines.is_empty() {
                files.insert(relative.to_owned(), lines);
            }
        }
        if files.is_empty() {
            Err(CoverageError::Empty(root))
        } else {
            Ok(Self { files })
        }
    }

    /// Renders the report as LCOV: a record for each file with its lines, in order.
    pub(crate) fn lcov(&self) -> String {
        let mut out = String::from("TN:\n");
        for (path, lines) in &self.files {
            let _ = writeln!(out, "SF:{}", path.display());
            for (line, hits) in lines {
                let _ = writeln!(out, "DA:{line},{hits}");
            }
            let _ = writeln!(out, "LF:{}\nLH:{}\nend_of_record", lines.len(), hit(lines));
        }
        out
    }

    /// Tells the total, for a person.
    pub(crate) fn summary(&self) -> String {
        let found: usize = self.files.values().map(Lines::len).sum();
        let hit: usize = self.files.values().map(hit).sum();
        #[expect(clippy::cast_precision_loss, reason = "a count of source lines")]
        let percent = 100.0 * hit as f64 / found as f64;
        format!(
            "{percent:.1} % of the lines: {hit} of {found} in {} files",
            self.files.len()
        )
    }
}

fn hit(lines: &Lines) -> usize {
    lines.values().filter(|hits| **hits > 0).count()
}

/// Finds the lines of the unit tests in a source file: the test module, up to the brace that stands first in
/// its line.
///
/// Names of functions would not do: a generic function that only a test calls carries the name of that test.
fn test_module(source: &str) -> Option<RangeInclusive<usize>> {
    let lines: Vec<_> = source.lines().collect();
    let start = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod "))?;
    let length = lines[start..].iter().position(|line| *line == "}")?;
    Some(start + 1..=start + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_as_lcov_and_as_one_line() {
        let lines = |pairs: &[(usize, u64)]| pairs.iter().copied().collect::<Lines>();
        let report = Report {
            files: BTreeMap::from([
                (PathBuf::from("src/a.rs"), lines(&[(1, 3), (2, 0)])),
                (PathBuf::from("src/b.rs"), lines(&[(7, 1)])),
            ]),
        };
        assert_eq!(
            report.lcov(),
            "TN:\nSF:src/a.rs\nDA:1,3\nDA:2,0\nLF:2\nLH:1\nend_of_record\n\
             SF:src/b.rs\nDA:7,1\nLF:1\nLH:1\nend_of_record\n"
        );
        assert_eq!(report.summary(), "66.7 % of the lines: 2 of 3 in 2 files");
    }

    #[test]
    fn the_test_module_ends_with_its_brace() {
        let source = "fn a() {\n}\n\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\n\nfn c() {}\n";
        assert_eq!(test_module(source), Some(4..=8));
        assert_eq!(test_module("#[cfg(test)]\nfn helper() {\n}\n"), None);
    }

    #[test]
    fn a_run_that_left_nothing_is_an_error() {
        let missing = [PathBuf::from("no.profraw")];
        assert!(matches!(
            Report::read(&missing, &missing, Path::new(".")),
            Err(CoverageError::Profile(_))
        ));
    }
}
