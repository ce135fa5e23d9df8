//! A person's answer to what a run asks: found, shown with all that it is about, signed, checked, and put into the store.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use runner_core::backup::to_restore;
use runner_core::effect::Question;
use runner_core::id::EnvironmentName;
use runner_core::output::Output;
use runner_core::run::Run;
use runner_core::step::{Action, Status};
use runner_engine::clock::now;
use runner_engine::person::{self, SIGNATURE_NAMESPACE};
use runner_engine::store::{Decision, Store};

use crate::app::App;
use crate::args::AnswerArgs;
use crate::error::{CommandError, Done, Exit};
use crate::format::{instant, size};
use crate::runs;
use crate::settings::Project;

/// Whether a plain yes or a plain no was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    Yes,
    No,
}

/// Answers one question.
pub(crate) fn answer(app: &App, args: &AnswerArgs, plain: Plain) -> Done {
    let project = Project::find(app)?;
    let store = project.store()?;
    let (run, question) = find(store.as_ref(), args)?;
    let choice = choice(&question, args.choice.as_deref(), plain)?;
    app.screen.note(about(&run, &question).trim_end());
    let mut decision = Decision {
        run: run.id.clone(),
        question: question.id.clone(),
        subject: question.subject.clone(),
        choice,
        by: project.identity()?.by,
        note: args.note.clone(),
        at: now(),
        signature: None,
    };
    if let Some(key) = &args.key {
        decision.signature = Some(sign(
            &decision.signed_text(),
            &project.repository.current.join(key),
        )?);
    }
    person::counts(&question, &decision, &run.header.by, &project.repository.root).map_err(|why| {
        CommandError::blocked(format!(
            "the answer `{}` of {} would not count: {why}",
            decision.choice, decision.by
        ))
    })?;
    store.decide(&decision)?;
    if app.json() {
        app.screen
            .data(&serde_json::to_string(&decision).expect("a decision serialises to JSON"))?;
    }
    app.screen
        .note(&format!("answered `{}` as {}", decision.choice, decision.by));
    if runs::driver(store.as_ref(), &run.id)?.is_none() {
        app.screen.note(&format!(
            "nobody drives the run now; to go on: `runner resume {}`",
            run.id
        ));
    }
    Ok(Exit::Done)
}

/// The question that is meant; when it is not clear which, all of them are told.
fn find(store: &dyn Store, args: &AnswerArgs) -> Done<(Run, Question)> {
    let candidates = match &args.run {
        Some(typed) => vec![runs::named(store, typed)?.run],
        None => runs::unfinished(store)?
            .into_iter()
            .map(|found| found.run)
            .collect(),
    };
    let wanted = |question: &Question| args.question.as_ref().is_none_or(|id| *id == question.id);
    let mut open: Vec<(&Run, &Question)> = Vec::new();
    for run in &candidates {
        open.extend(
            runs::open_questions(run)
                .into_iter()
                .filter(|q| wanted(q))
                .map(|q| (run, q)),
        );
    }
    match open.as_slice() {
        [(run, question)] => Ok(((*run).clone(), (*question).clone())),
        [] => Err(CommandError::blocked(match (&args.run, &args.question) {
            (_, Some(id)) => format!("no run asks `{id}`"),
            (Some(_), None) => format!("run `{}` asks nothing", candidates[0].id),
            (None, None) => "no run asks anything".to_owned(),
        })
        .hint("runner history")),
        several => {
            let mut error =
                CommandError::blocked("several questions are open: name the run and the question");
            for (run, question) in several {
                error = error.hint(format!(
                    "runner approve {} --question {}  # {}",
                    run.id, question.id, question.text
                ));
            }
            Err(error)
        }
    }
}

fn choice(question: &Question, typed: Option<&str>, plain: Plain) -> Done<String> {
    let (word, meant) = match plain {
        Plain::Yes => ("approve", question.plain_yes()),
        Plain::No => ("reject", question.plain_no()),
    };
    match (typed, meant) {
        (Some(typed), _) if question.choices.iter().any(|known| known == typed) => Ok(typed.to_owned()),
        (None, Some(meant)) => Ok(meant.to_owned()),
        _ => {
            let what = format!("`{}` is no answer to it", typed.unwrap_or(word));
            let mut error = CommandError::blocked(format!("{}: {what}", question.text));
            for choice in &question.choices {
                error = error.hint(format!("--choice '{choice}'"));
            }
            Err(error)
        }
    }
}

/// What the answer is about: all that the person vouches for.
fn about(run: &Run, question: &Question) -> String {
    let mut text = format!("{}\n", question.text);
    let _ = writeln!(
        text,
        "  run      {}, {} of {}",
        run.id,
        runs::title(run),
        run.header.by
    );
    let step = run.header.plan.step(&question.id.as_str().into());
    match step.map(|step| &step.action) {
        Some(Action::ApproveRestore { environment }) => text.push_str(&restored(run, environment)),
        Some(Action::Approval { environment }) => {
            text.push_str(&released(run));
            let _ = writeln!(text, "  to       {environment}");
        }
        _ => text.push_str(&released(run)),
    }
    if let Some(subject) = &question.subject {
        let _ = writeln!(text, "  bound to {subject}");
    }
    let _ = writeln!(text, "  as of    {} UTC", instant(now()));
    text
}

/// The release with its bytes, and what the gate said of it.
fn released(run: &Run) -> String {
    let mut text = String::new();
    if let Some(release) = runs::release(run) {
        let _ = writeln!(text, "  version  {} (commit {})", release.version, release.commit);
        for artifact in &release.artifacts {
            let _ = writeln!(
                text,
                "  artifact {} {}, {}",
                artifact.name,
                artifact.digest,
                size(artifact.size)
            );
        }
    }
    for step in run.header.plan.steps() {
        if let (Action::Check { check, .. }, Status::Done(Output::Verdict(verdict))) =
            (&step.action, run.status(&step.id))
        {
            let _ = writeln!(text, "  check    {check}: {}", verdict.summary.replace('\n', " "));
        }
    }
    text
}

/// The backups that would be restored.
fn restored(run: &Run, environment: &EnvironmentName) -> String {
    let mut text = String::new();
    for kept in to_restore(run, environment) {
        let made = format!(
            "{} of {}, {} UTC, run {}",
            kept.id,
            kept.backup,
            instant(kept.at),
            kept.run
        );
        let _ = writeln!(text, "  backup   {made}");
        for artifact in &kept.artifacts {
            let _ = writeln!(
                text,
                "  artifact {} {}, {}",
                artifact.name,
                artifact.digest,
                size(artifact.size)
            );
        }
    }
    let _ = writeln!(text, "  to       {environment}");
    text
}

/// Signs with the user's own ssh-keygen, which asks for a passphrase or the agent by itself.
fn sign(text: &str, key: &Path) -> Done<String> {
    let cannot = |error: std::io::Error| {
        CommandError::blocked(format!("cannot run ssh-keygen: {error}"))
            .hint("install OpenSSH; see `runner doctor`")
    };
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", SIGNATURE_NAMESPACE, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(cannot)?;
    }
    let output = child.wait_with_output().map_err(cannot)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(CommandError::blocked(format!(
            "cannot sign with `{}`: {}",
            key.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}
