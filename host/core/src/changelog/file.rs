//! `CHANGELOG.md`: a new section is put above the older ones, all the rest stays as it is.

use semver::Version;

/// Is a changelog with a release in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepended {
    /// The whole file.
    pub text: String,
    /// Whether it was changed; not if the release stood there already.
    pub changed: bool,
}

/// Returns the section of a release without its heading, which is what is published as its notes.
pub fn release_notes(section: &str) -> &str {
    let section = section.trim_start_matches(['\n', '\r']);
    let rest = match section.split_once('\n') {
        Some((first, rest)) if level(first) > 0 => rest,
        None if level(section) > 0 => "",
        _ => section,
    };
    rest.trim_start_matches(['\n', '\r'])
}

/// Puts a release's section into a changelog: below title and *Unreleased*, above the older releases.
///
/// An empty file gets a title. A file with CRLF keeps it, in the new section too. A release that has a heading already
/// is left as it stands.
pub fn prepend(existing: &str, section: &str, version: &Version, tag: &str) -> Prepended {
    if headings(existing)
        .iter()
        .any(|heading| heading_of(heading.line, version, tag))
    {
        return Prepended {
            text: existing.into(),
            changed: false,
        };
    }
    let section = section.trim_matches(['\n', '\r']);
    if existing.trim_start_matches('\u{feff}').trim().is_empty() {
        return Prepended {
            text: format!("# Changelog\n\n{section}\n"),
            changed: true,
        };
    }
    let crlf = existing
        .find('\n')
        .is_some_and(|at| existing[..at].ends_with('\r'));
    let end = if crlf { "\r\n" } else { "\n" };
    let section = section.lines().collect::<Vec<_>>().join(end);
    let (before, after) = existing.split_at(place(existing));
    let gap = match before {
        "" | "\u{feff}" => String::new(),
        _ if before.ends_with("\n\n") || before.ends_with("\n\r\n") => String::new(),
        _ if before.ends_with('\n') => end.into(),
        _ => end.repeat(2),
    };
    let below = if after.is_empty() { "" } else { end };
    Prepended {
        text: format!("{before}{gap}{section}{end}{below}{after}"),
        changed: true,
    }
}

/// Tells whether a line is the heading of this release: `## v1.2.3 (2026-03-15)`, `## [1.2.3] - 2026-03-15`.
pub(super) fn heading_of(line: &str, version: &Version, tag: &str) -> bool {
    let version = version.to_string();
    level(line) > 0
        && words(line).any(|word| word == tag || word == version || word.strip_prefix('v') == Some(&version))
}

struct Heading<'a> {
    at: usize,
    line: &'a str,
}

/// Finds the headings outside of code blocks.
fn headings(text: &str) -> Vec<Heading<'_>> {
    let (mut headings, mut at, mut fence) = (Vec::new(), 0, None);
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end().trim_start_matches('\u{feff}');
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(_), _) if mark == fence => fence = None,
            (None, None) if level(line) > 0 => {
                let bom = if whole.starts_with('\u{feff}') {
                    '\u{feff}'.len_utf8()
                } else {
                    0
                };
                headings.push(Heading { at: at + bom, line });
            }
            _ => {}
        }
        at += whole.len();
    }
    headings
}

/// Finds where the newest release goes.
fn place(text: &str) -> usize {
    let headings = headings(text);
    if let Some(release) = headings.iter().find(|heading| is_release(heading.line)) {
        return release.at;
    }
    let mut after_unreleased = headings
        .iter()
        .skip_while(|heading| !is_unreleased(heading.line))
        .skip(1);
    match after_unreleased.find(|heading| level(heading.line) <= 2) {
        Some(next) => next.at,
        None => before_links(text),
    }
}

/// Returns the end of the text, or where the link definitions begin that close it.
fn before_links(text: &str) -> usize {
    let mut at = text.len();
    let mut place = at;
    for line in text.split_inclusive('\n').rev() {
        at -= line.len();
        let is_link = line.starts_with('[') && line.contains("]: ");
        if is_link {
            place = at;
        } else if !line.trim().is_empty() {
            break;
        }
    }
    place
}

fn is_release(line: &str) -> bool {
    (1..=3).contains(&level(line))
        && words(line).any(|word| {
            let number = word.trim_start_matches(|c: char| !c.is_ascii_digit());
            Version::parse(number).is_ok()
        })
}

fn is_unreleased(line: &str) -> bool {
    level(line) == 2
        && words(line)
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("unreleased"))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    let split = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '*' | '`');
    line.trim_start_matches('#')
        .split(split)
        .filter(|word| !word.is_empty())
}

/// Returns the level of a heading, 0 for any other line.
fn level(line: &str) -> usize {
    let marks = line.len() - line.trim_start_matches('#').len();
    let is_heading = (1..=6).contains(&marks) && line[marks..].starts_with([' ', '\t']);
    if is_heading { marks } else { 0 }
}
