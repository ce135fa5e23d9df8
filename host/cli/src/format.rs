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
