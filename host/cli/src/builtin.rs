//! The built-in profiles: files that anyone can copy out and edit.

/// Name and text of each.
const PROFILES: &[(&str, &str)] = &[
    ("demo", include_str!("builtin/demo.toml")),
    ("agentiq", include_str!("builtin/agentiq.toml")),
];

/// Their names.
pub(crate) const NAMES: &[&str] = &["demo", "agentiq"];

/// The text of a built-in profile.
pub(crate) fn text(name: &str) -> Option<String> {
    PROFILES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| (*text).to_owned())
}

/// What a profile says of itself: the comment at its top, up to the first line that is none.
pub(crate) fn description(name: &str) -> String {
    let text = text(name).unwrap_or_default();
    let lines = text
        .lines()
        .map_while(|line| line.strip_prefix('#'))
        .map(str::trim);
    lines
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use runner_core::{
        event::Command,
        plan::Plan,
        profile::{Layer, Profile, Source, resolve},
        schedule::installed,
    };

    use super::*;

    fn of(name: &str, text: &str) -> Profile {
        let layer = Layer::of_toml(Source::BuiltIn(name.to_owned()), text).expect(name);
        resolve(vec![layer]).expect(name).profile
    }

    #[test]
    fn every_built_in_profile_is_good_and_says_what_it_is() {
        assert_eq!(PROFILES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), NAMES);
        for (name, text) in PROFILES {
            of(name, text);
            assert!(!description(name).is_empty(), "{name}");
        }
    }

    #[test]
    fn agentiq_judges_by_whole_lists_before_production_and_not_before() {
        let (name, text) = PROFILES[1];
        let profile = of(name, text);
        let review = profile.gate["review"].config["checklist"].as_object();
        let groups = review.expect("groups of items").values();
        let items = groups.map(|items| items.as_object().expect("items").len());
        assert_eq!(items.sum::<usize>(), 22);
        let sheet = profile.gate["go-no-go"].config["items"].as_array();
        assert_eq!(sheet.expect("items").len(), 17);
        let plan = Plan::of(&profile, &Command::Release { pre: None }).expect("a plan");
        let ids: Vec<_> = plan.steps().map(|step| step.id.as_str()).collect();
        let place = |id: &str| ids.iter().position(|other| *other == id).expect(id);
        for check in ["go-no-go", "review", "sentry-quiet"] {
            assert!(!ids.contains(&format!("gate/{check}").as_str()));
            let check = place(&format!("production/gate/{check}"));
            assert!(place("staging/record") < check && check < place("production/deploy"));
        }
        assert!(place("staging/deploy") < place("staging/smoke/browser"));
    }

    #[test]
    fn what_their_timers_get_is_a_good_profile_too() {
        let mut schedules = 0;
        for (name, text) in PROFILES {
            let profile = of(name, text);
            for (schedule, settings) in &profile.schedule {
                of(
                    &format!("{name}, schedule {schedule}"),
                    &installed(&profile, settings).profile,
                );
                schedules += 1;
            }
        }
        assert_eq!(schedules, 4);
    }
}
