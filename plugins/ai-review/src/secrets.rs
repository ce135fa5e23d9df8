//! Secrets in the change: taken out before it is sent anywhere, and found where they were added.

use regex_lite::Regex;

use crate::diff::{File, Sign};

/// What stands where a secret was.
pub(crate) const REMOVED: &str = "[secret removed]";

/// Bits per character from which a value looks made by chance. Hexadecimal digits have four at most: commit ids and
/// checksums stay.
const CHANCE_BITS: f64 = 4.2;
/// The shortest value that is held to [`CHANCE_BITS`].
const CHANCE_LENGTH: usize = 24;
/// The shortest line that may be one of a key, out of whose middle it was shown: those of PEM files have 64.
const KEY_LINE: usize = 40;

/// A secret that the change adds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) line: u32,
    /// E.g. `an AWS access key`.
    pub(crate) what: &'static str,
}

/// How secrets look.
struct Patterns {
    /// Each is a secret wherever it stands.
    known: Vec<(Regex, &'static str)>,
    /// A name and a value; the value is the group `v`.
    named: Regex,
    /// Any quoted value after `=` or `:`; the value is the group `v`.
    value: Regex,
}

/// How each looks, and what it is.
const KNOWN: [(&str, &str); 14] = [
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", "an AWS access key"),
    (r"\bgh[pousr]_[A-Za-z0-9]{20,}", "a GitHub token"),
    (r"\bgithub_pat_[A-Za-z0-9_]{20,}", "a GitHub token"),
    (r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", "a Slack token"),
    (r"hooks\.slack\.com/services/[A-Za-z0-9/]{20,}", "a Slack webhook"),
    (r"\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b", "a Telegram bot's token"),
    (r"\bsk-ant-[A-Za-z0-9_-]{16,}", "an Anthropic key"),
    (r"\bsk-[A-Za-z0-9_-]{20,}", "an OpenAI key"),
    (r"\b[rs]k_live_[A-Za-z0-9]{16,}", "a Stripe key"),
    (r"\bAIza[0-9A-Za-z_-]{35}", "a Google key"),
    (r"\bglpat-[A-Za-z0-9_-]{20,}", "a GitLab token"),
    (
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        "a signed token (JWT)",
    ),
    (
        r"://[A-Za-z0-9._%+-]*:[^\s:@/'\x22{}$<>]{3,}@[A-Za-z0-9]",
        "a password in an address",
    ),
    (
        r"(?i)\bauthorization[\x22']?\s*[:=]\s*[\x22']?(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{16,}",
        "a password in a header",
    ),
];

impl Patterns {
    fn new() -> Self {
        let regex = |pattern: &str| Regex::new(pattern).expect("a pattern of ours is one");
        Self {
            known: KNOWN
                .iter()
                .map(|&(pattern, what)| (regex(pattern), what))
                .collect(),
            named: regex(concat!(
                r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?-?key|access_?-?key|private_?-?key|credentials?)",
                r"[A-Za-z0-9_-]*[\x22'\]]*\s*(?::=|=>|[:=])\s*(?:[bfru]?(?P<q>[\x22'`]))?(?P<v>[^\s\x22'`,;]{6,})"
            )),
            value: regex(r"[:=]\s*[bfru]?[\x22'`](?P<v>[A-Za-z0-9+/=_.~-]{24,})[\x22'`]"),
        }
    }

    /// The text without its secrets, and what they were.
    fn clean(&self, text: &str) -> (String, Option<&'static str>) {
        if is_line_of_key(text) {
            // It may be a certificate's as well, or a picture's: removed, and not told.
            return (REMOVED.to_owned(), None);
        }
        let mut clean = text.to_owned();
        let mut what = None;
        for (regex, name) in &self.known {
            if regex.is_match(&clean) {
                clean = regex.replace_all(&clean, REMOVED).into_owned();
                what = what.or(Some(*name));
            }
        }
        let passwords = |captures: &regex_lite::Captures<'_>| {
            let quoted = captures.name("q").is_some();
            captures
                .name("v")
                .is_some_and(|value| is_literal(value.as_str(), quoted))
        };
        what = what.or(cut(&mut clean, &self.named, passwords).then_some("a password or key in clear text"));
        let chance = |captures: &regex_lite::Captures<'_>| {
            captures.name("v").is_some_and(|value| is_chance(value.as_str()))
        };
        what = what.or(cut(&mut clean, &self.value, chance).then_some("what looks like a key"));
        (clean, what)
    }
}

