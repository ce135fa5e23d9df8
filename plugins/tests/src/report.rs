//! What a report of tests says, whatever its format.

/// The longest message of a failure to show, in characters.
const LONGEST_MESSAGE: usize = 1500;

/// The tests of one run.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// Includes the flaky ones.
    pub(crate) passed: u64,
    pub(crate) skipped: u64,
    /// Names of those that passed at a later try.
    pub(crate) flaky: Vec<String>,
    pub(crate) failed: Vec<Failure>,
    /// What is wrong beside single tests: a package that was not built, a file that could not be loaded.
    pub(crate) broken: Vec<String>,
}

/// A test that failed.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Failure {
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) path: Option<String>,
    pub(crate) line: Option<u32>,
}

impl Report {
    /// How many tests ran: passed or failed.
    pub(crate) fn ran(&self) -> u64 {
        self.passed + self.failed.len() as u64
    }

    /// Whether nothing failed; says nothing of how many ran.
    pub(crate) fn is_clean(&self) -> bool {
        self.failed.is_empty() && self.broken.is_empty()
    }

    /// Adds the tests of another file.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.skipped += other.skipped;
        self.flaky.extend(other.flaky);
        self.failed.extend(other.failed);
        self.broken.extend(other.broken);
    }
}

impl Failure {
    /// A failure without a place.
    pub(crate) fn new(name: impl Into<String>, message: &str) -> Self {
        Self {
            name: name.into(),
            message: clip(message),
            path: None,
            line: None,
        }
    }
}

/// Without colours, and not too long.
pub(crate) fn clip(text: &str) -> String {
    let plain = without_colours(text);
    let plain = plain.trim_matches('\n').trim_end();
    match plain.char_indices().nth(LONGEST_MESSAGE) {
        None => plain.to_owned(),
        Some((end, _)) => format!("{}…", &plain[..end]),
    }
}

/// The text without the escape sequences that colour a terminal.
pub(crate) fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..start]);
        let sequence = &rest[start + 2..];
        let end = sequence
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(sequence.len(), |end| end + 1);
        rest = &sequence[end..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_length_go() {
        assert_eq!(clip("\n\u{1b}[31m\u{1b}[1mred\u{1b}[0m é\n\n"), "red é");
        assert_eq!(clip(&"é".repeat(5000)).chars().count(), LONGEST_MESSAGE + 1);
        assert_eq!(without_colours("a\u{1b}[31"), "a");
    }
}
