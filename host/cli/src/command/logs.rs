//! `runner logs`: what an environment's programs, and what stands in front of them, have written down, in order of time.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use runner_core::event::Command;
use runner_core::id::EnvironmentName;
use runner_core::logs::{LogLine, LogPage, in_order};
use runner_engine::clock::now;
use runner_engine::effects::Halt;
use runner_engine::look::{Look, LookError, Reach};
use runner_engine::stop::Stop;
use serde_json::json;

use crate::app::App;
use crate::args::LogsArgs;
use crate::check;
use crate::error::{CommandError, Done, Exit};
use crate::format::{instant_with_millis, visible};
use crate::screen::Tint;
use crate::settings::Project;
use crate::signals;

/// How many lines there are without `--lines` and `--since`.
const FEW: u32 = 100;
/// How many there are with `--since` alone.
const MANY: u32 = 10_000;
/// How often it is asked what is new.
const PAUSE: Duration = Duration::from_secs(1);
/// How often in a row asking may fail before following ends.
const FAILURES: u32 = 10;

/// Width of a time.
const TIME: usize = "2026-03-15 10:00:00.000Z".len();

pub(super) fn run(app: &App, args: &LogsArgs) -> Done {
    let project = Project::find(app)?;
    let resolved = project.profile()?;
    let profile = resolved.profile.clone();
    let environment = EnvironmentName::from(args.environment.as_str());
    profile
        .environment(&environment)
        .map_err(|error| CommandError::of(Exit::Config, &error).hint("runner profile show"))?;
    check::plugins(&project, &resolved)?;
    let engine = project.engine()?;
    let (stop, handle) = (engine.setup.stop.clone(), &engine.setup.handle);
    let heard = signals::listen_quietly(handle, stop.clone())?;
    let look = engine
        .setup
        .look(profile, Command::QualityGate { checks: Vec::new() })?;
    let reader = Reader::of(app, &look, environment, &args.unit);
    let done = reader.and_then(|reader| reader.read(args, &stop));
    match heard.exit() {
        Some(exit) => Ok(exit),
        None => done,
    }
}

/// Reads the logs of one environment and prints them.
struct Reader<'a> {
    app: &'a App,
    look: &'a Look,
    environment: EnvironmentName,
    /// What is read.
    sources: Vec<String>,
    /// Of the names of sources.
    width: usize,
}

impl<'a> Reader<'a> {
    fn of(app: &'a App, look: &'a Look, environment: EnvironmentName, wanted: &[String]) -> Done<Self> {
        let known = look.log_sources(&environment).map_err(failed)?;
        if let Some(odd) = wanted.iter().find(|name| !known.contains(name)) {
            let message = format!("{environment} has no unit `{odd}`");
            return Err(CommandError::config(message).hint(format!("it has {}", known.join(", "))));
        }
        let sources: Vec<String> = known
            .into_iter()
            .filter(|name| wanted.is_empty() || wanted.contains(name))
            .collect();
        let width = sources.iter().map(|name| name.chars().count()).max();
        Ok(Self {
            app,
            look,
            environment,
            width: width.unwrap_or_default(),
            sources,
        })
    }

    fn read(mut self, args: &LogsArgs, stop: &Stop) -> Done {
        let few = if args.since.is_some() { MANY } else { FEW };
        let max = args.lines.unwrap_or(few);
        let since = args.since.map(|since| since.instant(now()));
        let mut page = self.page(&Reach::Newest { since, max }).map_err(failed)?;
        let mut lines = in_order(std::mem::take(&mut page.lines));
        let many = lines.len().saturating_sub(max as usize);
        if many > 0 && args.lines.is_none() && args.since.is_some() {
            let note = format!("only the newest {max} lines: for more, say how many with `--lines`");
            self.app.screen.note(&note);
        }
        lines.drain(..many);
        self.print(&lines)?;
        let mut told = self.tell(&page, BTreeSet::new());
        if !args.follow {
            if lines.is_empty() && !self.app.json() {
                self.app.screen.note("no lines");
            }
            return Ok(Exit::Done);
        }
        let mut failures = 0;
        while pause(stop) {
            match self.page(&Reach::After { cursor: &page.cursor }) {
                Ok(next) => {
                    failures = 0;
                    page = next;
                    self.print(&in_order(std::mem::take(&mut page.lines)))?;
                    told = self.tell(&page, told);
                }
                Err(LookError::Halt(Halt::Stopped)) => break,
                Err(error) if failures == FAILURES => return Err(failed(error)),
                Err(error) => {
                    if failures == 0 {
                        self.app.screen.note(&format!("{error}; trying again"));
                    }
                    failures += 1;
                }
            }
        }
        Ok(Exit::Done)
    }

    fn page(&self, reach: &Reach<'_>) -> Result<LogPage, LookError> {
        self.look.log_page(&self.environment, &self.sources, reach)
    }

    /// Says the notes that were not said with the page before; returns those of this page.
    fn tell(&self, page: &LogPage, told: BTreeSet<String>) -> BTreeSet<String> {
        let notes: BTreeSet<String> = page.notes.iter().cloned().collect();
        for note in notes.difference(&told) {
            self.app.screen.note(&visible(note));
        }
        notes
    }

    fn print(&mut self, lines: &[LogLine]) -> Done<()> {
        let widths = lines.iter().map(|line| line.source.chars().count());
        self.width = widths.fold(self.width, usize::max);
        let mut text = String::new();
        for line in lines {
            text += &match self.app.json() {
                true => json!({"at": line.at, "source": line.source, "text": line.text}).to_string(),
                false => self.line(line),
            };
            text.push('\n');
        }
        self.app.screen.data(&text)
    }

    /// `2026-03-15 10:00:00.000Z web  GET /`.
    fn line(&self, line: &LogLine) -> String {
        let screen = &self.app.screen;
        let at = line.at.map(instant_with_millis).unwrap_or_default();
        let source = visible(&line.source);
        let pad = self.width.saturating_sub(source.chars().count());
        let part = self.sources.iter().position(|name| {
            let rest = line.source.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        });
        let text = format!(
            "{} {}{}  {}",
            screen.paint_data(Tint::Dim, &format!("{at:TIME$}")),
            screen.paint_data(Tint::Many(part.unwrap_or_default()), &source),
            " ".repeat(pad),
            visible(&line.text)
        );
        text.trim_end().to_owned()
    }
}

/// Waits until it is time to ask again; false when it is to stop.
fn pause(stop: &Stop) -> bool {
    let began = Instant::now();
    while began.elapsed() < PAUSE && !stop.stopped() {
        thread::sleep(Duration::from_millis(20));
    }
    !stop.stopped()
}

fn failed(error: LookError) -> CommandError {
    match error {
        LookError::Session(error) => error.into(),
        LookError::Step(error) => error.into(),
        LookError::Halt(halt) => CommandError::of(Exit::Internal, &halt),
    }
}
