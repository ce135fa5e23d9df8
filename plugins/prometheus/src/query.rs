//! How queries are written, and how they are sent.

use runner_sdk::Error;

/// Parts a share; no PromQL holds it outside of a text.
const PARTING: &str = ";;";

/// A query, understood as far as is needed.
#[derive(Debug, PartialEq)]
pub(crate) enum Expression {
    Value(String),
    Share { part: String, whole: String },
}

/// Reads a query, with its window filled in.
pub(crate) fn parse(text: &str, window_ms: u64) -> Result<Expression, Error> {
    let window = match window_ms % 1000 {
        0 => format!("{}s", window_ms / 1000),
        _ => format!("{window_ms}ms"),
    };
    let text = text.trim().replace("{{window}}", &window);
    let parted = part(&text);
    let is_share = text
        .strip_prefix("share")
        .filter(|rest| rest.starts_with(char::is_whitespace));
    match (is_share, parted) {
        (Some(_), Some((before, whole))) => {
            let part = before["share".len()..].trim();
            let whole = whole.trim();
            if part.is_empty() || whole.is_empty() || self::part(whole).is_some() {
                return Err(no_share(&text));
            }
            Ok(Expression::Share {
                part: part.to_owned(),
                whole: whole.to_owned(),
            })
        }
        (None, None) if !text.is_empty() => Ok(Expression::Value(text)),
        _ => Err(no_share(&text)),
    }
}

fn no_share(text: &str) -> Error {
    Error::InvalidConfig(format!(
        "`{text}` is no query: write PromQL, or `share A {PARTING} B`, the part and the whole"
    ))
}

/// What is before and after the first `;;` that is not in quotes.
fn part(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            // In backquotes nothing is an escape.
            Some(open) if escaped || c != open => escaped = !escaped && c == '\\' && open != '`',
            Some(_) => quote = None,
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if text[at..].starts_with(PARTING) => {
                return Some((&text[..at], &text[at + PARTING.len()..]));
            }
            None => {}
        }
    }
    None
}

/// A form, as `application/x-www-form-urlencoded`.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| format!("{name}={}", encoded(value));
    fields.iter().map(field).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(part: &str, whole: &str) -> Expression {
        Expression::Share {
            part: part.into(),
            whole: whole.into(),
        }
    }

    #[test]
    fn a_share_has_two_parts() {
        for (text, expression) in [
            (" up ", Expression::Value("up".into())),
            ("share(x)", Expression::Value("share(x)".into())),
            (
                "increase(x[{{window}}])",
                Expression::Value("increase(x[60s])".into()),
            ),
            ("share a ;; b / c", share("a", "b / c")),
            (
                "share\n  sum(a{x=\";;\"})\n;;\n  b",
                share("sum(a{x=\";;\"})", "b"),
            ),
            (r#"share a{x="\";;"} ;; b"#, share(r#"a{x="\";;"}"#, "b")),
            (r#"share a{x='";;'} ;; b"#, share(r#"a{x='";;'}"#, "b")),
            (r"share a{x=`\`} ;; b", share(r"a{x=`\`}", "b")),
        ] {
            assert_eq!(parse(text, 60_000).unwrap(), expression, "{text}");
        }
        assert_eq!(
            parse("x[{{window}}]", 1500).unwrap(),
            Expression::Value("x[1500ms]".into())
        );
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "a ;; b",
            "share a",
            "share ;; b",
            "share a ;;",
            "share a ;; b ;; c",
        ] {
            assert!(matches!(parse(text, 1), Err(Error::InvalidConfig(_))), "{text}");
        }
    }

    #[test]
    fn a_form_keeps_every_character() {
        let text = form(&[("query", "sum(a{b=~\"5..\"}) / 2 + ж"), ("time", "1.5")]);
        insta::assert_snapshot!(text, @"query=sum%28a%7Bb%3D%7E%225..%22%7D%29+%2F+2+%2B+%D0%B6&time=1.5");
    }
}