/// Takes the group `v` of every match out that `is` one.
fn cut(text: &mut String, regex: &Regex, is: impl Fn(&regex_lite::Captures<'_>) -> bool) -> bool {
    let ranges: Vec<_> = regex
        .captures_iter(text)
        .filter(|captures| is(captures))
        .filter_map(|captures| captures.name("v").map(|value| value.range()))
        .collect();
    for range in ranges.iter().rev() {
        text.replace_range(range.clone(), REMOVED);
    }
    !ranges.is_empty()
}

/// Whether a value under a telling name is the secret itself, and not the place where it is to be had.
fn is_literal(value: &str, quoted: bool) -> bool {
    let lower = value.to_lowercase();
    let stands_for_one = [
        "${",
        "{{",
        "<",
        "%(",
        "***",
        "xxx",
        "...",
        "example",
        "changeme",
        "change-me",
        "change_me",
        "placeholder",
        "your-",
        "your_",
        "dummy",
        "redacted",
        "removed]",
    ];
    if stands_for_one.iter().any(|part| lower.contains(part)) || value.starts_with('$') {
        return false;
    }
    let mut characters = value.chars();
    let first = characters.next();
    if characters.all(|c| Some(c) == first) {
        return false;
    }
    if quoted {
        return true;
    }
    // Without quotes it may be code: a call, a name, a type. A setting in a file has digits, and none of code's marks.
    let is_code = value.contains(['(', ')', '[', ']', '{', '}', '.', '*', '&', '|', '<', '>']);
    !is_code && value.len() >= 8 && value.chars().any(|c| c.is_ascii_digit())
}

/// Whether a value looks made by chance.
fn is_chance(value: &str) -> bool {
    let has = |is: fn(char) -> bool| value.chars().any(is);
    let mixed =
        has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_uppercase()) && has(|c| c.is_ascii_lowercase());
    let checksum = ["sha256-", "sha384-", "sha512-"]
        .iter()
        .any(|start| value.starts_with(start));
    mixed && !checksum && value.len() >= CHANCE_LENGTH && bits(value) > CHANCE_BITS
}

/// Whether a line is nothing but base64 that looks made by chance. Where a key begins is not always shown: git names a hunk
/// after a line far above it.
fn is_line_of_key(text: &str) -> bool {
    let text = text.trim();
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    text.len() >= KEY_LINE && text.chars().all(base64) && is_chance(text)
}

/// Shannon's entropy, in bits per character.
fn bits(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = value.len() as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / length;
            -share * share.log2()
        })
        .sum()
}

