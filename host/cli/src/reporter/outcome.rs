//! What a step left behind, in one line, and what it found, in several.

use runner_core::output::{Change, Condition, Deployment, Finding, Output, Severity, Verdict};
use runner_core::step::{Status, StepError};

use crate::format::{count, size, took};
use crate::screen::Tint;

/// How a step went; a word, so that colour is never needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Done.
    Ok,
    /// Had no work.
    Skip,
    /// Failed.
    Fail,
    /// Its undoing began.
    Undo,
    /// Undone.
    Undone,
    /// Could not be undone.
    Stuck,
    /// Waits for a person.
    Wait,
    /// Begun.
    Run,
    /// Not begun.
    Todo,
}

impl Mark {
    /// Four letters at most.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skip => "skip",
            Self::Fail => "FAIL",
            Self::Undo => "undo",
            Self::Undone => "back",
            Self::Stuck => "STUK",
            Self::Wait => "wait",
            Self::Run => "run",
            Self::Todo => "-",
        }
    }

    /// Its colour.
    pub(crate) fn tint(self) -> Tint {
        match self {
            Self::Ok => Tint::Good,
            Self::Skip | Self::Todo => Tint::Dim,
            Self::Fail | Self::Stuck => Tint::Bad,
            Self::Undo | Self::Undone | Self::Wait => Tint::Warn,
            Self::Run => Tint::Note,
        }
    }
}

/// What is told of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) mark: Mark,
    /// One line, or nothing.
    pub(crate) text: String,
    /// More, a line each.
    pub(crate) details: Vec<String>,
}

/// What a status tells.
pub(crate) fn told(status: &Status) -> Told {
    let plain = |mark, text: &str| Told {
        mark,
        text: text.lines().map(str::trim).collect::<Vec<_>>().join(" "),
        details: Vec::new(),
    };
    match status {
        Status::New => plain(Mark::Todo, ""),
        Status::Running => plain(Mark::Run, ""),
        Status::Done(Output::Skipped(why)) => plain(Mark::Skip, why),
        Status::Done(output @ Output::Setup(changes)) => Told {
            details: changes.iter().flat_map(change).collect(),
            ..plain(Mark::Ok, &line(output))
        },
        Status::Done(output) => plain(Mark::Ok, &line(output)),
        Status::Failed(error, output) => {
            let seen = output.as_ref().map(findings).unwrap_or_default();
            failed(Mark::Fail, error, seen)
        }
        Status::Undoing(reason) => plain(Mark::Undo, reason),
        Status::Undone(_, output) => plain(Mark::Undone, &line(output)),
        Status::Stuck(_, error) => failed(Mark::Stuck, error, Vec::new()),
    }
}

/// A failure: the first line of its message, and below that the others, what was seen and what to do.
fn failed(mark: Mark, error: &StepError, seen: Vec<String>) -> Told {
    let (text, rest) = error.message.split_once('\n').unwrap_or((&error.message, ""));
    let mut details: Vec<String> = rest.lines().map(str::to_owned).chain(seen).collect();
    details.extend(error.hint.iter().map(|hint| format!("hint: {hint}")));
    Told {
        mark,
        text: text.to_owned(),
        details,
    }
}

