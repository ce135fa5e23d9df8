//! The timeline: every step as a bar, by environment.

use serde::Serialize;

use super::scale;
use crate::report::{
    facts::{Facts, Row, Tone},
    time,
};

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 200.0;
const RIGHT: f64 = 800.0;
const ROW: f64 = 24.0;
const HEADING: f64 = 34.0;
const AXIS: f64 = 30.0;

/// Anything else than a wait for a person is cut short only when it is so many times as long as all the rest.
const LONG: u64 = 10;

/// Where everything goes.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    axis: f64,
    ticks: Vec<Tick>,
    cuts: Vec<Tick>,
    groups: Vec<Group>,
    /// How many notifications are left out.
    notices: usize,
}

#[derive(Debug, Serialize)]
struct Tick {
    at: f64,
    label: String,
}

#[derive(Debug, Serialize)]
struct Group {
    name: String,
    y: f64,
    bars: Vec<Bar>,
}

#[derive(Debug, Serialize)]
struct Bar {
    y: f64,
    x: f64,
    width: f64,
    name: String,
    /// Beside it, in words.
    text: String,
    tone: Tone,
    undo: bool,
    wait: bool,
    title: String,
}

impl Timeline {
    pub(super) fn of(facts: &Facts) -> Self {
        let all = || {
            facts
                .rows
                .iter()
                .chain(facts.environments.iter().flat_map(|e| &e.rows))
        };
        let axis = Axis::of(facts.started, all());
        let mut y = AXIS;
        let mut group = |name: &str, rows: &mut dyn Iterator<Item = &Row>| {
            let top = y;
            y += HEADING;
            let bars: Vec<Bar> = rows.map(|row| bar(row, &axis, &mut y)).collect();
            if bars.is_empty() {
                y = top;
            }
            (!bars.is_empty()).then(|| Group {
                name: name.to_owned(),
                y: top,
                bars,
            })
        };
        let mut groups = Vec::new();
        let early = |row: &&Row| shown(row) && !row.notice;
        groups.extend(group("Before any deploy", &mut facts.rows.iter().filter(early)));
        for environment in &facts.environments {
            groups.extend(group(
                &environment.name,
                &mut environment.rows.iter().filter(|row| shown(row)),
            ));
        }
        groups.extend(group(
            "Afterwards",
            &mut facts.rows.iter().filter(|row| shown(row) && row.notice),
        ));
        Self {
            width: WIDTH,
            height: y + 8.0,
            left: LEFT,
            right: RIGHT,
            axis: AXIS,
            ticks: axis.ticks(),
            cuts: axis.cuts(),
            groups,
            notices: all().filter(|row| !shown(row)).count(),
        }
    }
}

/// A notification that went out is not worth a bar.
fn shown(row: &Row) -> bool {
    !row.notice || row.tone != Tone::Good
}

fn bar(row: &Row, axis: &Axis, y: &mut f64) -> Bar {
    let top = *y;
    *y += ROW;
    let from = axis.at(row.start);
    let to = axis.at(row.end.unwrap_or(row.start));
    let took = row.duration_ms.map(time::span);
    let text = match &took {
        Some(took) => format!("{took} · {}", row.outcome),
        None => row.outcome.to_owned(),
    };
    Bar {
        y: top,
        x: from,
        width: (to - from).max(3.0),
        name: row.name.clone(),
        title: format!("{} from {}: {text}", row.id, time::clock(row.start)),
        text,
        tone: row.tone,
        undo: row.undo,
        wait: row.wait,
    }
}

/// Time, with long waits cut short.
struct Axis {
    start: u64,
    /// Its end in time, its end in drawn time, and whether it is cut short.
    pieces: Vec<(u64, u64, bool)>,
}

impl Axis {
    fn of<'a>(start: u64, rows: impl Iterator<Item = &'a Row>) -> Self {
        let rows: Vec<&Row> = rows.collect();
        let ends = rows.iter().flat_map(|row| [Some(row.start), row.end]).flatten();
        let mut instants: Vec<u64> = ends.chain([start]).collect();
        instants.sort_unstable();
        instants.dedup();
        let spans: Vec<(u64, u64)> = instants.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let total: u64 = spans.iter().map(|(from, to)| to - from).sum();
        let waited: u64 = spans
            .iter()
            .filter(|span| waits(&rows, **span))
            .map(|(from, to)| to - from)
            .sum();
        let work = total - waited;
        let mut drawn = 0;
        let piece = |span: &(u64, u64)| {
            let length = span.1 - span.0;
            let long = length > LONG * (total - length) && length < total;
            let cut = long || (waits(&rows, *span) && length > work / 2 && work > 0);
            let rest = if long { total - length } else { work };
            drawn += if cut { rest / 6 } else { length };
            (span.1, drawn, cut)
        };
        Self {
            start,
            pieces: spans.iter().map(piece).collect(),
        }
    }

    /// The place of an instant.
    fn at(&self, instant: u64) -> f64 {
        let total = self.pieces.last().map_or(1, |piece| piece.1).max(1) as f64;
        let mut before = (self.start, 0);
        for &(end, drawn, _) in &self.pieces {
            if instant <= end {
                let share = (instant.saturating_sub(before.0)) as f64 / (end - before.0) as f64;
                let place = before.1 as f64 + share * (drawn - before.1) as f64;
                return LEFT + place / total * (RIGHT - LEFT);
            }
            before = (end, drawn);
        }
        RIGHT
    }

    fn ticks(&self) -> Vec<Tick> {
        let Some(&(_, drawn, _)) = self.pieces.last() else {
            return Vec::new();
        };
        let step = scale::time_step(drawn, 8);
        let cuts = self.cuts();
        let mut last = f64::MIN;
        self.spans()
            .filter(|(_, _, cut)| !cut)
            .flat_map(|(from, to, _)| {
                let (first, last) = ((from - self.start).div_ceil(step), (to - self.start) / step);
                (first..=last).map(move |n| n * step)
            })
            .map(|offset| Tick {
                at: self.at(self.start + offset),
                label: since(offset),
            })
            .filter(|tick| cuts.iter().all(|cut| (cut.at - tick.at).abs() > 50.0))
            .filter(|tick| {
                let apart = tick.at - last > 44.0;
                if apart {
                    last = tick.at;
                }
                apart
            })
            .take(40)
            .collect()
    }

    /// Where time was cut out, and how much.
    fn cuts(&self) -> Vec<Tick> {
        self.spans()
            .filter(|(_, _, cut)| *cut)
            .map(|(from, to, _)| Tick {
                at: f64::midpoint(self.at(from), self.at(to)),
                label: time::span(to - from),
            })
            .collect()
    }

    /// The pieces as from, to and whether they are cut short.
    fn spans(&self) -> impl Iterator<Item = (u64, u64, bool)> {
        let starts = std::iter::once(self.start).chain(self.pieces.iter().map(|piece| piece.0));
        starts
            .zip(&self.pieces)
            .map(|(from, &(to, _, cut))| (from, to, cut))
    }
}

/// Whether nothing but waiting for a person goes on.
fn waits(rows: &[&Row], (from, to): (u64, u64)) -> bool {
    let mut busy = rows
        .iter()
        .filter(|row| row.start <= from && row.end.is_none_or(|end| end >= to))
        .peekable();
    busy.peek().is_some() && busy.all(|row| row.wait)
}

/// Minutes and seconds since the start: `2:30`, `1:02:30`.
fn since(offset: u64) -> String {
    let seconds = offset / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests;
