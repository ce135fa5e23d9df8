//! One kill or cut, one comparison.

use std::{
    fmt, thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use runner_core::{event::Kind, id::RunId};
use runner_e2e::{Audit, Colleague, End, Ended, Journal, Load, Repository};

use crate::{
    points::{Point, Side},
    stage::Stage,
    story::Story,
};

/// What became of a run that was killed at a point.
pub(crate) struct Trial {
    pub(crate) point: Point,
    /// The step, or what else the append was about.
    pub(crate) place: String,
    /// Or cut.
    pub(crate) killed: bool,
    /// How often it was taken up again.
    pub(crate) resumes: u32,
    /// Effects that were in doubt: those done again, and those that the plugin was told of.
    pub(crate) redone: u32,
    pub(crate) interrupted: u32,
    /// From the kill until it was driven again.
    pub(crate) waited: Duration,
    /// In words; none is what is promised.
    pub(crate) differences: Vec<String>,
}

impl Trial {
    /// Kills a run at the point, resumes it, and compares its end with the one without a crash.
    pub(crate) fn of(stage: &dyn Stage, point: Point, expected: &End) -> Self {
        let mut trial = Self {
            point,
            place: String::new(),
            killed: false,
            resumes: 0,
            redone: 0,
            interrupted: 0,
            waited: Duration::ZERO,
            differences: Vec::new(),
        };
        if let Err(error) = trial.carry_out(stage, expected) {
            trial.differences.push(format!("{error:#}"));
        }
        trial
    }

    fn carry_out(&mut self, stage: &dyn Stage, expected: &End) -> Result<()> {
        stage.reset()?;
        let scratch = stage.repository();
        let clients = stage.clients()?;
        let _colleague = Colleague::at(scratch);
        let ended = self.broken_run(stage);
        if let Some(seen) = clients
            .map(Load::end)
            .transpose()?
            .filter(|seen| seen.failed() > 0)
        {
            self.differences.push(format!("clients noticed: {}", seen.line()));
        }
        let (last, run) = ended?;
        if self.point.side == Side::Cut {
            self.killed = stage.was_cut();
        }
        let journal = Journal::of(scratch, Some(run.as_str()))?;
        self.place = place(&journal, self.point);
        let audit = Audit::of(&journal);
        (self.redone, self.interrupted) = (audit.redone, audit.interrupted);
        self.differences.extend(audit.wrong);
        stage.settle()?;
        let end = scratch.end(&run, &journal, last.code())?;
        self.differences.extend(expected.differences(&end));
        if !self.differences.is_empty() && !last.stderr.is_empty() {
            self.differences.push(format!("it said: {}", last.stderr.trim()));
        }
        Ok(())
    }

    /// Breaks the run at the point, and brings it to its end.
    fn broken_run(&mut self, stage: &dyn Stage) -> Result<(Ended, RunId)> {
        let scratch = stage.repository();
        if self.point.side == Side::Cut {
            stage.cut_at(self.point.number)?;
            let ended = scratch.start(&["release"])?.ended()?;
            let run = ended
                .run()
                .with_context(|| format!("it told no event: {}", ended.stderr))?;
            return Ok((ended, run));
        }
        let first = scratch
            .start_with(&["release"], "RUNNER_CRASH", &self.point.to_string())?
            .ended()?;
        self.killed = first.was_killed();
        match (self.killed, first.run()) {
            (true, Some(run)) => Ok((self.resume(scratch, &run)?, run)),
            // Nothing was written, so there is nothing to resume: whoever typed the command types it again.
            (true, None) => self.begin_again(scratch),
            (false, run) => Ok((first, run.context("it told no event")?)),
        }
    }

    /// Resumes the run, once its dead driver is known to be dead.
    fn resume(&mut self, scratch: &dyn Repository, run: &RunId) -> Result<Ended> {
        let began = Instant::now();
        loop {
            let ended = scratch.start(&["resume", run.as_str()])?.ended()?;
            if !ended.stderr.contains("is driven by") || began.elapsed() > Duration::from_secs(30) {
                self.resumes += 1;
                return Ok(ended);
            }
            thread::sleep(Duration::from_millis(250));
            self.waited = began.elapsed();
        }
    }

    /// The first event may have been written, and not told.
    fn begin_again(&mut self, scratch: &dyn Repository) -> Result<(Ended, RunId)> {
        let known = Journal::of(scratch, None).ok();
        let unfinished = known.filter(|journal| {
            let ended = |event: &runner_core::event::Event| matches!(event.kind, Kind::RunFinished { .. });
            !journal.0.iter().any(ended)
        });
        if let Some(run) = unfinished.and_then(|journal| Some(journal.0.first()?.run.clone())) {
            return Ok((self.resume(scratch, &run)?, run));
        }
        let again = scratch.start(&["release"])?.ended()?;
        let run = again.run().context("it told no event")?;
        Ok((again, run))
    }

    pub(crate) fn is_good(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<11} {:<28}", self.point.to_string(), self.place)?;
        match (self.killed, self.is_good()) {
            (true, true) => write!(f, "same end"),
            (false, true) => write!(f, "same end; ended before this point"),
            (_, false) => write!(f, "DIFFERS: {}", self.differences.join("; ")),
        }
    }
}

/// Runs the story without a crash.
pub(crate) fn uninterrupted(story: Story, stage: &dyn Stage) -> Result<(End, u64)> {
    stage.reset()?;
    let scratch = stage.repository();
    let _colleague = Colleague::at(scratch);
    let ended = scratch.start(&["release"])?.ended()?;
    let run = ended
        .run()
        .with_context(|| format!("it told no event: {}", ended.stderr))?;
    ensure!(
        ended.code() == Some(story.code()),
        "the {} without a crash ended with {}: {}",
        story,
        ended.status,
        ended.stderr
    );
    let journal = Journal::of(scratch, Some(run.as_str()))?;
    let wrong = Audit::of(&journal).wrong;
    ensure!(
        wrong.is_empty(),
        "the journal without a crash is wrong: {}",
        wrong.join("; ")
    );
    stage.settle()?;
    let end = scratch.end(&run, &journal, ended.code())?;
    Ok((end, journal.0.len() as u64))
}

/// What the append was about at which it was killed. The journal in the end has a resumption right after it, or in its
/// place.
fn place(journal: &Journal, point: Point) -> String {
    if point.side == Side::Cut {
        return String::new();
    }
    let append = usize::try_from(point.number).unwrap_or(usize::MAX);
    let at = |index: usize| journal.0.get(index).map(|event| &event.kind);
    let kind = match at(append - 1) {
        Some(Kind::RunResumed { .. }) => at(append),
        other => other,
    };
    match kind {
        Some(Kind::Step { step, .. }) => step.to_string(),
        Some(
            Kind::EffectStarted { scope, .. } | Kind::EffectFinished { scope, .. } | Kind::Log { scope, .. },
        ) => scope.to_string(),
        Some(Kind::RunStarted(_)) => "its beginning".to_owned(),
        Some(Kind::RunFinished { .. }) => "its end".to_owned(),
        _ => String::new(),
    }
}
