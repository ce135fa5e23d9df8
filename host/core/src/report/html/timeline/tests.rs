use super::*;
use crate::{
    fixture::{self, Story},
    report::Ending,
};

fn facts(story: &Story) -> Facts {
    let ending = Ending {
        end: story.end,
        summary: story.summary.clone(),
        by_hand: Vec::new(),
    };
    Facts::of(&story.run, &ending, story.at)
}

#[test]
fn every_step_but_the_notices_has_a_bar_inside_the_axis() {
    let timeline = Timeline::of(&facts(&fixture::rolled_back()));
    let names: Vec<&str> = timeline.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["Before any deploy", "staging", "prod"]);
    let bars: Vec<&Bar> = timeline.groups.iter().flat_map(|group| &group.bars).collect();
    assert!(
        bars.iter()
            .all(|bar| bar.x >= LEFT && bar.x <= RIGHT && bar.y < timeline.height)
    );
    let undone = bars.iter().find(|bar| bar.undo).unwrap();
    assert_eq!(
        (undone.name.as_str(), undone.text.as_str()),
        ("deploy, undone", "8.24 s · undone")
    );
    assert_eq!(timeline.notices, 7);
    assert!(timeline.cuts.is_empty());
}

#[test]
fn a_night_of_waiting_for_a_person_is_cut_short() {
    let mut story = fixture::released();
    let night = 9 * 3_600_000;
    let approved = story.run.times[&"prod/approval".into()].1.unwrap();
    for (start, end) in story.run.times.values_mut() {
        *start += if *start >= approved { night } else { 0 };
        *end = end.map(|end| if end >= approved { end + night } else { end });
    }
    story.at += night;
    let timeline = Timeline::of(&facts(&story));
    assert_eq!(
        timeline
            .cuts
            .iter()
            .map(|cut| cut.label.as_str())
            .collect::<Vec<_>>(),
        ["9 h 1 min"]
    );
    let watches = timeline
        .groups
        .iter()
        .flat_map(|group| &group.bars)
        .filter(|bar| bar.name == "watch");
    assert!(watches.map(|bar| bar.width).all(|width| width > 100.0));
    assert!(timeline.ticks.windows(2).all(|pair| pair[0].at < pair[1].at));
}
