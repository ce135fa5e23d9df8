//! How a release ended, as the world shows it, in a form that two ends can be compared in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, Result};
use regex_lite::Regex;
use runner_core::{
    event::{Event, Kind},
    id::RunId,
};

use crate::{Journal, Plain, Repository};

/// What is there at the end, by what it is about; times, ids and durations are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End(BTreeMap<String, String>);

impl End {
    /// Looks at what every release leaves behind, wherever it goes: in the repository, in its journal and its reports. `code`
    /// is its exit code.
    pub fn of(
        repository: &dyn Repository,
        run: &RunId,
        journal: &Journal,
        code: Option<i32>,
    ) -> Result<Self> {
        let plain = repository.plain();
        let tree = repository.work_tree();
        let branch = repository.git(&["log", "--format=%s", "main"])?;
        let mut end = Self::default()
            .with("exit code", format!("{code:?}"))
            .with("end", plain.text(&ended(&journal.0)))
            .with("branch", plain.text(&branch))
            .with("work tree", repository.git(&["status", "--porcelain"])?)
            .with("tags", tags(repository)?)
            .with("CHANGELOG.md", read(&tree.join("CHANGELOG.md")))
            .with("notices", notices(&tree, run, &plain));
        let folder = tree.join(".runner/reports").join(run.as_str());
        for (name, text) in reports(&folder)? {
            end = end.with(
                &format!("report {}", plain.text(&name)),
                comparable(&plain, &name, &text),
            );
        }
        Ok(end)
    }

    /// With one more fact.
    #[must_use]
    pub fn with(mut self, name: &str, what: String) -> Self {
        self.0.insert(name.to_owned(), what);
        self
    }

    /// What differs, in words.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let mut differences = Vec::new();
        for name in names {
            let (one, two) = (self.0.get(name), other.0.get(name));
            match (one, two) {
                (Some(one), Some(two)) if one == two => {}
                (Some(one), Some(two)) => differences.push(format!("{name}: {}", first_difference(one, two))),
                (Some(_), None) => differences.push(format!("{name}: is missing")),
                _ => differences.push(format!("{name}: is there, and should not be")),
            }
        }
        differences
    }

    /// One of the facts.
    pub fn fact(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

fn ended(events: &[Event]) -> String {
    let ends = events.iter().filter_map(|event| match &event.kind {
        Kind::RunFinished {
            end,
            summary,
            by_hand,
        } => Some(format!("{}: {summary} {by_hand:?}", end.word())),
        _ => None,
    });
    ends.collect::<Vec<_>>().join("\n")
}

/// Every tag with what it is and the files that it names.
fn tags(repository: &dyn Repository) -> Result<String> {
    let names = repository.git(&["tag", "--list"])?;
    let mut tags = String::new();
    for name in names.lines() {
        let kind = repository.git(&["cat-file", "-t", name])?;
        let tree = repository.git(&["rev-parse", &format!("{name}^{{tree}}")])?;
        let on_main = repository
            .git(&["merge-base", "--is-ancestor", name, "main"])
            .is_ok();
        tags += &format!("{name} {} {} on main: {on_main}\n", kind.trim(), tree.trim());
    }
    Ok(tags)
}

/// What the team was told of this run, each message as often as it was told.
fn notices(tree: &Path, run: &RunId, plain: &Plain) -> String {
    let text = read(&tree.join(".runner/notices.log"));
    let ours = text.lines().filter(|line| line.contains(run.as_str()));
    ours.map(|line| plain.text(line) + "\n").collect()
}

fn reports(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("there are no reports in {}", folder.display()))?
    {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        found.push((name, fs::read_to_string(&path)?));
    }
    Ok(found)
}

/// A report without what is measured in time: numbers of durations, and the geometry that is made of them.
fn comparable(plain: &Plain, name: &str, text: &str) -> String {
    let pattern = |text| Regex::new(text).expect("a pattern of ours");
    let text = match name.ends_with(".html") {
        true => pattern(r#" style="[^"]*""#)
            .replace_all(&without_pictures(text), "")
            .into_owned(),
        false => text.to_owned(),
    };
    let timed = pattern(r#"(?i)(\b(?:durationms|tookms|time)"?[:=] ?"?|"wall time",\s*"value": )[\d.]+"#);
    let text = timed.replace_all(&text, "${1}SPAN");
    plain.text(&text)
}

/// A page without its pictures, which may hold pictures.
fn without_pictures(page: &str) -> String {
    let (mut rest, mut depth, mut text) = (page, 0_usize, String::new());
    while let Some(at) = rest.find("<svg").into_iter().chain(rest.find("</svg>")).min() {
        if depth == 0 {
            text.push_str(&rest[..at]);
        }
        let opens = rest[at..].starts_with("<svg");
        depth = if opens { depth + 1 } else { depth.saturating_sub(1) };
        rest = &rest[at + if opens { "<svg".len() } else { "</svg>".len() }..];
    }
    text + rest
}

fn first_difference(one: &str, two: &str) -> String {
    let (mut left, mut right) = (one.lines(), two.lines());
    loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => return "line ends".to_owned(),
            (a, b) => {
                let word = |line: Option<&str>| line.map_or("nothing".to_owned(), |line| format!("`{line}`"));
                return format!("{} where {} was expected", word(b), word(a));
            }
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_left_out_with_the_pictures_in_them() {
        assert_eq!(
            without_pictures("a<svg x><svg>b</svg>c</svg>d<svg/></svg>e"),
            "ade"
        );
        assert_eq!(without_pictures("none"), "none");
    }
}
