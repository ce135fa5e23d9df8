//! `{{secret:NAME}}`: how a text speaks of a secret without holding it; `{{secret:NAME|quoted}}` is the same for a place between
//! double quotes. Finding them is the same for the profile, the
//! grants and the host that fills them in.

use std::{fmt::Write as _, ops::Range};

const OPEN: &[u8] = b"{{secret:";
const CLOSE: &[u8] = b"}}";
const QUOTED: &str = "|quoted";

/// One placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder<'a> {
    /// Its bytes in the text, braces included.
    pub at: Range<usize>,
    /// The secret's name.
    pub name: &'a str,
    /// Whether it stands between double quotes, see [`quoted`].
    pub quoted: bool,
}

/// A value as it stands between double quotes of a shell, or of an environment file of systemd: with a backslash before each
/// of `\\`, `"`, `$` and `` ` ``.
pub fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | '"' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// A text as it stands between double quotes: what is not a placeholder is [`quoted`], and the host is asked to do the same to
/// the secrets' values.
pub fn between_quotes(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut from = 0;
    for placeholder in placeholders(text.as_bytes()) {
        whole.push_str(&quoted(&text[from..placeholder.at.start]));
        let _ = write!(whole, "{{{{secret:{}{QUOTED}}}}}", placeholder.name);
        from = placeholder.at.end;
    }
    whole.push_str(&quoted(&text[from..]));
    whole
}

/// The name in what stands between the braces, and whether the value is to be [`quoted`].
pub fn parts(inside: &str) -> (&str, bool) {
    match inside.strip_suffix(QUOTED) {
        Some(name) => (name, true),
        None => (inside, false),
    }
}

/// Whether secrets may have this name: letters, digits, `-`, `_` and `.`, all ASCII.
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Every placeholder, in order. What is not exactly `{{secret:NAME}}` or `{{secret:NAME|quoted}}` is text like any other.
pub fn placeholders(text: &[u8]) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = find(&text[from..], OPEN).map(|at| from + at) {
        let name_start = start + OPEN.len();
        from = name_start;
        let Some(length) = find(&text[name_start..], CLOSE) else {
            break;
        };
        let name = std::str::from_utf8(&text[name_start..name_start + length]);
        let name = name.ok().map(parts).filter(|(name, _)| is_name(name));
        if let Some((name, quoted)) = name {
            from = name_start + length + CLOSE.len();
            found.push(Placeholder {
                at: start..from,
                name,
                quoted,
            });
        }
    }
    found
}

/// The names of the secrets that a text speaks of.
pub fn names(text: &[u8]) -> impl Iterator<Item = &str> {
    placeholders(text).into_iter().map(|placeholder| placeholder.name)
}

/// The text with each placeholder replaced by what `with` makes of its name.
pub fn replace(text: &str, mut with: impl FnMut(&str) -> String) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut from = 0;
    for placeholder in placeholders(text.as_bytes()) {
        replaced.push_str(&text[from..placeholder.at.start]);
        replaced.push_str(&with(placeholder.name));
        from = placeholder.at.end;
    }
    replaced.push_str(&text[from..]);
    replaced
}

/// Whether something looks like a placeholder and is none, e.g. `{{secret:my token}}` or `{{ secret:x }}`.
pub fn is_mistaken(text: &str) -> bool {
    let rest = replace(text, |_| String::new());
    rest.split("{{")
        .skip(1)
        .any(|after| after.trim_start().starts_with("secret"))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_names_between_other_text() {
        let found = |text: &str| names(text.as_bytes()).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found("Bearer {{secret:a-b_c.9}}/{{secret:x}}"), ["a-b_c.9", "x"]);
        assert_eq!(
            found("{{secret:}} {{secret:a b}} {{secret:é}} {{Secret:a}} {{ secret:a }} {{secret:open"),
            [""; 0]
        );
        assert_eq!(found("{{secret:bad{{secret:good}}"), ["good"]);
        assert_eq!(
            found("{{secret:a|quoted}} {{secret:b|other}} {{secret:|quoted}}"),
            ["a"]
        );
        assert_eq!(names(b"\xff{{secret:x}}\xff").collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn a_value_between_double_quotes() {
        assert_eq!(quoted(r#"a"b\c$d`e'f"#), r#"a\"b\\c\$d\`e'f"#);
        assert_eq!(quoted("two\nlines, ünd"), "two\nlines, ünd");
    }

    #[test]
    fn a_text_between_double_quotes_has_its_secrets_quoted_by_the_host() {
        assert_eq!(
            between_quotes(r#"a"b {{secret:x}} $c {{secret:y|quoted}} it's"#),
            r#"a\"b {{secret:x|quoted}} \$c {{secret:y|quoted}} it's"#
        );
        assert_eq!(between_quotes(""), "");
    }

    #[test]
    fn replaces_and_sees_mistakes() {
        assert_eq!(replace("a{{secret:x}}b{{secret:y}}", str::to_uppercase), "aXbY");
        for wrong in ["{{ secret:a }}", "{{secret:a b}}", "{{secret.a}}", "{{secret:a}"] {
            assert!(is_mistaken(wrong), "{wrong}");
        }
        for fine in ["{{secret:a}}", "{{config:/a}}", "secret", "{{ version }}"] {
            assert!(!is_mistaken(fine), "{fine}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(text in prop::collection::vec(any::<u8>(), 0..80)) {
            for placeholder in placeholders(&text) {
                let form = if placeholder.quoted { QUOTED } else { "" };
                let whole = format!("{{{{secret:{}{form}}}}}", placeholder.name);
                prop_assert_eq!(&text[placeholder.at.clone()], whole.as_bytes());
            }
        }
    }
}
