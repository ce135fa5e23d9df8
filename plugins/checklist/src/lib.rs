//! Gate `checklist`: GO or NO-GO. What a machine can check is checked first; only if all of that is so are people asked, each
//! item by a question of its own, whose answer is in the journal with the name.

mod config;
mod sheet;

use runner_sdk::{
    Command, Context, Duration, Error, Exit, Finding, Gate, Host, Measure, Question, Severity, Verdict,
    WithContext,
};

pub use crate::config::Config;
use crate::config::{Item, Way};
use crate::sheet::Answer;

const YES: &str = "yes";
const NO: &str = "no";
/// Quiet: it ends with 0 where it finds some, with 1 where there are none.
const FIND_MARKERS: [&str; 6] = ["git", "grep", "--quiet", "-I", "-E", "^(<<<<<<<|>>>>>>>) "];

/// The gate.
pub struct ChecklistGate;

impl Gate for ChecklistGate {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let config = &context.config;
        config.check()?;
        let mut answers: Vec<(&Item, Answer)> = Vec::with_capacity(config.items.len());
        for item in &config.items {
            let answer = by_machine(host, context, item).context(format!("checking `{}`", item.id))?;
            answers.push((item, answer));
        }
        if !answers.iter().any(|(_, answer)| matches!(answer, Answer::No(_))) {
            by_people(host, context, &mut answers)?;
        }
        let verdict = verdict(&answers);
        let sheet = sheet::markdown(context, &answers);
        host.write_report(
            &format!("{}/go-no-go.md", context.step),
            "text/markdown",
            sheet.as_bytes(),
        )?;
        Ok(verdict)
    }
}

/// What a machine says; a person's item is not asked yet.
fn by_machine(host: &impl Host, context: &Context<Config>, item: &Item) -> Result<Answer, Error> {
    let (so, evidence) = match item.way() {
        Way::Person => return Ok(Answer::NotAsked),
        Way::Run(argv) => {
            let line = argv.join(" ");
            let exit = host.run(&command(context, item, argv))?;
            // A plan runs no command, so there is nothing to judge.
            let so = context.is_plan() || exit.code.is_some_and(|code| passes(item, code));
            (so, format!("`{line}`: {}{}", exit.status(), said(so, &exit)))
        }
        Way::Committed(glob) => match tracked(host, glob)? {
            Some(path) => (true, format!("git tracks `{path}`")),
            None => (false, format!("git tracks no file `{glob}`")),
        },
        Way::NotCommitted(glob) => match tracked(host, glob)? {
            Some(path) => (false, format!("git tracks `{path}`")),
            None => (true, format!("git tracks no file `{glob}`")),
        },
        Way::Because(why) => (true, format!("by the order of the release: {why}")),
        Way::NoMergeMarkers => {
            let exit = host.run(&Command::new(FIND_MARKERS).read())?;
            match exit.code {
                Some(1) => (true, "no tracked file has merge markers".to_owned()),
                Some(0) => (false, "a tracked file has merge markers".to_owned()),
                _ => {
                    let lines = exit.last_lines(3);
                    return Err(Error::failed(format!(
                        "`git grep` ended with {}: {lines}",
                        exit.status()
                    )));
                }
            }
        }
    };
    Ok(if so {
        Answer::Yes(evidence)
    } else {
        Answer::No(evidence)
    })
}

fn command(context: &Context<Config>, item: &Item, argv: &[String]) -> Command {
    Command::new(argv)
        .cwd(item.cwd.as_deref())
        .envs(context.variables())
        .timeout(item.timeout.unwrap_or(Duration::from_secs(600)))
        .idempotent()
        .foresee_success()
}

fn passes(item: &Item, code: i32) -> bool {
    match &item.exit {
        Some(codes) => codes.contains(&code),
        None => code == 0,
    }
}

/// The last thing that a command said which failed.
fn said(so: bool, exit: &Exit) -> String {
    match exit.last_lines(1) {
        line if !so && !line.is_empty() => format!(", {line}"),
        _ => String::new(),
    }
}

/// The first tracked file that a glob matches.
fn tracked(host: &impl Host, glob: &str) -> Result<Option<String>, Error> {
    let files = host.git_tracked_files()?;
    let matches = |path: &String| match glob.contains('/') {
        true => fast_glob::glob_match(glob, path),
        false => fast_glob::glob_match(glob, path.rsplit('/').next().unwrap_or(path)),
    };
    Ok(files.into_iter().find(matches))
}

/// Asks all that is for people. In a plan every question is listed, though the first has no answer already.
fn by_people(
    host: &impl Host,
    context: &Context<Config>,
    answers: &mut [(&Item, Answer)],
) -> Result<(), Error> {
    let mut planned = Ok(());
    for (item, answer) in answers.iter_mut().filter(|(item, _)| item.way() == Way::Person) {
        match host.ask(&question(context, item)) {
            Ok(said) => {
                let note = match said.note.trim() {
                    "" => String::new(),
                    note => format!(": {note}"),
                };
                *answer = match said.choice.as_str() {
                    YES => Answer::Yes(format!("{}{note}", said.by)),
                    _ => Answer::No(format!("{}{note}", said.by)),
                };
            }
            Err(error) if error.is_planned() => planned = Err(error),
            Err(error) => return Err(error.context(format!("asking about `{}`", item.id))),
        }
    }
    planned
}

fn question(context: &Context<Config>, item: &Item) -> Question {
    let about = match &context.release {
        Some(release) => format!("{} {}", context.project, release.tag),
        None => context.project.clone(),
    };
    Question {
        id: item.id.clone(),
        text: format!("{about}, {}: {}?", item.group.title(), item.text),
        choices: vec![YES.to_owned(), NO.to_owned()],
        may_answer: item.people.as_ref().unwrap_or(&context.config.people).clone(),
    }
}

fn verdict(answers: &[(&Item, Answer)]) -> Verdict {
    let no: Vec<_> = answers
        .iter()
        .filter_map(|(item, answer)| match answer {
            Answer::No(who) => Some((item, who)),
            _ => None,
        })
        .collect();
    let yes = answers
        .iter()
        .filter(|(_, answer)| matches!(answer, Answer::Yes(_)))
        .count();
    let verdict = if no.is_empty() {
        Verdict::passed(format!("GO: all {yes} items are so"))
    } else {
        let items: Vec<_> = no
            .iter()
            .map(|(item, who)| format!("{} ({who})", item.text))
            .collect();
        Verdict::failed(format!("NO-GO: not so: {}", items.join("; ")))
    };
    // All of the sheet, so that the run's reports have it as well.
    let findings = answers.iter().filter_map(|(item, answer)| {
        let (severity, so, who) = match answer {
            Answer::No(who) => (Severity::High, "not so", who),
            Answer::Yes(who) => (Severity::Info, "so", who),
            Answer::NotAsked => return None,
        };
        Some(Finding::new(severity, format!("{so}: {} ({who})", item.text)).rule(item.id.as_str()))
    });
    verdict
        .findings(findings)
        .measure(Measure::new("yes", yes as f64, "items"))
        .measure(Measure::new("no", no.len() as f64, "items").limit(0.0))
}

runner_sdk::export! { gate: ChecklistGate }

#[cfg(test)]
mod tests;
