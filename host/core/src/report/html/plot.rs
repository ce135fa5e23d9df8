//! The plot of a rule: its readings over time, against the threshold.

use serde::Serialize;

use super::scale::{self, Scale};
use crate::report::{
    facts::{Point, RuleRow},
    number, time,
};
use crate::rules::Side;

/// As many readings are drawn at most, and a few more where gaps are.
const MOST_POINTS: usize = 500;

/// Up to so many, each reading has its own mark.
const MARKED_POINTS: usize = 80;

pub(super) const WIDTH: f64 = 520.0;
pub(super) const HEIGHT: f64 = 240.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = WIDTH - 14.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = HEIGHT - 44.0;

/// Where everything goes.
#[derive(Debug, Serialize)]
pub(super) struct Plot {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    y_ticks: Vec<Tick>,
    x_ticks: Vec<Tick>,
    y_label: String,
    /// The place of the threshold.
    threshold: f64,
    /// `above` or `below`: where it is a breach.
    side: Side,
    /// `points` of a polyline each.
    lines: Vec<String>,
    marks: Vec<Mark>,
    gaps: Vec<Gap>,
    breach: Option<Breach>,
    /// How many readings there are, and how many are drawn, when that differs.
    thinned: Option<(usize, usize)>,
    /// For those who do not see it.
    description: String,
}

#[derive(Debug, Serialize)]
struct Tick {
    at: f64,
    label: String,
}

#[derive(Debug, Serialize)]
struct Mark {
    x: f64,
    y: f64,
    over: bool,
    title: String,
}

#[derive(Debug, Serialize)]
struct Gap {
    from: f64,
    to: f64,
    label: String,
}

#[derive(Debug, Serialize)]
struct Breach {
    from: f64,
    to: f64,
    label: String,
    /// Whether the label stands left of the line.
    left: bool,
}

impl Plot {
    /// None when there is not a single sample.
    pub(super) fn of(rule: &RuleRow) -> Option<Self> {
        let points = thin(&rule.points, rule.side);
        let (first, last) = (points.first()?.at, points.last()?.at);
        let x = Scale {
            from: (first as f64, last as f64),
            to: (LEFT + 8.0, RIGHT - 8.0),
        };
        let (low, high) = bounds(rule);
        let y = Scale {
            from: (low, high),
            to: (BOTTOM, TOP),
        };
        let place = |point: &Point| Some((x.at(point.at as f64), y.at(point.value?)));
        let marked = points.len() <= MARKED_POINTS;
        Some(Self {
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            right: RIGHT,
            top: TOP,
            bottom: BOTTOM,
            y_ticks: scale::ticks(low, high, 5.0)
                .into_iter()
                .map(|value| Tick {
                    at: y.at(value),
                    label: number::number(value),
                })
                .collect(),
            x_ticks: time_ticks(first, last, &x),
            y_label: label_of(rule),
            threshold: y.at(rule.threshold),
            side: rule.side,
            lines: lines(&points, place),
            marks: points
                .iter()
                .filter(|point| marked || point.over)
                .filter_map(|point| mark(point, place(point)?))
                .collect(),
            gaps: gaps(&points, &x),
            breach: breach(rule, &x),
            thinned: (points.len() < rule.points.len()).then_some((rule.points.len(), points.len())),
            description: describe(rule, first, last),
        })
    }
}

/// At most about [`MOST_POINTS`] readings: of each group of neighbours, the worst one and the first without a number.
fn thin(points: &[Point], side: Side) -> Vec<Point> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let size = points.len().div_ceil(MOST_POINTS / 2);
    let worse = |a: &&Point, b: &&Point| {
        let order = a.value.unwrap_or(0.0).total_cmp(&b.value.unwrap_or(0.0));
        if side == Side::Above {
            order
        } else {
            order.reverse()
        }
    };
    points
        .chunks(size)
        .flat_map(|group| {
            let worst = group.iter().filter(|point| point.value.is_some()).max_by(worse);
            let gap = group.iter().find(|point| point.value.is_none());
            let mut kept: Vec<Point> = worst.into_iter().chain(gap).cloned().collect();
            kept.sort_by_key(|point| point.tick);
            kept
        })
        .collect()
}

