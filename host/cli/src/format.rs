//! How times, sizes and tables are written for people. UTC, so that two people on two continents read the same.

use jiff::Timestamp;
use runner_core::duration::Duration;

/// `2026-03-15 10:00:00`, of milliseconds since the epoch.
pub(crate) fn instant(at: u64) -> String {
    let at = i64::try_from(at)
        .ok()
        .and_then(|at| Timestamp::from_millisecond(at).ok());
    at.map_or_else(
        || "-".to_owned(),
        |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// `2026-03-15 10:00:00.000Z`, of milliseconds since the epoch.
pub(crate) fn instant_with_millis(at: u64) -> String {
    format!("{}.{:03}Z", instant(at), at % 1_000)
}

/// A text of somebody else's as one line that does nothing to a terminal: colours are left out, other control characters
/// become `U+FFFD`.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\t') {
        out.push_str(&rest[..at]);
        rest = match after_sequence(&rest[at..]) {
            Some(after) => after,
            None => {
                out.push('\u{fffd}');
                let mut chars = rest[at..].chars();
                chars.next();
                chars.as_str()
            }
        };
    }
    out.push_str(rest);
    out
}

/// What stands behind a control sequence, such as a colour: `ESC [`, parameters, a letter.
fn after_sequence(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("\u{1b}[")?;
    let end = rest.find(|c: char| !matches!(c, '0'..='9' | ';' | ':' | '?'))?;
    let letter = rest[end..].chars().next().filter(char::is_ascii_alphabetic)?;
    Some(&rest[end + letter.len_utf8()..])
}

/// `340 ms`, `1.2 s`, `2 min 5 s`.
pub(crate) fn took(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => Duration::from_secs(millis / 1_000).spoken(),
    }
}

/// `12.3 kB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1_000.0, 0);
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `1 check`, `2 checks`.
pub(crate) fn count(number: usize, one: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {one}{s}")
}

/// Lines of a table, columns two spaces apart, the last one as wide as it likes.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head)
        .filter(|h| !h.is_empty())
        .chain(rows)
        .collect();
    let columns = all.iter().map(|row| row.len()).max().unwrap_or_default();
    let width = |column: usize| {
        all.iter()
            .filter_map(|row| row.get(column))
            .map(|c| c.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or_default())
        .collect();
    let mut text = String::new();
    for row in all {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let pad = width - cell.chars().count();
            line.push_str(cell);
            line.push_str(&" ".repeat(pad + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Text with every line moved in.
pub(crate) fn indented(text: &str, by: usize) -> String {
    let margin = " ".repeat(by);
    text.lines()
        .map(|line| format!("{margin}{line}").trim_end().to_owned() + "\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_short() {
        let written = [0, 999, 1_000, 1_290, 59_999, 60_000, 125_400, 3_600_000].map(took);
        assert_eq!(
            written,
            [
                "0 ms",
                "999 ms",
                "1.0 s",
                "1.2 s",
                "59.9 s",
                "1 min",
                "2 min 5 s",
                "1 h"
            ]
        );
    }

    #[test]
    fn sizes_are_short() {
        let written = [0, 999, 1_000, 12_345, 999_949, 999_950, 1_500_000_000].map(size);
        assert_eq!(
            written,
            [
                "0 B", "999 B", "1.0 kB", "12.3 kB", "999.9 kB", "1.0 MB", "1.5 GB"
            ]
        );
    }

    #[test]
    fn instants_are_utc() {
        assert_eq!(instant(1_773_568_800_000), "2026-03-15 10:00:00");
        assert_eq!(instant_with_millis(1_773_568_800_007), "2026-03-15 10:00:00.007Z");
    }

    #[test]
    fn a_text_does_nothing_to_a_terminal() {
        for (text, shown) in [
            ("\u{1b}[32mINFO\u{1b}[0m:\tgo\u{1b}[2K on", "INFO:\tgo on"),
            ("\u{1b}]0;title\u{7}x", "\u{fffd}]0;title\u{fffd}x"),
            ("a\rb\u{9b}1m", "a\u{fffd}b\u{fffd}1m"),
            ("\u{1b}[", "\u{fffd}["),
            ("привет", "привет"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn columns_line_up_in_any_script() {
        let rows = [
            vec!["привет".to_owned(), "1".to_owned()],
            vec!["a".to_owned(), "22".to_owned()],
        ];
        insta::assert_snapshot!(table(&["name", "n"], &rows), @r"
        name    n
        привет  1
        a       22
        ");
    }
}
