//! The end of a conventional commit: `Token: value` and `Token #value`, each possibly over several lines.
//!
//! Footers begin at the first line that follows a blank line and is a footer; from there on every line is a footer
//! or goes on with the one before (rules 8 to 10 of the convention).

use serde::{Deserialize, Serialize};

use super::header::is_word;

/// Is one `Token: value` or `Token #value` at the end of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Footer {
    /// The word before the separator, as typed.
    pub token: String,
    /// What follows; with a leading `#` if that was the separator.
    pub value: String,
}

impl Footer {
    /// Tells whether the footer has this token; case does not count.
    pub fn is(&self, token: &str) -> bool {
        self.token.to_lowercase() == token.to_lowercase()
    }

    /// Tells whether the footer announces a breaking change; here case does count (rules 12, 15, 16).
    pub fn is_breaking(&self) -> bool {
        is_breaking_token(&self.token)
    }
}

fn is_breaking_token(token: &str) -> bool {
    token == "BREAKING CHANGE" || token == "BREAKING-CHANGE"
}

/// Splits what follows the subject into body and footers.
pub(super) fn split(rest: &str) -> (Option<String>, Vec<Footer>) {
    let lines: Vec<&str> = rest.lines().collect();
    let start = (1..lines.len())
        .find(|&n| lines[n - 1].trim().is_empty() && start_of_footer(lines[n]).is_some())
        .unwrap_or(lines.len());
    let body = lines[..start].join("\n");
    let body = body.trim_matches('\n').trim_end();
    let body = (!body.trim().is_empty()).then(|| body.to_string());
    let mut footers: Vec<Footer> = Vec::new();
    for line in &lines[start..] {
        match (start_of_footer(line), footers.last_mut()) {
            (Some(footer), _) => footers.push(footer),
            (None, Some(last)) => {
                last.value.push('\n');
                last.value.push_str(line.trim_end());
            }
            (None, None) => {}
        }
    }
    for footer in &mut footers {
        footer.value = footer.value.trim().to_string();
    }
    (body, footers)
}

fn start_of_footer(line: &str) -> Option<Footer> {
    let token_end = match line.strip_prefix("BREAKING CHANGE") {
        Some(_) => "BREAKING CHANGE".len(),
        None => line.find(|c| !is_word(c))?,
    };
    let (token, rest) = line.split_at(token_end);
    if !token.starts_with(char::is_alphanumeric) {
        return None;
    }
    let footer = |value: &str| {
        Some(Footer {
            token: token.to_string(),
            value: value.to_string(),
        })
    };
    if is_breaking_token(token) {
        // Its text is often typed on the next line. Missing a breaking change is worse than reading this one leniently.
        let value = rest.strip_prefix(':')?;
        return (value.is_empty() || value.starts_with(' '))
            .then(|| footer(value))
            .flatten();
    }
    match rest.strip_prefix(": ") {
        Some(value) => footer(value),
        None => rest.strip_prefix(" #").and_then(|_| footer(&rest[1..])),
    }
}
