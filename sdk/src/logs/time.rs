//! The time that a line of a log begins with: RFC 3339, and the two forms of nginx.

use crate::Instant;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// When a line was written, as it says itself. A time without a zone is taken as `zone` minutes ahead of UTC; without that it
/// says nothing.
///
/// Three forms are known: `2026-03-15T10:00:00.123Z` (or with a space, or `+02:00`) and `2026/03/15 10:00:00`, nginx's error
/// log, at the beginning; `[15/Mar/2026:10:00:00 +0000]`, nginx's access log, as the first thing in square brackets.
pub fn time_of(line: &str, zone: Option<i32>) -> Option<Instant> {
    let bytes = line.as_bytes();
    match bytes.first()? {
        b'0'..=b'9' => at_the_beginning(bytes, zone).or_else(|| in_brackets(line)),
        _ => in_brackets(line),
    }
}

/// Minutes ahead of UTC, of `+0200`, `-03:30` or `Z`.
pub fn zone(text: &str) -> Option<i32> {
    let (zone, rest) = Scan(text.as_bytes()).zone()?;
    rest.0.is_empty().then_some(zone)
}

fn at_the_beginning(line: &[u8], zone: Option<i32>) -> Option<Instant> {
    let (year, scan) = Scan(line).number(4)?;
    let between = scan.0.first().copied().filter(|byte| b"-/".contains(byte))?;
    let (month, scan) = scan.skip(&[between])?.number(2)?;
    let (day, scan) = scan.skip(&[between])?.number(2)?;
    let (time, scan) = scan.skip(b"T t")?.time()?;
    let (millis, scan) = scan.fraction();
    let zone = match scan.zone() {
        Some((zone, _)) => zone,
        None => zone?,
    };
    instant((year, month, day), time, millis, zone)
}

/// `[15/Mar/2026:10:00:00 +0000]`.
fn in_brackets(line: &str) -> Option<Instant> {
    let (_, rest) = line.split_once('[')?;
    let (day, scan) = Scan(rest.as_bytes()).number(2)?;
    let scan = scan.skip(b"/")?;
    let name = scan.0.get(..3)?;
    let month = MONTHS.iter().position(|month| month.as_bytes() == name)?;
    let (year, scan) = Scan(&scan.0[3..]).skip(b"/")?.number(4)?;
    let (time, scan) = scan.skip(b":")?.time()?;
    let (zone, scan) = scan.skip(b" ")?.zone()?;
    scan.skip(b"]")?;
    instant((year, u32::try_from(month).ok()? + 1, day), time, 0, zone)
}

/// What is left of a line.
#[derive(Clone, Copy)]
struct Scan<'a>(&'a [u8]);

impl<'a> Scan<'a> {
    fn number(self, digits: usize) -> Option<(u32, Self)> {
        let number = self.0.get(..digits)?;
        let text = std::str::from_utf8(number).ok()?;
        let all = text.bytes().all(|byte| byte.is_ascii_digit());
        Some((text.parse().ok().filter(|_| all)?, Self(&self.0[digits..])))
    }

    /// One of these bytes.
    fn skip(self, any: &[u8]) -> Option<Self> {
        let (first, rest) = self.0.split_first()?;
        any.contains(first).then_some(Self(rest))
    }

    /// Hours, minutes, seconds.
    fn time(self) -> Option<((u32, u32, u32), Self)> {
        let (hours, scan) = self.number(2)?;
        let (minutes, scan) = scan.skip(b":")?.number(2)?;
        let (seconds, scan) = scan.skip(b":")?.number(2)?;
        Some(((hours, minutes, seconds), scan))
    }

    /// Milliseconds, 0 without.
    fn fraction(self) -> (u64, Self) {
        let Some(scan) = self.skip(b".,") else {
            return (0, self);
        };
        let digits = scan.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let millis = (0..3).fold(0, |sum, at| {
            let digit = scan.0[..digits].get(at).map_or(0, |byte| byte - b'0');
            sum * 10 + u64::from(digit)
        });
        (millis, Self(&scan.0[digits..]))
    }

