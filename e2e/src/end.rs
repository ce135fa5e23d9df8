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

use crate::{Journal, Plain, Scratch, supervisors, version_at};

/// What is there at the end, by what it is about; times, ids and durations are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End(BTreeMap<String, String>);

impl End {
    /// Looks at everything that a release leaves behind. `code` is its exit code.
    pub fn of(scratch: &Scratch, run: &RunId, journal: &Journal, code: Option<i32>) -> Result<Self> {
        let plain = Plain::of(scratch);
        let mut facts = BTreeMap::new();
        let mut fact = |name: &str, what: String| facts.insert(name.to_owned(), what);
        fact("exit code", format!("{code:?}"));
        fact("end", plain.text(&end(&journal.0)));
        fact(
            "branch",
            plain.text(&scratch.git(&["log", "--format=%s", "main"])?),
        );
        fact("work tree", scratch.git(&["status", "--porcelain"])?);
        fact("tags", tags(scratch)?);
        fact("CHANGELOG.md", read(&scratch.shop().join("CHANGELOG.md")));
        let ports = scratch.ports();
        for (name, port) in [("staging", ports.staging), ("prod", ports.prod)] {
            fact(
                &format!("version that answers in {name}"),
                format!("{:?}", version_at(port)),
            );
            let place = scratch.shop().join(".runner").join(name);
            fact(
                &format!("folder of {name}"),
                plain.text(&listed(&place, &["data", "logs"])?),
            );
        }
        fact(
            "supervised processes",
            supervisors(&scratch.data()).len().to_string(),
        );
        fact("notices", notices(scratch, run, &plain));
        let folder = scratch.shop().join(".runner/reports").join(run.as_str());
        for (name, text) in reports(&folder)? {
            fact(
                &format!("report {}", plain.text(&name)),
                comparable(&plain, &name, &text),
            );
        }
        Ok(Self(facts))
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

fn end(events: &[Event]) -> String {
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
fn tags(scratch: &Scratch) -> Result<String> {
    let names = scratch.git(&["tag", "--list"])?;
    let mut tags = String::new();
    for name in names.lines() {
        let kind = scratch.git(&["cat-file", "-t", name])?;
        let tree = scratch.git(&["rev-parse", &format!("{name}^{{tree}}")])?;
        let on_main = scratch
            .git(&["merge-base", "--is-ancestor", name, "main"])
            .is_ok();
        tags += &format!("{name} {} {} on main: {on_main}\n", kind.trim(), tree.trim());
    }
    Ok(tags)
}

/// What the team was told of this run, each message as often as it was told.
fn notices(scratch: &Scratch, run: &RunId, plain: &Plain) -> String {
    let text = read(&scratch.shop().join(".runner/notices.log"));
    let ours = text.lines().filter(|line| line.contains(run.as_str()));
    ours.map(|line| plain.text(line) + "\n").collect()
}

/// Paths below a folder, with where links lead; `without` are folders whose content is not listed.
fn listed(folder: &Path, without: &[&str]) -> Result<String> {
    let mut lines = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.strip_prefix(folder)?.display().to_string();
            let kind = fs::symlink_metadata(&path)?.file_type();
            if kind.is_symlink() {
                lines.push(format!("{name} -> {}", fs::read_link(&path)?.display()));
            } else if kind.is_dir() && !without.contains(&name.as_str()) {
                open.push(path);
            } else {
                lines.push(name);
            }
        }
    }
    lines.sort();
    Ok(lines.join("\n"))
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