/// Takes all secrets out of the files; tells those on lines that were added.
pub(crate) fn remove(files: &mut [File]) -> Vec<Found> {
    let patterns = Patterns::new();
    let mut found = Vec::new();
    for file in files {
        for hunk in &mut file.hunks {
            hunk.heading = patterns.clean(&hunk.heading).0;
            let mut in_key = false;
            for line in &mut hunk.lines {
                let (clean, mut what) = patterns.clean(&line.text);
                line.text = clean;
                let begins = line.text.contains("-----BEGIN ") && line.text.contains("PRIVATE KEY");
                let ends = line.text.contains("-----END ");
                if begins {
                    what = Some("a private key");
                }
                if begins || in_key {
                    REMOVED.clone_into(&mut line.text);
                }
                in_key = (begins || in_key) && !ends;
                if let (Some(what), Sign::Added, Some(number)) = (what, line.sign, line.number) {
                    found.push(Found {
                        path: file.path.clone(),
                        line: number,
                        what,
                    });
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff;

    fn clean(text: &str) -> (String, Option<&'static str>) {
        Patterns::new().clean(text)
    }

    #[test]
    fn what_is_known_is_taken_out_wherever_it_stands() {
        // Put together here, so that no scanner takes this file for a leak.
        let tokens = [
            (format!("AKIA{}", "IOSFODNN7REALKEY"), "an AWS access key"),
            (format!("ghp_{}", "a1B2".repeat(9)), "a GitHub token"),
            (format!("github_pat_{}", "a1B2_".repeat(8)), "a GitHub token"),
            (format!("xoxb-{}", "123456789012-abcDEF"), "a Slack token"),
            (
                format!("12345678:{}", "aB3dE".repeat(7)),
                "a Telegram bot's token",
            ),
            (format!("sk-ant-{}", "api03-abcDEF123456"), "an Anthropic key"),
            (format!("sk-{}", "proj-abcDEF1234567890"), "an OpenAI key"),
            (
                format!("eyJ{0}.eyJ{0}.{0}", "hbGciOiJIUzI1NiJ9"),
                "a signed token (JWT)",
            ),
        ];
        for (token, name) in tokens {
            for line in [
                format!("KEY = \"{token}\""),
                format!("# see {token} there"),
                format!("curl -H x:{token}"),
            ] {
                let (clean, what) = clean(&line);
                assert!(!clean.contains(&token) && clean.contains(REMOVED), "{clean}");
                assert_eq!(what, Some(name), "{line}");
            }
        }
        let (text, what) = clean("db = postgres://shop:hunter2hunter2@db.example/shop");
        assert_eq!(text, "db = postgres[secret removed]b.example/shop");
        assert_eq!(what, Some("a password in an address"));
    }

    #[test]
    fn values_under_telling_names() {
        for (line, clean_line) in [
            ("password = \"hunter2!\"", "password = \"[secret removed]\""),
            ("DB_PASSWORD=s3cretpass", "DB_PASSWORD=[secret removed]"),
            ("  api-key: 'abcdef'", "  api-key: '[secret removed]'"),
            (
                "{\"client_secret\": \"q9\\u0041xyz\"}",
                "{\"client_secret\": \"[secret removed]\"}",
            ),
            ("secretKey := `f00bar`", "secretKey := `[secret removed]`"),
        ] {
            let (text, what) = clean(line);
            assert_eq!(text, clean_line);
            assert_eq!(what, Some("a password or key in clear text"));
        }
    }

    #[test]
    fn what_only_names_a_secret_stays() {
        for line in [
            "password = os.environ[\"DB_PASSWORD\"]",
            "password: str",
            "def login(user, password=None):",
            "token = get_token(request)",
            "token = \"{{secret:telegram-token}}\"",
            "PASSWORD=${DB_PASSWORD}",
            "password = settings.database.password",
            "api_key = \"your-api-key\"",
            "password = \"********\"",
            "max_tokens = 8192",
            "assert token == expected_token",
            "commit = \"0123456789abcdef0123456789abcdef01234567\"",
            "integrity = \"sha512-abcDEF123456789+/abcDEF123456789abcDEF1234567\"",
            "path = \"backend/tests/smoke/test_critical_paths.py\"",
            "url = \"https://api.example.org/v1/things\"",
        ] {
            assert_eq!(clean(line), (line.to_owned(), None));
        }
    }

    #[test]
    fn what_looks_made_by_chance_is_taken_out() {
        let value = "q8Zt3LmX0pR7vYw2KdN5sHfB9cJ1gT6u";
        let (text, what) = clean(&format!("salt = \"{value}\""));
        assert_eq!(
            (text.as_str(), what),
            ("salt = \"[secret removed]\"", Some("what looks like a key"))
        );
    }

    #[test]
    fn a_line_out_of_the_middle_of_a_key_is_not_sent_nor_told() {
        let line = "MIIEowIBAAKCAQEAr4v9Zt3LmX0pR7vYw2KdN5sHfB9cJ1gT6uQe8WxSa0PkLiOz";
        let text = format!(
            "diff --git a/k b/k\n--- a/k\n+++ b/k\n@@ -40 +40,3 @@ {line}\n kept\n+{line}\n+/srv/shop/backend/tests/smoke/test_critical_paths.py\n"
        );
        let mut files = diff::parse(&text).unwrap();
        assert_eq!(remove(&mut files), []);
        let hunk = &files[0].hunks[0];
        assert_eq!(hunk.heading, REMOVED);
        let texts: Vec<_> = hunk.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "kept",
                REMOVED,
                "/srv/shop/backend/tests/smoke/test_critical_paths.py"
            ]
        );
    }

    #[test]
    fn a_private_key_goes_whole_and_only_added_lines_are_told() {
        let text = "diff --git a/k b/k\n--- a/k\n+++ b/k\n@@ -1,2 +1,6 @@\n-password=old0ld0ld\n kept\n\
                    +-----BEGIN RSA PRIVATE KEY-----\n+MIIEow\n+abc\n+-----END RSA PRIVATE KEY-----\n+after\n";
        let mut files = diff::parse(text).unwrap();
        let found = remove(&mut files);
        assert_eq!(
            found,
            [Found {
                path: "k".into(),
                line: 2,
                what: "a private key"
            }]
        );
        let texts: Vec<_> = files[0].hunks[0]
            .lines
            .iter()
            .map(|line| line.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "password=[secret removed]",
                "kept",
                REMOVED,
                REMOVED,
                REMOVED,
                REMOVED,
                "after"
            ]
        );
    }
}
