//! The table at the end.

use std::{collections::BTreeMap, fmt};

use crate::{points::Side, story::Story, trial::Trial};

/// All trials of all stories.
#[derive(Default)]
pub(crate) struct Table {
    stories: Vec<(Story, u64, Vec<Trial>)>,
}

impl Table {
    pub(crate) fn extend(&mut self, story: Story, appends: u64, trials: Vec<Trial>) {
        self.stories.push((story, appends, trials));
    }

    /// Whether every end was the expected one, and something was broken at all.
    pub(crate) fn is_good(&self) -> bool {
        let mut stories = self.stories.iter().map(|(.., trials)| trials);
        stories.all(|trials| trials.iter().all(Trial::is_good) && trials.iter().any(|trial| trial.killed))
    }

    /// What is wrong, for the last lines of a long log.
    pub(crate) fn verdict(&self) -> String {
        let mut lines = Vec::new();
        for (story, _, trials) in &self.stories {
            let wrong: Vec<_> = trials.iter().filter(|trial| !trial.is_good()).collect();
            if !trials.iter().any(|trial| trial.killed) {
                lines.push(format!("{story}: nothing was killed or cut at all"));
            }
            if !wrong.is_empty() {
                lines.push(format!(
                    "{story}: {} of {} points differ",
                    wrong.len(),
                    trials.len()
                ));
            }
            lines.extend(wrong.iter().map(|trial| format!("  {trial}")));
        }
        lines.join("\n")
    }
}

/// Points of one part of a run.
#[derive(Default)]
struct Row {
    points: usize,
    killed: usize,
    resumes: u32,
    redone: u32,
    interrupted: u32,
    differences: usize,
}

impl Row {
    fn add(&mut self, trial: &Trial) {
        self.points += 1;
        self.killed += usize::from(trial.killed);
        self.resumes += trial.resumes;
        self.redone += trial.redone;
        self.interrupted += trial.interrupted;
        self.differences += usize::from(!trial.is_good());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (story, appends, trials) in &self.stories {
            writeln!(f, "\n{story}: {appends} appends to the journal")?;
            let [points, killed, resumes] = ["points", "killed", "resumes"];
            write!(
                f,
                "  {:<28} {points:>6} {killed:>6} {resumes:>7}",
                "killed or cut in"
            )?;
            writeln!(f, " {:>6} {:>11} {:>11}", "redone", "interrupted", "differences")?;
            let mut parts: BTreeMap<&str, Row> = BTreeMap::new();
            for trial in trials {
                parts.entry(part(&trial.place)).or_default().add(trial);
            }
            for (name, row) in &parts {
                line(f, name, row)?;
            }
            for side in [Side::Before, Side::After, Side::Cut] {
                let mut row = Row::default();
                trials
                    .iter()
                    .filter(|trial| trial.point.side == side)
                    .for_each(|trial| row.add(trial));
                if row.points > 0 {
                    let name = match side {
                        Side::Cut => "all, cut".to_owned(),
                        _ => format!("all, {} the append", side.word()),
                    };
                    line(f, &name, &row)?;
                }
            }
            writeln!(
                f,
                "  redone, interrupted: writes in doubt that were done again, or left to the plugin to look at"
            )?;
            let waited = trials.iter().map(|trial| trial.waited).max().unwrap_or_default();
            writeln!(
                f,
                "  longest wait until it could be resumed: {} ms",
                waited.as_millis()
            )?;
            for trial in trials.iter().filter(|trial| !trial.is_good()) {
                writeln!(f, "  {}:", trial.point)?;
                for difference in &trial.differences {
                    writeln!(f, "    {difference}")?;
                }
            }
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, row: &Row) -> fmt::Result {
    write!(
        f,
        "  {name:<28} {:>6} {:>6} {:>7}",
        row.points, row.killed, row.resumes
    )?;
    writeln!(
        f,
        " {:>6} {:>11} {:>11}",
        row.redone, row.interrupted, row.differences
    )
}

/// `prod/deploy#undo` and `prod/deploy` are rows of their own; the checks of the gate are one.
fn part(place: &str) -> &str {
    match place.split_once('/') {
        Some(("gate", _)) => "gate",
        _ if place.is_empty() => "elsewhere",
        _ => place,
    }
}
