//! A time as systemd's timers take it: `OnCalendar` of systemd.time(7), judged before a machine is asked.
//!
//! `[WEEKDAYS] [YEAR-]MONTH-DAY HOUR:MINUTE[:SECOND] [ZONE]`, or one word such as `daily`. Of what systemd knows, days counted from
//! the end of a month (`~`) and fractions of a second are left out.

use std::ops::RangeInclusive;

/// systemd's words.
const WORDS: [&str; 9] = [
    "minutely",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "semiannually",
    "yearly",
    "annually",
];
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// It holds no time at all.
    #[error("there is no time in `{0}`")]
    Nothing(String),
    /// A part of it is none.
    #[error("`{part}` of `{text}` is no {wanted}")]
    Part {
        /// The whole.
        text: String,
        /// What is wrong.
        part: String,
        /// What was expected there.
        wanted: &'static str,
    },
}

impl CalendarError {
    /// What to do.
    pub const HINT: &'static str = "write e.g. `daily`, `03:17`, `Mon..Fri 09:00`, `*:0/5` for every five minutes, `*-*-01 04:00 UTC`; see systemd.time(7)";
}

/// Judges a time.
///
/// # Errors
/// Says which part is wrong.
pub fn check(text: &str) -> Result<(), CalendarError> {
    if WORDS.iter().any(|word| text.trim().eq_ignore_ascii_case(word)) {
        return Ok(());
    }
    let wrong = |part: &str, wanted| CalendarError::Part {
        text: text.to_owned(),
        part: part.to_owned(),
        wanted,
    };
    let mut words = text.split_whitespace().peekable();
    let mut parts = 0;
    if let Some(days) = words.next_if(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())) {
        match weekdays(days) {
            true => parts += 1,
            false => {
                return Err(wrong(
                    days,
                    "list of weekdays, e.g. `Mon..Fri`, and no word such as `daily`",
                ));
            }
        }
    }
    if let Some(date) = words.next_if(|word| word.contains('-') && !word.contains(':')) {
        match self::date(date) {
            true => parts += 1,
            false => return Err(wrong(date, "date, e.g. `*-*-01`")),
        }
    }
    if let Some(time) = words.next_if(|word| word.contains(':')) {
        match self::time(time) {
            true => parts += 1,
            false => return Err(wrong(time, "time of day, e.g. `03:17`")),
        }
    }
    if parts == 0 {
        return Err(CalendarError::Nothing(text.to_owned()));
    }
    if let Some(zone) = words.next_if(|word| is_zone(word)) {
        let _ = zone;
    }
    match words.next() {
        Some(more) => Err(wrong(
            more,
            "time zone, e.g. `UTC` or `Europe/Berlin`, which comes last",
        )),
        None => Ok(()),
    }
}

fn weekdays(text: &str) -> bool {
    let is_day = |word: &str| {
        let word = word.to_ascii_lowercase();
        DAYS.iter().any(|day| *day == word || day[..3] == word)
    };
    text.split(',').all(|part| match part.split_once("..") {
        Some((from, to)) => is_day(from) && is_day(to),
        None => is_day(part),
    })
}

fn date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    match parts.as_slice() {
        [month, day] => field(month, 1..=12) && field(day, 1..=31),
        [year, month, day] => field(year, 1970..=2199) && field(month, 1..=12) && field(day, 1..=31),
        _ => false,
    }
}

fn time(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    match parts.as_slice() {
        [hour, minute] => field(hour, 0..=23) && field(minute, 0..=59),
        [hour, minute, second] => field(hour, 0..=23) && field(minute, 0..=59) && field(second, 0..=59),
        _ => false,
    }
}

/// `*`, numbers, ranges, each perhaps with a step: `1,15`, `8..18`, `0/5`.
fn field(text: &str, range: RangeInclusive<u32>) -> bool {
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let within = |digits: &str| number(digits).filter(|number| range.contains(number));
    text.split(',').all(|part| {
        let (of, step) = match part.split_once('/') {
            Some((of, step)) => (of, Some(step)),
            None => (part, None),
        };
        let of = match of.split_once("..") {
            Some((from, to)) => within(from).is_some_and(|from| within(to).is_some_and(|to| from <= to)),
            None => of == "*" || within(of).is_some(),
        };
        of && step.is_none_or(|step| number(step).is_some_and(|step| step > 0))
    })
}

fn is_zone(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
    word == "UTC"
        || (word.contains('/')
            && word.chars().all(plain)
            && word.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemd_takes() {
        for good in [
            "daily",
            "Hourly",
            "03:17",
            "03:17:30",
            "*-*-* 03:17:00",
            "Mon 09:00",
            "mon..fri 09:00",
            "Sat,Sunday *-*-* 0/2:00",
            "*:0/5",
            "*-*-1,15 04:00",
            "*-01/3-01",
            "2026-12-24 18:00 Europe/Berlin",
            "04:00 UTC",
            "Mon",
            "*-*-01",
            "*:8..18/2",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_no_time() {
        let errors: Vec<_> = [
            "",
            "every day",
            "daily 03:17",
            "3 am",
            "24:00",
            "03:60",
            "*-13-01 03:00",
            "*-*-* 03",
            "Mon..Foo 03:00",
            "03:17 Berlin",
            "*:0/0",
            "*:30..10",
            "03:17 UTC again",
            "*-02~01 03:00",
            "03:17\nExecStart=/bin/sh",
        ]
        .map(|text| check(text).expect_err(text).to_string())
        .into();
        insta::assert_snapshot!(errors.join("\n"), @r"
        there is no time in ``
        `every` of `every day` is no list of weekdays, e.g. `Mon..Fri`, and no word such as `daily`
        `daily` of `daily 03:17` is no list of weekdays, e.g. `Mon..Fri`, and no word such as `daily`
        there is no time in `3 am`
        `24:00` of `24:00` is no time of day, e.g. `03:17`
        `03:60` of `03:60` is no time of day, e.g. `03:17`
        `*-13-01` of `*-13-01 03:00` is no date, e.g. `*-*-01`
        `03` of `*-*-* 03` is no time zone, e.g. `UTC` or `Europe/Berlin`, which comes last
        `Mon..Foo` of `Mon..Foo 03:00` is no list of weekdays, e.g. `Mon..Fri`, and no word such as `daily`
        `Berlin` of `03:17 Berlin` is no time zone, e.g. `UTC` or `Europe/Berlin`, which comes last
        `*:0/0` of `*:0/0` is no time of day, e.g. `03:17`
        `*:30..10` of `*:30..10` is no time of day, e.g. `03:17`
        `again` of `03:17 UTC again` is no time zone, e.g. `UTC` or `Europe/Berlin`, which comes last
        `*-02~01` of `*-02~01 03:00` is no date, e.g. `*-*-01`
        `ExecStart=/bin/sh` of `03:17
        ExecStart=/bin/sh` is no time zone, e.g. `UTC` or `Europe/Berlin`, which comes last
        ");
    }
}