/// The values that the axis spans: from zero, unless all that there is to see is far from it.
fn bounds(rule: &RuleRow) -> (f64, f64) {
    let values = rule
        .points
        .iter()
        .filter_map(|point| point.value)
        .chain([rule.threshold]);
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let from_zero = low >= 0.0 && low < high * 0.6;
    let room = match high - low {
        span if span > 0.0 => span * 0.15,
        _ => (high.abs() * 0.1).max(1.0),
    };
    (if from_zero { 0.0 } else { low - room }, high + room)
}

fn label_of(rule: &RuleRow) -> String {
    match &rule.unit {
        Some(unit) => unit.clone(),
        None if rule.share => "share, 1 is all".to_owned(),
        None => "value".to_owned(),
    }
}

fn time_ticks(first: u64, last: u64, x: &Scale) -> Vec<Tick> {
    let step = scale::time_step(last - first, 5);
    let from = first.div_ceil(step);
    (from..=last / step)
        .map(|n| n * step)
        .map(|at| Tick {
            at: x.at(at as f64),
            label: time::clock(at),
        })
        .collect()
}

fn lines(points: &[Point], place: impl Fn(&Point) -> Option<(f64, f64)>) -> Vec<String> {
    points
        .split(|point| point.value.is_none())
        .filter(|run| run.len() > 1)
        .map(|run| {
            let places = run
                .iter()
                .filter_map(&place)
                .map(|(x, y)| format!("{x:.1},{y:.1}"));
            places.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn mark(point: &Point, (x, y): (f64, f64)) -> Option<Mark> {
    Some(Mark {
        x,
        y,
        over: point.over,
        title: format!("{}: {}", time::clock(point.at), point.text),
    })
}

/// The stretches without a number, each from the reading before to the one after.
fn gaps(points: &[Point], x: &Scale) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut start = 0;
    for group in points.chunk_by(|a, b| a.value.is_some() == b.value.is_some()) {
        let end = start + group.len();
        if group[0].value.is_none() {
            let from = &points[start.saturating_sub(1)];
            let to = &points[end.min(points.len() - 1)];
            gaps.push(Gap {
                from: x.at(from.at as f64),
                to: x.at(to.at as f64),
                label: label(group),
            });
        }
        start = end;
    }
    gaps
}

/// Why there is no number: the one reason, or that there are several.
fn label(group: &[Point]) -> String {
    let reason = |point: &Point| match point.text.split_once(':') {
        Some((kind, _)) => kind.to_owned(),
        None if point.text.ends_with("too few") => "too few requests".to_owned(),
        None => point.text.clone(),
    };
    let mut reasons: Vec<String> = group.iter().map(reason).collect();
    reasons.dedup();
    reasons.join(", ")
}

fn breach(rule: &RuleRow, x: &Scale) -> Option<Breach> {
    let span = rule.breach?;
    let to = x.at(span.at as f64);
    Some(Breach {
        from: x.at(span.since as f64),
        to,
        label: format!("breach {}", time::clock(span.at)),
        left: to > (LEFT + RIGHT) / 2.0,
    })
}

fn describe(rule: &RuleRow, first: u64, last: u64) -> String {
    let worst = rule.worst.map_or("no reading has a number".to_owned(), |worst| {
        format!(
            "the worst reading is {}",
            number::with_unit(worst, rule.unit.as_deref())
        )
    });
    let breach = match rule.breach {
        Some(span) => format!(
            " Breached at {}, over the threshold since {}.",
            time::clock(span.at),
            time::clock(span.since)
        ),
        None => String::new(),
    };
    format!(
        "{} readings from {} to {} UTC, {worst}; a breach is {}.{breach}",
        rule.points.len(),
        time::clock(first),
        time::clock(last),
        rule.limit
    )
}

#[cfg(test)]
mod tests;
