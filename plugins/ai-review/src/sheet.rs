//! The review as Markdown: for the run's folder and for the pull request. What models wrote is text in it and nothing else: no
//! links, pictures, mentions or markup of theirs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::noted::Noted;
use crate::review::Bill;

/// All that is told of a review.
pub(crate) struct Sheet<'a> {
    /// One line.
    pub(crate) verdict: &'a str,
    pub(crate) passed: bool,
    pub(crate) base: &'a str,
    /// Full id of the newest commit, where there is one.
    pub(crate) head: &'a str,
    pub(crate) author: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) prompts: &'a str,
    /// Model, and what it says in all.
    pub(crate) summaries: &'a [(String, String)],
    pub(crate) notes: &'a [Noted],
    pub(crate) bills: &'a BTreeMap<String, Bill>,
}

impl Sheet<'_> {
    /// The whole sheet.
    pub(crate) fn markdown(&self) -> String {
        let mark = if self.passed { "✅" } else { "❌" };
        let mut text = format!("## {mark} Review: {}\n\n", escaped(self.verdict));
        let _ = writeln!(
            text,
            "Written by {}; {}; `{}` to `{}`; prompts `{}`.\n",
            self.author,
            self.kind,
            code(self.base),
            code(self.head.get(..12).unwrap_or(self.head)),
            self.prompts
        );
        if !self.notes.is_empty() {
            text.push_str("### Findings\n\n");
            for noted in self.notes {
                let _ = writeln!(text, "- {}", item(noted));
            }
            text.push('\n');
        }
        if !self.summaries.is_empty() {
            text.push_str("### In short\n\n");
            for (model, summary) in self.summaries {
                let _ = writeln!(text, "- `{}`: {}", code(model), escaped(summary));
            }
            text.push('\n');
        }
        self.costs(&mut text);
        text
    }

    fn costs(&self, text: &mut String) {
        if self.bills.is_empty() {
            return;
        }
        text.push_str("| Model | Calls | Tokens in | of these cached | Tokens out | Cost |\n|---|---:|---:|---:|---:|---:|\n");
        for (model, bill) in self.bills {
            let tokens = bill.tokens;
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {} | {} |",
                code(model),
                bill.calls,
                tokens.input,
                tokens.cached,
                tokens.output,
                cost(bill)
            );
        }
    }
}

/// What a model cost, in words.
pub(crate) fn cost(bill: &Bill) -> String {
    match bill.unknown {
        true => "unknown".to_owned(),
        false => format!("${:.4}", bill.usd),
    }
}

/// A finding in one line.
pub(crate) fn item(noted: &Noted) -> String {
    let place = match (&noted.path, noted.line) {
        (Some(path), Some(line)) => format!(" `{}:{line}`", code(path)),
        (Some(path), None) => format!(" `{}`", code(path)),
        (None, _) => String::new(),
    };
    let by = match noted.by.as_slice() {
        [] => String::new(),
        models => format!(" ({})", code(&models.join(", "))),
    };
    format!(
        "**{}** {}{place}: {}{by}",
        noted.severity.word(),
        code(&noted.item),
        escaped(&noted.reason)
    )
}

/// For between backquotes.
fn code(text: &str) -> String {
    text.chars()
        .map(|c| if c == '`' || c.is_control() { '\'' } else { c })
        .collect()
}

/// Text of others as text: one paragraph, no markup, nobody mentioned, nothing to click on. What stands between backquotes is
/// left as it is, for there nothing works.
pub(crate) fn escaped(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Those that nobody closed would take the rest along.
    if line.matches('`').count() % 2 == 1 || line.contains("``") {
        return plain(&line.replace('`', "'"));
    }
    let parts = line.split('`').enumerate();
    parts
        .map(|(place, part)| match place % 2 {
            0 => plain(part),
            _ => format!("`{part}`"),
        })
        .collect()
}

fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '*' | '_' | '[' | ']' | '|' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            // A zero-width space after it: no mention, no link to an issue.
            '@' | '#' => {
                escaped.push(c);
                escaped.push('\u{200b}');
            }
            c => escaped.push(c),
        }
    }
    // Nor an address.
    escaped
        .replace("://", ":\u{200b}//")
        .replace("www.", "www\u{200b}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Level;
    use crate::price::Tokens;

    #[test]
    fn what_models_wrote_is_text() {
        let text = escaped(
            "![x](https://evil.example/?q) <img src=x> @team #12\n\n# Big\n`a_b` [l](u) <!-- runner:ai-review -->",
        );
        assert!(!text.contains("](") || text.contains("\\]("), "{text}");
        insta::assert_snapshot!(text.replace('\u{200b}', "·"), @r"\!\[x\](https:·//evil.example/?q) &lt;img src=x&gt; @·team #·12 #· Big `a_b` \[l\](u) &lt;\!-- runner:ai-review --&gt;");
        assert_eq!(escaped("an `open quote"), "an 'open quote");
    }

    #[test]
    fn a_sheet() {
        let notes = [Noted {
            severity: Level::Critical,
            item: "sql-injection".into(),
            path: Some("app/`a`.py".into()),
            line: Some(12),
            reason: "The name goes into the statement: `'; DROP`.".into(),
            by: vec!["gpt-x".into(), "gpt-y".into()],
        }];
        let bill = |unknown| Bill {
            calls: 2,
            tokens: Tokens {
                input: 1200,
                cached: 200,
                cache_write: 0,
                output: 90,
            },
            usd: 0.0123,
            unknown,
        };
        let bills = BTreeMap::from([("gpt-x".into(), bill(false)), ("gpt-y".into(), bill(true))]);
        let sheet = Sheet {
            verdict: "1 critical finding in 2 files",
            passed: false,
            base: "v1.2.2",
            head: "0123456789abcdef",
            author: "Claude",
            kind: "bug fix",
            prompts: "abc",
            summaries: &[("gpt-x".into(), "Adds a search.".into())],
            notes: &notes,
            bills: &bills,
        };
        insta::assert_snapshot!(sheet.markdown(), @r"
        ## ❌ Review: 1 critical finding in 2 files

        Written by Claude; bug fix; `v1.2.2` to `0123456789ab`; prompts `abc`.

        ### Findings

        - **critical** sql-injection `app/'a'.py:12`: The name goes into the statement: `'; DROP`. (gpt-x, gpt-y)

        ### In short

        - `gpt-x`: Adds a search.

        | Model | Calls | Tokens in | of these cached | Tokens out | Cost |
        |---|---:|---:|---:|---:|---:|
        | `gpt-x` | 2 | 1200 | 200 | 90 | $0.0123 |
        | `gpt-y` | 2 | 1200 | 200 | 90 | unknown |
        ");
    }
}
