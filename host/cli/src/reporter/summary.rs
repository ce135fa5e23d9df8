//! The last words about a run: how it ended, what to do next, where the reports are.

use runner_core::event::{Command, End};
use runner_core::output::Output;
use runner_core::run::Run;

use crate::format::took;
use crate::runs;
use crate::screen::{Screen, Tint};

/// Says them; nothing about a run that has not ended.
pub(super) fn show(screen: &Screen, run: &Run) {
    let Some(text) = text(screen, run) else { return };
    match &run.end {
        Some((End::Released | End::NothingToRelease, ..)) => screen.note(text.trim_end()),
        // Why it went wrong is an error, and told however quiet it is to be.
        _ => screen.say(text.trim_end()),
    }
}

fn text(screen: &Screen, run: &Run) -> Option<String> {
    let (end, summary, by_hand) = run.end.as_ref()?;
    let word = screen.paint(tint(*end), runs::ending(run, *end));
    let version = runs::version(run)
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    let why = if summary == end.word() {
        String::new()
    } else {
        format!(": {summary}")
    };
    let mut text = format!("{word}{version} in {}{why}\n", took(runs::lasted(run)));
    for step in by_hand {
        text.push_str(&format!("by hand: {step}\n"));
    }
    if let Some(hint) = hint(run, *end) {
        text.push_str(&format!("{} {hint}\n", screen.paint(Tint::Note, "next:")));
    }
    if let Some(folder) = reports(run) {
        text.push_str(&format!("{} {folder}\n", screen.paint(Tint::Dim, "reports:")));
    }
    Some(text)
}

fn tint(end: End) -> Tint {
    match end {
        End::Released | End::NothingToRelease => Tint::Good,
        End::Cancelled | End::Rejected => Tint::Warn,
        End::Blocked | End::RolledBack | End::Stuck => Tint::Bad,
    }
}

/// What to do next.
fn hint(run: &Run, end: End) -> Option<String> {
    let again = || format!("`runner {}`", runs::title(run));
    match end {
        End::Released => match &run.header.command {
            Command::QualityGate { .. } | Command::VerifyBackup { .. } => None,
            Command::Backup { environment } => Some(format!("`runner backup list {environment}`")),
            _ => Some("`runner status`".to_owned()),
        },
        End::NothingToRelease => Some("commit a `feat:` or a `fix:`, then release again".to_owned()),
        End::Blocked => Some(format!("mend what failed, then {}", again())),
        End::Rejected | End::Cancelled => Some(format!("{} when it is time", again())),
        End::RolledBack => Some(format!("`runner show {}` says why", run.id)),
        End::Stuck => Some(format!(
            "do the above, then `runner status`; `runner show {}` says why",
            run.id
        )),
    }
}

/// The folder of the reports.
pub(crate) fn reports(run: &Run) -> Option<&str> {
    match run.output("report") {
        Some(Output::Reports(files)) => {
            let first = files.first()?;
            Some(first.rsplit_once('/').map_or(".", |(folder, _)| folder))
        }
        _ => None,
    }
}