/// An output in one line.
fn line(output: &Output) -> String {
    match output {
        Output::Done => String::new(),
        Output::Skipped(why) => why.clone(),
        Output::Preflight(found) => {
            let at = short(&found.head);
            found
                .branch
                .as_ref()
                .map_or_else(|| at.to_owned(), |branch| format!("{at} on {branch}"))
        }
        Output::Verdict(verdict) => verdict.summary.clone(),
        Output::Version(version) => format!("{} ({})", version.version, version.reason),
        Output::Changelog { commit } => format!("commit {}", short(commit)),
        Output::Tagged { tag, commit } => format!("{tag} at {}", short(commit)),
        Output::Release(release) => {
            let artifacts = release.artifacts.iter();
            let all: Vec<_> = artifacts
                .map(|a| format!("{} {} {}", a.name, a.digest.short(), size(a.size)))
                .collect();
            all.join(", ")
        }
        Output::Answer(answer) => {
            let signed = if answer.signed { ", signed" } else { "" };
            let note = if answer.note.is_empty() {
                String::new()
            } else {
                format!(": {}", answer.note)
            };
            format!("{} by {}{signed}{note}", answer.choice, answer.by)
        }
        Output::Backup(kept) => format!("{} kept and read back", count(kept.len(), "artifact")),
        Output::ReadBack(kept) => format!("{} read back whole", count(kept.len(), "artifact")),
        Output::Restored(kept) => {
            let names: Vec<_> = kept.iter().map(|artifact| artifact.name.as_str()).collect();
            format!("back to {}", names.join(", "))
        }
        Output::Pruned { backups, bytes } => {
            format!("{} deleted, {}", count(*backups, "older backup"), size(*bytes))
        }
        Output::Deployed(deployment) => format!("{}{}", deployed(deployment), newer(deployment)),
        Output::Watched(report) => report.summary.clone(),
        Output::Notified { at } => at.clone().unwrap_or_default(),
        Output::Good(good) => format!("{} is good", good.release.version),
        Output::Undone {
            to,
            took_ms,
            deployment,
        } => {
            format!(
                "went back to {to} in {}: {}{}",
                took(*took_ms),
                deployed(deployment),
                newer(deployment)
            )
        }
        Output::Setup(changes) if changes.is_empty() => "nothing had to be changed".to_owned(),
        Output::Setup(changes) => count(changes.len(), "change"),
        Output::Reports(files) => files.first().map_or_else(String::new, |first| {
            let folder = first.rsplit_once('/').map_or(".", |(folder, _)| folder);
            format!("{} in {folder}", count(files.len(), "file"))
        }),
    }
}

/// What was changed, then how, line by line.
fn change(change: &Change) -> impl Iterator<Item = String> {
    let lines = change.diff.lines().map(|line| format!("  {line}"));
    std::iter::once(change.subject.clone()).chain(lines.collect::<Vec<_>>())
}

/// `1.2.3, 2 of 2 services healthy`.
pub(crate) fn deployed(deployment: &Deployment) -> String {
    let Some(version) = &deployment.version else {
        return "nothing deployed".to_owned();
    };
    let healthy = deployment
        .services
        .iter()
        .filter(|s| s.condition == Condition::Healthy)
        .count();
    match deployment.services.len() {
        0 => version.clone(),
        all => format!("{version}, {healthy} of {} healthy", count(all, "service")),
    }
}

/// What of the data did not go back with the code.
fn newer(deployment: &Deployment) -> String {
    let newer = deployment.newer_data.as_ref();
    newer.map_or_else(String::new, |newer| format!("; {newer}"))
}

/// What a failed step saw, worst first.
fn findings(output: &Output) -> Vec<String> {
    match output {
        Output::Verdict(verdict) => of_verdict(verdict),
        Output::Watched(report) => report.rules.iter().map(ToString::to_string).collect(),
        Output::Deployed(deployment) => deployment
            .services
            .iter()
            .map(|s| format!("{}: {:?}: {}", s.name, s.condition, s.detail).to_lowercase())
            .collect(),
        _ => Vec::new(),
    }
}

fn of_verdict(verdict: &Verdict) -> Vec<String> {
    let mut findings: Vec<&Finding> = verdict.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings.into_iter().map(finding).collect()
}

fn finding(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    };
    let rule = finding
        .rule
        .as_ref()
        .map(|rule| format!(" {rule}"))
        .unwrap_or_default();
    let place = match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!(" ({path}:{line})"),
        (Some(path), None) => format!(" ({path})"),
        (None, _) => String::new(),
    };
    // Several lines, e.g. the end of a program's output, stand below.
    let gap = if finding.message.contains('\n') { "\n" } else { " " };
    format!("{severity}{rule}:{gap}{}{place}", finding.message.trim_end())
}

/// A commit as people quote it.
pub(crate) fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}
