//! The role `logs`: its types, and what every log has: the time in a line, and a file that grows.

mod file;
mod time;

pub use crate::bindings::logs::exports::runner::plugin::logs::{Line, Page};
pub use file::{Part, after, newest};
pub use time::{time_of, zone};

use crate::Instant;

/// Lines of one source, with their times. A line without one has that of the line before it: a stack trace belongs to what
/// it was written for. What says that it is older than `since` is left out.
///
/// `zone` is the number of minutes by which times without a zone are ahead of UTC.
pub fn lines(
    source: &str,
    texts: impl IntoIterator<Item = String>,
    zone: Option<i32>,
    since: Option<Instant>,
) -> Vec<Line> {
    let (mut last, mut lines) = (None, Vec::new());
    for text in texts {
        last = time_of(&text, zone).or(last);
        if last.is_none_or(|at| since.is_none_or(|since| at >= since)) {
            lines.push(Line {
                at: last,
                source: source.to_owned(),
                text,
            });
        }
    }
    lines
}

/// The last `max` lines.
pub fn last(mut lines: Vec<Line>, max: u32) -> Vec<Line> {
    let many = lines.len().saturating_sub(max as usize);
    lines.drain(..many);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_time_belongs_to_the_one_before() {
        let texts = [
            "Traceback:",
            "2026-03-15T10:00:00Z boom",
            "  at app.py:7",
            "2026-03-15T10:00:05Z again",
        ];
        let texts = || texts.map(str::to_owned);
        let at = |second: u64| Some(1_773_568_800_000 + second * 1000);
        let all = lines("web", texts(), None, None);
        let times: Vec<_> = all.iter().map(|line| line.at).collect();
        assert_eq!(times, [None, at(0), at(0), at(5)]);
        let late = lines("web", texts(), None, at(3));
        let late: Vec<_> = late.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(late, ["Traceback:", "2026-03-15T10:00:05Z again"]);
        assert_eq!(last(all.clone(), 1), all[3..]);
        assert_eq!(last(all.clone(), 9), all);
    }
}