    /// Minutes ahead of UTC.
    fn zone(self) -> Option<(i32, Self)> {
        if let Some(rest) = self.skip(b"Zz") {
            return Some((0, rest));
        }
        let sign = if self.skip(b"-").is_some() { -1 } else { 1 };
        let (hours, scan) = self.skip(b"+-")?.number(2)?;
        let (minutes, scan) = scan.skip(b":").unwrap_or(scan).number(2)?;
        let zone = i32::try_from(hours * 60 + minutes).ok()?;
        (hours <= 23 && minutes < 60).then_some((sign * zone, scan))
    }
}

/// Of a day in the Gregorian calendar: Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
fn instant(
    (year, month, day): (u32, u32, u32),
    (hours, minutes, seconds): (u32, u32, u32),
    millis: u64,
    zone: i32,
) -> Option<Instant> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    // A leap second is the one after the last.
    if year < 1970 || day == 0 || day > days || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let (hours, minutes, seconds) = (i64::from(hours), i64::from(minutes), i64::from(seconds));
    let seconds = ((days * 24 + hours) * 60 + minutes - i64::from(zone)) * 60 + seconds;
    Some(u64::try_from(seconds).ok()? * 1000 + millis)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rfc3339;

    #[test]
    fn known_forms() {
        let ten = 1_773_568_800_000;
        for (line, zone, at) in [
            ("2026-03-15T10:00:00Z started", None, Some(ten)),
            ("2026-03-15T10:00:00.1239999Z", None, Some(ten + 123)),
            ("2026-03-15 12:00:00,5+02:00 x", None, Some(ten + 500)),
            ("2026-03-15 12:00:00,123 INFO python", None, None),
            ("2026-03-15 12:00:00,123 INFO python", Some(120), Some(ten + 123)),
            (
                "2026/03/15 10:00:00 [error] 7#7: *1 open() failed",
                Some(0),
                Some(ten),
            ),
            ("2026/03/15 06:30:00 [emerg] 7#7:", Some(-210), Some(ten)),
            (
                "127.0.0.1 - - [15/Mar/2026:13:00:00 +0300] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl\"",
                None,
                Some(ten),
            ),
            ("::1 - - [15/Mar/2026:13:00:00 +0300] \"\" 400 0", None, Some(ten)),
            ("2000-02-29T00:00:00Z", None, Some(951_782_400_000)),
            ("1970-01-01T00:00:00Z", None, Some(0)),
            // Who asks names himself: only what stands first in brackets counts.
            (
                "1.2.3.4 - [01/Jan/2030:00:00:00 x] [15/Mar/2026:10:00:00 +0000] \"\" 400",
                None,
                None,
            ),
            ("", None, None),
            ("INFO:     Started server process [7]", None, None),
            ("2026-02-29T00:00:00Z", None, None),
            ("2026-13-01T00:00:00Z", None, None),
            ("2026-03-15T24:00:00Z", None, None),
            ("2026-03-15T10:00", None, None),
            ("1969-12-31T23:59:59Z", None, None),
            ("1970-01-01T00:30:00+01:00", None, None),
            ("99999999999999999999", None, None),
            ("x [15/Mär/2026:13:00:00 +0300]", None, None),
            ("x [15/Mar/2026:13:00:00 +9900]", None, None),
            ("x [", None, None),
        ] {
            assert_eq!(time_of(line, zone), at, "{line}");
        }
    }

    #[test]
    fn zones() {
        let zones = ["+0000", "+05:30", "-0330", "Z", "", "MSK", "+0000 x"].map(zone);
        assert_eq!(zones, [Some(0), Some(330), Some(-210), Some(0), None, None, None]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(at in 0_u64..253_402_300_800_000) {
            prop_assert_eq!(time_of(&rfc3339(at), None), Some(at));
        }

        #[test]
        fn any_line_is_read_without_a_panic(line in "\\PC{0,60}|[0-9T:/. +\\[\\]-]{0,40}", zone in -2000_i32..2000) {
            time_of(&line, Some(zone));
        }
    }
}
