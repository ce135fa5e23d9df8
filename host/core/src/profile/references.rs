//! What a schema cannot say: names that must be defined elsewhere, secrets that must have a source, rules that make sense.
//! Works on the tree, so that it still tells what it can when the shape is wrong somewhere else.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::merge::Merged;
use super::origin::{dotted, entry};
use super::problem::{ProfileError, choices};
use super::{LOCAL, Watch, machines, uses};
use crate::{
    duration::Duration,
    grant::Permissions,
    rules::{self, Rule},
    schedule::{
        Schedule, ScheduleError,
        calendar::{self, CalendarError},
    },
    secret,
};

/// Tables whose keys become parts of step ids, files and messages.
const NAMED: [&str; 10] = [
    "gate",
    "smoke",
    "metrics",
    "notify",
    "backup",
    "artifacts",
    "environments",
    "schedule",
    "machines",
    "secrets",
];

/// Everything that does not fit together.
pub(super) fn check(merged: &Merged) -> Vec<ProfileError> {
    let mut checking = Checking {
        merged,
        errors: Vec::new(),
    };
    checking.names();
    checking.machines();
    checking.release();
    checking.digest();
    checking.schedules();
    for name in checking.entries("environments") {
        checking.environment(&entry("/environments", &name));
    }
    for (pointer, _) in uses::pointers(&merged.tree) {
        checking.secrets(&entry(&pointer, "config"));
        checking.permissions(&entry(&pointer, "allow"));
    }
    checking.errors
}

fn entries(merged: &Merged, table: &str) -> Vec<String> {
    let entries = merged.tree.get(table).and_then(Value::as_object);
    entries
        .map(|entries| entries.keys().cloned().collect())
        .unwrap_or_default()
}

/// What is wrong with `name` at `pointer`, unless the table has it.
pub(super) fn unknown(merged: &Merged, pointer: &str, name: &str, table: &str) -> Option<ProfileError> {
    let known = entries(merged, table);
    if known.iter().any(|known| known == name) {
        return None;
    }
    let heading = dotted(&entry(&format!("/{table}"), name));
    let removed = merged.removed.get(&entry(&format!("/{table}"), name));
    let hint = match removed {
        Some(origin) => format!("`{heading} = false` at {origin} dropped it"),
        None => choices(
            name,
            known.iter().map(String::as_str),
            &format!("add `[{heading}]`"),
        ),
    };
    Some(ProfileError {
        origin: merged.provenance.get(pointer).cloned(),
        path: dotted(pointer),
        message: format!("there is no `[{heading}]`"),
        hint,
    })
}

struct Checking<'a> {
    merged: &'a Merged,
    errors: Vec<ProfileError>,
}

