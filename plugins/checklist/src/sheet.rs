//! The GO / NO-GO sheet, in Markdown.

use std::fmt::Write as _;

use runner_sdk::Context;

use crate::config::{Config, Group, Item};

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is so; who or what says so.
    Yes(String),
    /// It is not so; who or what says so.
    No(String),
    /// Nobody was asked: a machine had said no already.
    NotAsked,
}

/// The whole sheet.
pub(crate) fn markdown(context: &Context<Config>, answers: &[(&Item, Answer)]) -> String {
    let go = answers.iter().all(|(_, answer)| matches!(answer, Answer::Yes(_)));
    let mut text = format!("# {}: {}", if go { "GO" } else { "NO-GO" }, context.project);
    if let Some(release) = &context.release {
        let _ = write!(text, " {}", release.tag);
    }
    text.push('\n');
    if let Some(release) = &context.release {
        let _ = write!(text, "\nCommit `{}`", release.commit);
        if let Some(previous) = &context.previous {
            let _ = write!(text, "; the way back: {} (`{}`)", previous.tag, previous.commit);
        }
        text.push_str(".\n");
    }
    for group in Group::ALL {
        let of_group: Vec<_> = answers.iter().filter(|(item, _)| item.group == group).collect();
        if of_group.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "\n## {}\n\n| | Item | Who says so |\n|---|---|---|",
            group.title()
        );
        for (item, answer) in of_group {
            let (mark, who) = match answer {
                Answer::Yes(who) => ("✅", who.as_str()),
                Answer::No(who) => ("❌", who.as_str()),
                Answer::NotAsked => ("–", "not asked"),
            };
            let _ = writeln!(text, "| {mark} | {} | {} |", cell(&item.text), cell(who));
        }
    }
    text
}

/// For a cell of a table.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace('|', "\\|").replace('<', "&lt;")
}
