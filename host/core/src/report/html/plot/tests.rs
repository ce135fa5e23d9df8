use super::*;
use crate::{
    fixture,
    report::{Ending, facts::Facts},
};

fn rule(name: &str) -> RuleRow {
    let story = fixture::rolled_back();
    let ending = Ending {
        end: story.end,
        summary: story.summary.clone(),
        by_hand: Vec::new(),
    };
    let facts = Facts::of(&story.run, &ending, story.at);
    let watch = facts.environments.into_iter().last().unwrap().watch.unwrap();
    watch.rules.into_iter().find(|rule| rule.name == name).unwrap()
}

#[test]
fn a_stretch_without_data_is_a_gap_in_the_line() {
    let plot = Plot::of(&rule("queue")).unwrap();
    assert_eq!(plot.lines.len(), 2);
    assert_eq!(plot.marks.len(), 15);
    assert_eq!(plot.gaps.len(), 1);
    assert_eq!(plot.gaps[0].label, "no data, source failed");
    let last_before = plot.lines[0].rsplit(' ').next().unwrap();
    assert!(
        last_before.starts_with(&format!("{:.1},", plot.gaps[0].from)),
        "{last_before}"
    );
}

#[test]
fn a_breach_is_marked_where_it_was_seen() {
    let plot = Plot::of(&rule("error-rate")).unwrap();
    let breach = plot.breach.unwrap();
    assert_eq!(breach.label, "breach 10:04:40");
    assert!(breach.left && breach.from < breach.to);
    assert_eq!(plot.marks.iter().filter(|mark| mark.over).count(), 7);
    assert_eq!(
        plot.description,
        "19 readings from 10:03:10 to 10:04:40 UTC, the worst reading is 0.07857; a breach is above 0.01. Breached at \
         10:04:40, over the threshold since 10:04:10."
    );
}

#[test]
fn many_readings_are_thinned_and_the_worst_is_kept() {
    let mut rule = rule("error-rate");
    let point = rule.points[0].clone();
    rule.points = (0..4_000)
        .map(|n| Point {
            tick: n,
            at: point.at + u64::from(n) * 1_000,
            value: (n != 77).then_some(if n == 1_234 { 0.9 } else { 0.001 }),
            ..point.clone()
        })
        .collect();
    rule.worst = Some(0.9);
    let plot = Plot::of(&rule).unwrap();
    let (all, drawn) = plot.thinned.unwrap();
    assert_eq!(all, 4_000);
    assert!(drawn <= MOST_POINTS, "{drawn}");
    let highest = plot
        .lines
        .join(" ")
        .split(' ')
        .map(|place| place.split_once(',').unwrap().1.parse::<f64>().unwrap())
        .fold(f64::MAX, f64::min);
    assert!(highest < TOP + 30.0, "{highest}");
    assert_eq!(plot.gaps.len(), 1);
    assert!(
        Plot::of(&RuleRow {
            points: Vec::new(),
            ..rule
        })
        .is_none()
    );
}
