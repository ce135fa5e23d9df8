//! Numbers as programs print them for people.

/// The text after `key` in the line that begins with it.
pub(crate) fn after<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines()
        .find_map(|line| line.trim().strip_prefix(key))
        .map(str::trim)
}

/// A finite number that is not negative.
pub(crate) fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// A time with its unit, as wrk prints it, in milliseconds: `750.00us`, `44.89ms`, `1.20s`, `1.50m`, `1.00h`.
pub(crate) fn time_ms(text: &str) -> Option<f64> {
    let text = text.trim();
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let factor = match &text[unit..] {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    Some(number(&text[..unit])? * factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{hey, wrk};

    const PRINTED: [&str; 4] = [
        include_str!("../fixtures/wrk-4.1-bad.txt"),
        include_str!("../fixtures/hey-0.1.4-bad.txt"),
        include_str!("../fixtures/hey-0.1.4-refused.txt"),
        "  Socket errors: connect 2, read 0, write 1, timeout 98\n",
    ];

    /// Lines of what is printed, any of them, in any order, some cut short.
    fn torn() -> impl Strategy<Value = String> {
        let lines: Vec<&str> = PRINTED.iter().flat_map(|text| text.lines()).collect();
        let line = (prop::sample::select(lines), 0_usize..200)
            .prop_map(|(line, end)| line.chars().take(end).collect::<String>());
        prop::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn what_is_torn_is_refused_or_adds_up(text in torn()) {
            for report in [wrk::parse(&text), hey::parse(&text)].into_iter().flatten() {
                prop_assert!(report.failed <= report.requests, "{report:?}");
                let times = [report.rate, report.p95_ms, report.p99_ms];
                prop_assert!(times.iter().flatten().all(|time| time.is_finite() && *time >= 0.0), "{report:?}");
            }
        }
    }

    #[test]
    fn reads_times_with_their_unit() {
        for (text, ms) in [
            ("750.00us", Some(0.75)),
            ("44.89ms", Some(44.89)),
            (" 1.20s ", Some(1200.0)),
            ("1.50m", Some(90_000.0)),
            ("1.00h", Some(3_600_000.0)),
            ("12", None),
            ("-1ms", None),
            ("NaNms", None),
            ("1.0parsec", None),
            ("", None),
        ] {
            assert_eq!(time_ms(text), ms, "{text}");
        }
    }
}
