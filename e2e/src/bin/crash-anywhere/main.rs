//! Crash anywhere: runs a release once without a crash, then once for every append to the journal and both sides of it,
//! killed there (SIGKILL) and resumed, and compares the ends as the world shows them. Fails on any difference. With `--cut`,
//! it is the connection to the server that is lost, in the middle of every session.

mod points;
mod stage;
mod story;
mod table;
mod trial;

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
    time::Instant,
};

use anyhow::{Result, ensure};
use clap::Parser;
use runner_e2e::End;

use points::{Part, Point};
use stage::Stage;
use story::Story;
use table::Table;
use trial::Trial;

/// Kills a release at every append to its journal, resumes it, and compares the ends.
#[derive(Debug, Parser)]
#[command(name = "crash-anywhere")]
struct Arguments {
    /// Which release; without it, both of the demo
    #[arg(long, value_enum)]
    story: Option<Story>,
    /// Cut the connection to the server, instead of killing `runner`
    #[arg(long, requires = "story")]
    cut: bool,
    /// Only so many points, spread over all journals; without it, all of them
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Only this part of the points, e.g. `1/2`
    #[arg(long, value_name = "K/N", conflicts_with_all = ["sample", "point"])]
    part: Option<Part>,
    /// Which points of a sample
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Releases at once
    #[arg(long, value_name = "J", default_value_t = 2)]
    jobs: usize,
    /// Only this point, e.g. `after:17`; its scratch repository stays as it is then
    #[arg(long, value_name = "SIDE:K", requires = "story")]
    point: Option<Point>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// An end that differs is an error.
fn run(arguments: &Arguments) -> Result<()> {
    let began = Instant::now();
    let stories: Vec<_> = arguments
        .story
        .map_or_else(|| Story::DEMO.to_vec(), |story| vec![story]);
    let mut table = Table::default();
    for story in &stories {
        say(&format!("{story}: preparing {} of it", arguments.jobs.max(1)));
        let stages = stage::prepare(*story, arguments.jobs.max(1))?;
        let (expected, appends, sessions) = reference(*story, &stages)?;
        let mut points = match (arguments.point, arguments.cut) {
            (Some(point), _) => vec![point],
            (None, false) => points::all(appends),
            (None, true) => points::cuts(sessions),
        };
        if let Some(part) = arguments.part {
            points = part.of(points);
        }
        if let Some(all) = arguments.sample {
            points = points::sample(points, all.div_ceil(stories.len()), arguments.seed);
        }
        say(&format!(
            "{story}: {appends} appends, {sessions} sessions, {} points",
            points.len()
        ));
        table.extend(*story, appends, tried(&stages, points, &expected));
    }
    say(&table.to_string());
    say(&format!("took {} s", began.elapsed().as_secs()));
    ensure!(table.is_good(), "{}", table.verdict());
    Ok(())
}

/// The end without a crash, how many appends it takes, and how many sessions over SSH. Every job's is the same, or the comparison would prove nothing.
fn reference(story: Story, stages: &[Box<dyn Stage>]) -> Result<(End, u64, u64)> {
    let mut first: Option<(End, u64, u64)> = None;
    for stage in stages {
        let (end, appends) = trial::uninterrupted(story, &**stage)?;
        let sessions = stage.sessions();
        match &first {
            None => first = Some((end, appends, sessions)),
            Some((expected, ..)) => {
                let differences = expected.differences(&end);
                ensure!(
                    differences.is_empty(),
                    "two ends without a crash differ: {}",
                    differences.join("; ")
                );
            }
        }
    }
    first.ok_or_else(|| anyhow::anyhow!("there is no job"))
}

fn tried(stages: &[Box<dyn Stage>], points: Vec<Point>, expected: &End) -> Vec<Trial> {
    let all = points.len();
    let (queue, trials) = (Mutex::new(VecDeque::from(points)), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for stage in stages {
            scope.spawn(|| {
                loop {
                    let Some(point) = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else {
                        break;
                    };
                    let trial = Trial::of(&**stage, point, expected);
                    let mut trials = trials.lock().unwrap_or_else(PoisonError::into_inner);
                    trials.push(trial);
                    let trial = &trials[trials.len() - 1];
                    say(&format!("{:>4}/{all} {trial}", trials.len()));
                }
            });
        }
    });
    let mut trials = trials.into_inner().unwrap_or_else(PoisonError::into_inner);
    trials.sort_by_key(|trial| trial.point);
    trials
}

/// A line for whoever waits. That nobody reads any more is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