impl<'a> Checking<'a> {
    fn at(&self, pointer: &str) -> Option<&'a Value> {
        self.merged.tree.pointer(pointer)
    }

    fn entries(&self, table: &str) -> Vec<String> {
        entries(self.merged, table)
    }

    fn wrong(&mut self, pointer: &str, message: String, hint: String) {
        self.errors.push(ProfileError {
            origin: self.merged.provenance.get(pointer).cloned(),
            path: dotted(pointer),
            message,
            hint,
        });
    }

    fn names(&mut self) {
        for table in NAMED {
            for name in self.entries(table) {
                if !secret::is_name(&name) || name.starts_with('.') {
                    self.wrong(
                        &entry(&format!("/{table}"), &name),
                        format!("`{name}` cannot be a name"),
                        "use letters, digits, `-`, `_` and `.`".to_owned(),
                    );
                }
            }
        }
    }

    fn machines(&mut self) {
        let pointer = entry("/machines", LOCAL);
        if self.at(&pointer).is_some() {
            self.wrong(
                &pointer,
                format!("`{LOCAL}` is the machine that `runner` runs on"),
                "choose another name".to_owned(),
            );
        }
    }

    fn release(&mut self) {
        self.list_of_names("/release/environments", "environments");
        let listed = self.at("/release/environments").and_then(Value::as_array);
        let mut seen = BTreeSet::new();
        for (index, name) in listed.into_iter().flatten().enumerate() {
            if !seen.insert(name.to_string()) {
                self.wrong(
                    &format!("/release/environments/{index}"),
                    format!("{name} is there twice"),
                    "a release goes through an environment once".to_owned(),
                );
            }
        }
    }

    fn digest(&mut self) {
        let readings = "/digest/readings";
        let named = self.at(readings).and_then(Value::as_object);
        for (name, reading) in named.into_iter().flatten() {
            if let Some(source) = reading.get("source").and_then(Value::as_str) {
                self.name(&entry(&entry(readings, name), "source"), source, "metrics");
            }
        }
    }

    fn schedules(&mut self) {
        for name in self.entries("schedule") {
            let pointer = entry("/schedule", &name);
            self.secrets(&entry(&pointer, "env"));
            // One of the wrong shape has been told of already.
            let value = self.at(&pointer).cloned().unwrap_or_default();
            if let Ok(schedule) = serde_json::from_value::<Schedule>(value) {
                self.schedule(&pointer, &schedule);
            }
        }
    }

    fn schedule(&mut self, pointer: &str, schedule: &Schedule) {
        if let Err(error) = schedule.validate() {
            let key = match error {
                ScheduleError::Variable(_) | ScheduleError::Value(_) => "env",
                _ => "run",
            };
            self.wrong(&entry(pointer, key), error.to_string(), error.hint().to_owned());
        }
        if let Ok(job) = schedule.job() {
            self.name(&entry(pointer, "run"), job.environment, "environments");
        }
        if let Err(error) = calendar::check(&schedule.at) {
            let hint = CalendarError::HINT.to_owned();
            self.wrong(&entry(pointer, "at"), error.to_string(), hint);
        }
        if let Some(machine) = &schedule.machine {
            self.errors.extend(machines::unknown(
                self.merged,
                &entry(pointer, "machine"),
                machine,
            ));
        }
    }

    /// A list whose words must each be an entry of a table.
    fn list_of_names(&mut self, pointer: &str, table: &str) {
        let listed = self.at(pointer).and_then(Value::as_array);
        for (index, name) in listed.into_iter().flatten().enumerate() {
            if let Some(name) = name.as_str() {
                self.name(&entry(pointer, &index.to_string()), name, table);
            }
        }
    }

    fn name(&mut self, pointer: &str, name: &str, table: &str) {
        self.errors.extend(unknown(self.merged, pointer, name, table));
    }

    fn environment(&mut self, pointer: &str) {
        for (key, table) in [
            ("backup", "backup"),
            ("before", "gate"),
            ("gate", "gate"),
            ("smoke", "smoke"),
        ] {
            self.list_of_names(&entry(pointer, key), table);
        }
        let health = entry(pointer, "health");
        self.not_zero(&entry(&health, "interval"));
        self.not_zero(&entry(&health, "timeout"));
        self.watch(&entry(pointer, "watch"));
        self.canary(pointer);
    }

    /// The parts grow, and there are rules to watch them by.
    fn canary(&mut self, environment: &str) {
        let pointer = entry(environment, "canary");
        let steps = entry(&pointer, "steps");
        let Some(listed) = self.at(&steps).and_then(Value::as_array) else {
            return;
        };
        if self.at(&entry(environment, "watch")).is_none() {
            let message = "there is no `watch` to judge its steps by".to_owned();
            let heading = dotted(&entry(environment, "watch"));
            self.wrong(&pointer, message, format!("add `[{heading}]` with rules"));
        }
        let mut before = 0;
        for (index, step) in listed.iter().enumerate() {
            let step_pointer = entry(&steps, &index.to_string());
            self.part(&entry(&step_pointer, "watch"), &entry(environment, "watch"));
            let percent = step.get("percent").and_then(Value::as_u64).unwrap_or(before + 1);
            if percent <= before {
                let message = format!("{percent} % is no more than the {before} % before it");
                let hint = "each step sends more of the traffic than the one before".to_owned();
                self.wrong(&entry(&step_pointer, "percent"), message, hint);
            }
            before = percent;
        }
    }

    /// The time of a step is enough for a sample.
    fn part(&mut self, pointer: &str, watch: &str) {
        let interval = self
            .duration(&entry(watch, "interval"))
            .unwrap_or(Watch::interval());
        if let Some(time) = self.duration(pointer).filter(|time| *time < interval) {
            let message = format!("`{time}` is too short for a sample every `{interval}`");
            let hint = format!("watch longer, or set `{}.interval`", dotted(watch));
            self.wrong(pointer, message, hint);
        }
    }

    fn duration(&self, pointer: &str) -> Option<Duration> {
        self.at(pointer)?.as_str()?.parse().ok()
    }

    fn not_zero(&mut self, pointer: &str) {
        if self.duration(pointer).is_some_and(Duration::is_zero) {
            let message = "it must be longer than nothing".to_owned();
            self.wrong(pointer, message, "e.g. `1s`".to_owned());
        }
    }

    fn watch(&mut self, pointer: &str) {
        self.not_zero(&entry(pointer, "duration"));
        self.not_zero(&entry(pointer, "interval"));
        let rules = entry(pointer, "rules");
        let named = self.at(&rules).and_then(Value::as_object);
        for (name, rule) in named.into_iter().flatten() {
            self.rule(&entry(&rules, name), rule);
        }
        let watch = self.at(pointer).cloned().unwrap_or_default();
        if let Ok(watch) = serde_json::from_value::<Watch>(watch) {
            self.time(pointer, &watch);
        }
    }

    /// Whether the time of a watch is enough, for sampling at all and for each rule.
    fn time(&mut self, pointer: &str, watch: &Watch) {
        let Watch {
            interval, duration, ..
        } = watch;
        if interval > duration {
            let message = format!("`{interval}` is longer than the watch, which takes `{duration}`");
            let hint = "sample more often, or watch longer".to_owned();
            return self.wrong(&entry(pointer, "interval"), message, hint);
        }
        for (name, rule) in &watch.rules {
            if let Err(error) = rule.fits(*interval, rules::ticks(watch)) {
                let hint = "watch longer, sample more often, or ask for less".to_owned();
                self.wrong(&entry(&entry(pointer, "rules"), name), error.to_string(), hint);
            }
        }
    }

    fn rule(&mut self, pointer: &str, rule: &Value) {
        if let Some(source) = rule.get("source").and_then(Value::as_str) {
            self.name(&entry(pointer, "source"), source, "metrics");
        }
        // A rule of the wrong shape has been told of already.
        let Ok(rule) = serde_json::from_value::<Rule>(rule.clone()) else {
            return;
        };
        if let Err(error) = rule.validate() {
            self.wrong(pointer, error.to_string(), String::new());
        }
    }

    fn permissions(&mut self, pointer: &str) {
        let Some(allow) = self.at(pointer) else { return };
        let Ok(allow) = serde_json::from_value::<Permissions>(allow.clone()) else {
            return;
        };
        let provenance = &self.merged.provenance;
        let mistakes = allow.mistakes();
        self.errors.extend(
            mistakes
                .into_iter()
                .map(|mistake| mistake.located(pointer, provenance)),
        );
        for (index, name) in allow.machines.iter().enumerate() {
            let entry = format!("{pointer}/machines/{index}");
            self.errors.extend(machines::unknown(self.merged, &entry, name));
        }
        for (index, name) in allow.secrets.iter().enumerate() {
            if !name.contains("{{") {
                self.secret(&format!("{pointer}/secrets/{index}"), name);
            }
        }
    }

    /// Every secret that a config speaks of has a source.
    fn secrets(&mut self, pointer: &str) {
        match self.at(pointer) {
            Some(Value::String(text)) => {
                for name in secret::names(text.as_bytes()).collect::<BTreeSet<_>>() {
                    self.secret(pointer, name);
                }
                if secret::is_mistaken(text) {
                    let hint = "write `{{secret:NAME}}`, without spaces".to_owned();
                    self.wrong(
                        pointer,
                        format!("`{text}` holds no placeholder of a secret"),
                        hint,
                    );
                }
            }
            Some(Value::Array(values)) => {
                (0..values.len()).for_each(|index| self.secrets(&entry(pointer, &index.to_string())));
            }
            Some(Value::Object(table)) => {
                table.keys().for_each(|key| self.secrets(&entry(pointer, key)));
            }
            _ => {}
        }
    }

    fn secret(&mut self, pointer: &str, name: &str) {
        let none = Map::new();
        let table = self.merged.tree.get("secrets").and_then(Value::as_object);
        let known = table.unwrap_or(&none);
        if known.contains_key(name) {
            return;
        }
        let key = toml_edit::Key::new(name);
        let variable = name.to_uppercase().replace(['-', '.'], "_");
        let line = format!("add to [secrets]: {key} = {{ env = \"{variable}\" }}");
        let meant = super::problem::did_you_mean(name, known.keys().map(String::as_str));
        let hint = match (meant, self.merged.removed.get(&entry("/secrets", name))) {
            (_, Some(origin)) => format!("`secrets.{name} = false` at {origin} dropped it"),
            (Some(meant), None) => format!("did you mean `{meant}`? or {line}"),
            (None, None) => line,
        };
        self.wrong(pointer, format!("the secret `{name}` has no source"), hint);
    }
}
