//! The points at which a run is killed, or loses its connection.

use std::{fmt, str::FromStr};

use anyhow::{Context as _, Error, bail};

/// Right before or right after an append to the journal, or in the middle of a session over SSH, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) number: u64,
    pub(crate) side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Before,
    After,
    Cut,
}

/// As `RUNNER_CRASH` takes it.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.side.word(), self.number)
    }
}

impl FromStr for Point {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (side, number) = text.split_once(':').context("write e.g. `after:17`")?;
        let side = match side {
            "before" => Side::Before,
            "after" => Side::After,
            "cut" => Side::Cut,
            _ => bail!("`{side}` is none of `before`, `after` and `cut`"),
        };
        Ok(Self {
            number: number.parse()?,
            side,
        })
    }
}

impl Side {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Cut => "cut",
        }
    }
}

/// One of several equal parts, each spread over all of it, e.g. `2/3`: all of them take hours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    which: usize,
    of: usize,
}

impl Part {
    /// The points that are its.
    pub(crate) fn of(self, points: Vec<Point>) -> Vec<Point> {
        points.into_iter().skip(self.which - 1).step_by(self.of).collect()
    }
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (which, of) = text.split_once('/').context("write e.g. `1/2`")?;
        let (which, of) = (which.parse()?, of.parse()?);
        if which == 0 || which > of {
            bail!("the parts are 1/{of} to {of}/{of}");
        }
        Ok(Self { which, of })
    }
}

/// Both sides of every append.
pub(crate) fn all(appends: u64) -> Vec<Point> {
    let sides = |number| [Side::Before, Side::After].map(|side| Point { number, side });
    (1..=appends).flat_map(sides).collect()
}

/// The middle of every session over SSH.
pub(crate) fn cuts(sessions: u64) -> Vec<Point> {
    let cut = |number| Point {
        number,
        side: Side::Cut,
    };
    (1..=sessions).map(cut).collect()
}

/// So many of them, one by chance from each of as many equal parts; the first and the last part have theirs too.
pub(crate) fn sample(points: Vec<Point>, wanted: usize, seed: u64) -> Vec<Point> {
    if wanted == 0 || points.len() <= wanted {
        return points;
    }
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut chance = |below: usize| {
        // xorshift64: the same points for the same seed, on every machine.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap_or(0)
    };
    (0..wanted)
        .map(|part| {
            let (from, to) = (part * points.len() / wanted, (part + 1) * points.len() / wanted);
            points[from + chance(to - from)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_both_sides_of_each() {
        let words: Vec<_> = all(2).iter().map(ToString::to_string).collect();
        assert_eq!(words, ["before:1", "after:1", "before:2", "after:2"]);
        assert_eq!("after:2".parse::<Point>().unwrap(), all(2)[3]);
    }

    #[test]
    fn parts_together_are_all_of_it() {
        let part = |text: &str| text.parse::<Part>().unwrap().of(all(5));
        let mut together = [part("1/3"), part("2/3"), part("3/3")].concat();
        assert_eq!(part("1/3").len(), 4);
        together.sort();
        let mut whole = all(5);
        whole.sort();
        assert_eq!(together, whole);
        assert!("4/3".parse::<Part>().is_err() && "0/3".parse::<Part>().is_err());
    }

    #[test]
    fn a_sample_is_spread_over_all_of_it_and_the_same_for_its_seed() {
        let points = sample(all(300), 60, 7);
        assert_eq!(points.len(), 60);
        assert!(points.is_sorted() && points[0].number <= 5 && points[59].number > 295);
        assert_eq!(points, sample(all(300), 60, 7));
        assert_ne!(points, sample(all(300), 60, 8));
        assert_eq!(sample(all(3), 60, 7), all(3));
    }
}
