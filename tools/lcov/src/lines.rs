//! From counted regions of source to counted lines, by the rule of `llvm-cov`.

use std::collections::BTreeMap;

use llvm_profparser::SourceLocation;

/// How often each line was run; lines without code are absent.
pub(crate) type Lines = BTreeMap<usize, u64>;

/// The end column of a gap region has this bit: white space between statements, which counts for no line.
const GAP: usize = 1 << 31;

/// Counts each line that a region touches: the most of the regions that begin on it and of the innermost
/// region that the line begins in.
pub(crate) fn count(regions: &BTreeMap<SourceLocation, usize>) -> Lines {
    let regions: Vec<_> = regions
        .iter()
        .filter(|(at, _)| at.column_end & GAP == 0)
        .collect();
    let mut lines = Lines::new();
    for (at, _) in &regions {
        for line in at.line_start..=at.line_end {
            lines.entry(line).or_insert_with(|| of_line(line, &regions));
        }
    }
    lines
}

fn of_line(line: usize, regions: &[(&SourceLocation, &usize)]) -> u64 {
    let begins = regions
        .iter()
        .filter(|(at, _)| at.line_start == line)
        .map(|(_, hits)| **hits);
    let around = regions
        .iter()
        .filter(|(at, _)| at.line_start < line && at.line_end >= line)
        .max_by_key(|(at, _)| {
            (
                at.line_start,
                at.column_start,
                std::cmp::Reverse((at.line_end, at.column_end)),
            )
        })
        .map(|(_, hits)| **hits);
    begins.chain(around).map(positive).max().unwrap_or(0)
}

/// The counters of threads that race can make a difference negative, which the parser gives as a huge number.
fn positive(hits: usize) -> u64 {
    i64::try_from(hits).map_or(0, i64::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(regions: &[([usize; 4], usize)]) -> Vec<(usize, u64)> {
        let located = regions
            .iter()
            .map(|&([line_start, column_start, line_end, column_end], hits)| {
                (
                    SourceLocation {
                        line_start,
                        column_start,
                        line_end,
                        column_end,
                    },
                    hits,
                )
            });
        count(&located.collect()).into_iter().collect()
    }

    #[test]
    fn a_branch_that_was_not_taken_has_no_hits_and_the_rest_has() {
        let function = ([1, 1, 6, 2], 7);
        let branch = ([2, 10, 4, 6], 0);
        assert_eq!(
            lines(&[function, branch]),
            [(1, 7), (2, 7), (3, 0), (4, 0), (5, 7), (6, 7)]
        );
    }

    #[test]
    fn the_region_that_is_hit_most_speaks_for_its_line() {
        assert_eq!(lines(&[([1, 1, 1, 5], 2), ([1, 8, 1, 9], 0)]), [(1, 2)]);
    }

    #[test]
    fn lines_between_regions_and_gaps_are_no_code() {
        assert_eq!(
            lines(&[([1, 1, 1, 5], 2), ([2, 1, 3, GAP | 4], 1), ([5, 1, 5, 2], 0)]),
            [(1, 2), (5, 0)]
        );
    }

    #[test]
    fn a_negative_count_is_none() {
        assert_eq!(lines(&[([1, 1, 1, 5], usize::MAX)]), [(1, 0)]);
    }
}
