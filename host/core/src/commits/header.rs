//! The first line of a conventional commit: `type(scope)!: description`.

use serde::{Deserialize, Serialize};

/// Is what a conventional subject says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) type_: String,
    pub(super) scope: Option<String>,
    pub(super) mark: bool,
    pub(super) description: String,
}

/// Says why a subject is not `type(scope)!: description`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum NotConventional {
    /// It does not begin with a type and a colon.
    #[error("no `type: ` at the start of the subject")]
    NoType,
    /// The colon has no space after it.
    #[error("no space after the `:`")]
    NoSpace,
    /// The parentheses hold nothing, or are not closed before the colon.
    #[error("the scope is empty or not closed")]
    BadScope,
    /// Nothing stands after the colon.
    #[error("no description after the `:`")]
    NoDescription,
    /// `BREAKING CHANGE: ...` was used as the subject.
    #[error("`BREAKING CHANGE` is a footer, the subject needs a type: write e.g. `feat!: ...`")]
    BreakingAsType,
}

/// Reads a subject line.
pub(super) fn parse(subject: &str) -> Result<Header, NotConventional> {
    if subject.starts_with("BREAKING CHANGE:") || subject.starts_with("BREAKING-CHANGE:") {
        return Err(NotConventional::BreakingAsType);
    }
    let end = subject.find(|c| !is_word(c)).ok_or(NotConventional::NoType)?;
    let (type_, rest) = subject.split_at(end);
    if !type_.starts_with(char::is_alphanumeric) {
        return Err(NotConventional::NoType);
    }
    let (scope, rest) = match rest.strip_prefix('(') {
        None => (None, rest),
        Some(rest) => {
            let (scope, rest) = rest.split_once(')').ok_or(NotConventional::BadScope)?;
            let scope = scope.trim();
            if scope.is_empty() || scope.contains('(') || !rest.starts_with(['!', ':']) {
                return Err(NotConventional::BadScope);
            }
            (Some(scope.to_string()), rest)
        }
    };
    let (mark, rest) = rest.strip_prefix('!').map_or((false, rest), |rest| (true, rest));
    let rest = rest.strip_prefix(':').ok_or(NotConventional::NoType)?;
    let description = rest.trim();
    if description.is_empty() {
        return Err(NotConventional::NoDescription);
    }
    if !rest.starts_with(' ') {
        return Err(NotConventional::NoSpace);
    }
    Ok(Header {
        type_: type_.to_lowercase(),
        scope,
        mark,
        description: description.to_string(),
    })
}

/// Splits a trailing `(#45)` off; only the last of several, which is the one that brought the commit here.
pub(super) fn split_pull_request(text: &str) -> (&str, Option<u64>) {
    let split = || {
        let (before, number) = text.trim_end().strip_suffix(')')?.rsplit_once("(#")?;
        let before = before.trim_end();
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        (digits && !before.is_empty()).then_some((before, number.parse().ok()?))
    };
    split().map_or((text, None), |(before, number)| (before, Some(number)))
}

/// Tells whether a character may stand in a type or a footer's token; any script's letters may.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_' || is_combining(c)
}

/// Tells whether a character is a mark that words of some script need though it is no letter: accents typed apart
/// (the breve of `й`), Hebrew and Arabic points, the virama and its like of the scripts of India and its neighbours,
/// and the joiners between them.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{903}'
        | '\u{93a}'..='\u{963}' | '\u{981}'..='\u{109f}' | '\u{200c}' | '\u{200d}')
}
