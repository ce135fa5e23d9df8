//! What an environment's programs wrote down, and how several sources become one list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Milliseconds since the epoch, where the line or one before it says.
    pub at: Option<u64>,
    /// Which program wrote it, or which file it is of.
    pub source: String,
    /// Without the end of the line.
    pub text: String,
}

/// What was read at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// What a reader would not know.
    pub notes: Vec<String>,
    /// Where to read on.
    pub cursor: String,
}

/// Puts the lines of several sources in order of time. Lines of one source stay in their order; one without a time stays
/// behind the one before it, and comes first where there is none.
pub fn in_order(lines: Vec<LogLine>) -> Vec<LogLine> {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut placed: Vec<(u64, LogLine)> = lines
        .into_iter()
        .map(|line| {
            let before = last.get(&line.source).copied().unwrap_or_default();
            // A clock that went back does not change what was written after what.
            let at = line.at.unwrap_or_default().max(before);
            last.insert(line.source.clone(), at);
            (at, line)
        })
        .collect();
    placed.sort_by_key(|(at, _)| *at);
    placed.into_iter().map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: impl Into<Option<u64>>, source: &str, text: &str) -> LogLine {
        LogLine {
            at: at.into(),
            source: source.to_owned(),
            text: text.to_owned(),
        }
    }

    fn texts(lines: Vec<LogLine>) -> String {
        let texts: Vec<_> = in_order(lines).into_iter().map(|line| line.text).collect();
        texts.join(" ")
    }

    #[test]
    fn sources_are_merged_by_time() {
        let lines = vec![
            line(1, "web", "a"),
            line(5, "web", "d"),
            line(2, "nginx", "b"),
            line(5, "nginx", "e"),
            line(3, "worker", "c"),
        ];
        assert_eq!(texts(lines), "a b c d e");
    }

    #[test]
    fn lines_of_one_source_stay_in_their_order() {
        let lines = vec![
            line(None, "web", "first"),
            line(5, "web", "boom"),
            line(None, "web", "at:7"),
            // The clock was set back.
            line(4, "web", "later"),
            line(4, "nginx", "GET"),
            line(6, "nginx", "POST"),
        ];
        assert_eq!(texts(lines), "first GET boom at:7 later POST");
    }
}
