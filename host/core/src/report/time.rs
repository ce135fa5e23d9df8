//! Instants and lengths of time, as the reports write them.

use jiff::Timestamp;

use crate::duration::Duration;

fn timestamp(at: u64) -> Timestamp {
    let millis = i64::try_from(at).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// RFC 3339 in UTC, to the second: `2026-03-15T10:00:00Z`.
pub(super) fn second(at: u64) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// RFC 3339 in UTC, to the millisecond: `2026-03-15T10:00:00.000Z`.
pub(super) fn milli(at: u64) -> String {
    format!("{:.3}", timestamp(at))
}

/// For file names: `20260315T100000Z`.
pub(super) fn basic(at: u64) -> String {
    timestamp(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// For people: `2026-03-15 10:00:00`.
pub(super) fn people(at: u64) -> String {
    timestamp(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The time of the day in UTC: `10:00:00`.
pub(super) fn clock(at: u64) -> String {
    timestamp(at).strftime("%H:%M:%S").to_string()
}

/// A length of time for people, to three digits or so: `410 ms`, `8.24 s`, `1 min 35 s`, `2 h 5 min`.
pub(super) fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{} s", super::number::rounded(ms as f64 / 1e3, 2)),
        10_000..60_000 => format!("{} s", super::number::rounded(ms as f64 / 1e3, 1)),
        60_000..3_600_000 => Duration::from_secs(ms / 1_000).spoken(),
        _ => Duration::from_secs(ms / 60_000 * 60).spoken(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_in_utc() {
        let at = 1_773_568_800_250;
        assert_eq!(second(at), "2026-03-15T10:00:00Z");
        assert_eq!(milli(at), "2026-03-15T10:00:00.250Z");
        assert_eq!(basic(at), "20260315T100000Z");
        assert_eq!(people(at), "2026-03-15 10:00:00");
        assert_eq!(clock(at), "10:00:00");
        assert_eq!(second(u64::MAX), "9999-12-30T22:00:00Z");
    }

    #[test]
    fn a_length_of_time_is_short() {
        let said = [0, 410, 5_000, 8_240, 21_400, 61_200, 7_500_000].map(span);
        assert_eq!(
            said,
            [
                "0 ms",
                "410 ms",
                "5 s",
                "8.24 s",
                "21.4 s",
                "1 min 1 s",
                "2 h 5 min"
            ]
        );
    }
}
