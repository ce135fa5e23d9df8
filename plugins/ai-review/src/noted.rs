//! What was found, by whomever: put together, in order, and as findings of the gate.

use runner_sdk::Finding;

use crate::answer::Said;
use crate::checklist::SECRETS;
use crate::config::Level;
use crate::diff::{File, Lines};
use crate::secrets;

/// The item of files that nobody could read.
const NOT_REVIEWED: &str = "not-reviewed";

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) severity: Level,
    /// Of the checklist, or `other`, or the gate's own.
    pub(crate) item: String,
    /// A file of the change.
    pub(crate) path: Option<String>,
    /// A line that the change shows.
    pub(crate) line: Option<u32>,
    pub(crate) reason: String,
    /// The models that say so; none for what the gate found itself.
    pub(crate) by: Vec<String>,
}

/// All findings, each once, the worst first.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Noted>);

impl Notes {
    /// What the gate finds itself: secrets that were added, and files without lines.
    pub(crate) fn of(files: &[File], found: &[secrets::Found], allowed: impl Fn(&str) -> bool) -> Self {
        let mut notes = Self::default();
        for secret in found.iter().filter(|secret| !allowed(&secret.path)) {
            notes.add(Noted {
                severity: Level::Critical,
                item: SECRETS.to_owned(),
                path: Some(secret.path.clone()),
                line: Some(secret.line),
                reason: format!(
                    "{} stands here: whoever has the repository has it. Revoke it, and take it out of the history.",
                    capital(secret.what)
                ),
                by: Vec::new(),
            });
        }
        for file in files.iter().filter(|file| !file.is_text()) {
            notes.add(Noted {
                severity: Level::Info,
                item: NOT_REVIEWED.to_owned(),
                path: Some(file.path.clone()),
                line: None,
                reason: "It is binary, so no model read it.".to_owned(),
                by: Vec::new(),
            });
        }
        notes
    }

    /// What a model says. A file or a line that the change does not have is kept in words only.
    pub(crate) fn said(&mut self, model: &str, said: &Said, lines: &Lines<'_>) {
        let known = lines.has_file(&said.file);
        let line = said.line.filter(|&line| lines.has(&said.file, line));
        let place = match (known, said.line, line) {
            (true, Some(said), None) => format!(" (It names line {said}, which the change does not show.)"),
            (false, Some(line), _) => {
                format!(" (It names `{}:{line}`, which is not in the change.)", said.file)
            }
            (false, None, _) if !said.file.is_empty() => {
                format!(" (It names `{}`, which is not in the change.)", said.file)
            }
            _ => String::new(),
        };
        self.add(Noted {
            severity: said.severity,
            item: said.item.clone(),
            path: known.then(|| said.file.clone()),
            line,
            reason: format!("{}{place}", said.reason),
            by: vec![model.to_owned()],
        });
    }

    /// Two that say the same of the same line are one; the graver word counts.
    fn add(&mut self, noted: Noted) {
        let same = self.0.iter_mut().find(|there| {
            noted.line.is_some()
                && (&there.path, there.line, &there.item) == (&noted.path, noted.line, &noted.item)
        });
        let Some(there) = same else {
            return self.0.push(noted);
        };
        if noted.severity > there.severity {
            (there.severity, there.reason) = (noted.severity, noted.reason);
        }
        for model in noted.by {
            if !there.by.contains(&model) {
                there.by.push(model);
            }
        }
    }

    /// The worst first, then by place.
    pub(crate) fn sorted(mut self) -> Vec<Noted> {
        self.0.sort_by(|a, b| {
            let place = |noted: &Noted| (noted.path.clone(), noted.line, noted.item.clone());
            b.severity.cmp(&a.severity).then_with(|| place(a).cmp(&place(b)))
        });
        self.0
    }
}

impl Noted {
    /// For the verdict.
    pub(crate) fn finding(&self) -> Finding {
        let by = match self.by.as_slice() {
            [] => String::new(),
            models => format!(" [{}]", models.join(", ")),
        };
        let finding =
            Finding::new(self.severity.severity(), format!("{}{by}", self.reason)).rule(self.item.as_str());
        match &self.path {
            Some(path) => finding.at(path.as_str(), self.line),
            None => finding,
        }
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff;

    fn said(file: &str, line: Option<u32>, severity: Level, reason: &str) -> Said {
        Said {
            file: file.into(),
            line,
            severity,
            item: "dry".into(),
            reason: reason.into(),
        }
    }

    #[test]
    fn places_that_the_change_does_not_have_are_words_only() {
        let files = diff::parse("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n a\n+b\n").unwrap();
        let lines = Lines::of(&files);
        let mut notes = Notes::default();
        notes.said("m", &said("x", Some(2), Level::Low, "One."), &lines);
        notes.said("n", &said("x", Some(2), Level::High, "One, and worse."), &lines);
        notes.said("m", &said("x", Some(9), Level::Low, "Two."), &lines);
        notes.said("m", &said("/etc/passwd", Some(1), Level::Low, "Three."), &lines);
        notes.said("m", &said("y", None, Level::Info, "Four."), &lines);
        notes.said("m", &said("", None, Level::Critical, "Five."), &lines);
        let text: Vec<_> = notes
            .sorted()
            .iter()
            .map(|noted| {
                let finding = noted.finding();
                let place = noted.path.as_deref().unwrap_or("-");
                format!(
                    "{} {place} {:?} {}",
                    noted.severity.word(),
                    noted.line,
                    finding.message
                )
            })
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        critical - None Five. [m]
        high x Some(2) One, and worse. [m, n]
        low - None Three. (It names `/etc/passwd:1`, which is not in the change.) [m]
        low x None Two. (It names line 9, which the change does not show.) [m]
        info - None Four. (It names `y`, which is not in the change.) [m]
        ");
    }
}
