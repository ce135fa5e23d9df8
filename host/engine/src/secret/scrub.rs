//! Taking known values out of bytes, in every form in which they are likely to come back. Main type: [`Scrubber`].

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::{Engine as _, engine::general_purpose};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Lines of a longer value that are as long as this are secrets on their own: keys are printed line by line.
const LINE: usize = 8;

/// Everything but what RFC 3986 calls unreserved.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// What `encodeURIComponent` of browsers leaves.
const COMPONENT: &AsciiSet = &STRICT
    .remove(b'!')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*');
/// What `urllib.parse.quote` of Python leaves.
const PATH: &AsciiSet = &STRICT.remove(b'/');
/// What HTML forms leave; a space becomes a plus there.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b' ');
/// What [`in_url`] leaves: a token of a bot goes into a path as it is, `123:abc`.
const FILLED: &AsciiSet = &STRICT.remove(b':');

/// A value as it is put into a URL: it cannot end the part that it stands in.
pub(crate) fn in_url(value: &str) -> String {
    utf8_percent_encode(value, FILLED).to_string()
}

/// What stands for a secret, in requests and in what comes back.
pub(super) fn placeholder(name: &str) -> String {
    format!("{{{{secret:{name}}}}}")
}

/// All forms of all known values, ready to be searched for.
pub(super) struct Scrubber {
    automaton: AhoCorasick,
    /// Form and what to put in its place.
    forms: Vec<(Vec<u8>, String)>,
    longest: usize,
    begins: [bool; 256],
}

impl Scrubber {
    /// Searches for the values of these secrets, by name.
    pub(super) fn new(values: &BTreeMap<String, String>) -> Self {
        let mut forms = Vec::new();
        for (name, value) in values {
            forms.extend(forms_of(value).into_iter().map(|form| (form, placeholder(name))));
        }
        let mut begins = [false; 256];
        for (form, _) in &forms {
            begins[usize::from(form[0])] = true;
        }
        Self {
            automaton: AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(forms.iter().map(|(form, _)| form))
                .expect("the forms of a profile's secrets fit an automaton"),
            longest: forms.iter().map(|(form, _)| form.len()).max().unwrap_or(0),
            forms,
            begins,
        }
    }

    /// Replaces every value.
    pub(super) fn scrub(&self, bytes: Vec<u8>) -> Vec<u8> {
        if self.automaton.find(&bytes).is_none() {
            return bytes;
        }
        let mut out = Vec::with_capacity(bytes.len());
        self.scrub_until(&bytes, bytes.len(), &mut out);
        out
    }

    /// Replaces in the part of `bytes` that what follows cannot change; returns how long that part is.
    pub(super) fn scrub_settled(&self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let first = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        let settled = (first..bytes.len())
            .find(|&at| self.may_begin(&bytes[at..]))
            .unwrap_or(bytes.len());
        self.scrub_until(bytes, settled, out)
    }

    /// Replaces what begins before `end`; returns where it stopped, past `end` when a value reaches over it.
    fn scrub_until(&self, bytes: &[u8], end: usize, out: &mut Vec<u8>) -> usize {
        let mut done = 0;
        for found in self.automaton.find_iter(bytes) {
            if found.start() >= end {
                break;
            }
            out.extend_from_slice(&bytes[done..found.start()]);
            out.extend_from_slice(self.forms[found.pattern().as_usize()].1.as_bytes());
            done = found.end();
        }
        if done < end {
            out.extend_from_slice(&bytes[done..end]);
            done = end;
        }
        done
    }

    /// Whether `rest`, the end of what has come so far, may be the beginning of a value.
    fn may_begin(&self, rest: &[u8]) -> bool {
        self.begins[usize::from(rest[0])]
            && self
                .forms
                .iter()
                .any(|(form, _)| form.len() > rest.len() && form.starts_with(rest))
    }
}

/// The value and what programs and servers make of it.
fn forms_of(value: &str) -> Vec<Vec<u8>> {
    let mut texts = vec![value.to_owned()];
    let lines = value.lines().map(str::trim).filter(|line| line.len() >= LINE);
    texts.extend(lines.map(str::to_owned));
    for set in [STRICT, COMPONENT, PATH, FILLED] {
        texts.push(utf8_percent_encode(value, set).to_string());
    }
    texts.push(utf8_percent_encode(value, FORM).to_string().replace(' ', "+"));
    for encoded in texts.split_off(texts.len() - 5) {
        texts.push(lower_escapes(&encoded));
        texts.push(encoded);
    }
    for engine in [
        general_purpose::STANDARD,
        general_purpose::STANDARD_NO_PAD,
        general_purpose::URL_SAFE,
        general_purpose::URL_SAFE_NO_PAD,
    ] {
        texts.push(engine.encode(value));
    }
    texts.push(hex::encode(value));
    texts.push(hex::encode_upper(value));
    texts.extend(json_forms(value));
    texts.extend(html_forms(value));
    texts.push(runner_core::secret::quoted(value));
    let mut forms: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    forms.sort();
    forms.dedup();
    forms
}

/// `%2F` as `%2f`, which is as good.
fn lower_escapes(encoded: &str) -> String {
    let mut in_escape = 0;
    let lower = |c: char| {
        if c == '%' {
            in_escape = 2;
            c
        } else if in_escape > 0 {
            in_escape -= 1;
            c.to_ascii_lowercase()
        } else {
            c
        }
    };
    encoded.chars().map(lower).collect()
}

/// As a JSON string without its quotes: plain, with `\/` (PHP), in ASCII (Python), with `<`, `>` and `&` escaped (Go).
fn json_forms(value: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(value).to_string();
    let plain = &quoted[1..quoted.len() - 1];
    let mut forms = Vec::new();
    for escape_slash in [false, true] {
        for escape_html in [false, true] {
            let slashed = if escape_slash {
                plain.replace('/', r"\/")
            } else {
                plain.to_owned()
            };
            let html = |c: char| escape_html && "<>&".contains(c);
            forms.push(escaped(&slashed, html, false));
            for upper in [false, true] {
                forms.push(escaped(&slashed, |c| !c.is_ascii() || html(c), upper));
            }
        }
    }
    forms
}

/// With `\u....` for the characters that `which` names.
fn escaped(text: &str, which: impl Fn(char) -> bool, upper: bool) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !which(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out += &match upper {
                true => format!("\\u{unit:04X}"),
                false => format!("\\u{unit:04x}"),
            };
        }
    }
    out
}

/// As text of an HTML page, which is what many servers answer an error with.
fn html_forms(value: &str) -> [String; 2] {
    let text = value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let quoted = text.replace('"', "&quot;").replace('\'', "&#39;");
    [text, quoted]
}
