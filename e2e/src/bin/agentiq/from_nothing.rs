//! From a bare server to a released version, seen by a browser; then a bad release that goes back by itself.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use runner_core::event::{Event, Kind};
use runner_core::step::Transition;
use runner_e2e::{Beginning, Colleague, Ended, Repository as _, Site, chromium};

use crate::{kept, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("from_a_bare_server_to_a_release_as_planned", from_a_bare_server),
        trial("a_browser_sees_what_was_released", a_browser),
        trial("a_bad_release_goes_back_by_itself", a_bad_release),
    ]
}

fn from_a_bare_server() -> Result<()> {
    Beginning::forget()?;
    kept::no_figures()?;
    let (_, figures) = Beginning::make(&kept::folder()?)?;
    figures
        .iter()
        .try_for_each(|(what, value)| kept::figure(what, value))
}

/// The flow of an operator's day, of the example's own tests, against production.
fn a_browser() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    agentiq.install()?;
    let example = agentiq.work_tree().join("apps/chat-center/frontend");
    let mut flow = Command::new("npm");
    agentiq.environment(&mut flow);
    let done = flow
        .current_dir(example)
        .args(["run", "--silent", "e2e"])
        .env("RUNNER_URL", format!("https://{}", Site::Production.host()))
        .env("RUNNER_CONNECT", agentiq.vps().address()?)
        .env("EXPECT_VERSION", "1.1.0")
        .env("CHROMIUM", chromium())
        .env("SCREENSHOTS", kept::folder()?)
        .output()
        .context("cannot run npm")?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{said}");
    ensure!(
        kept::folder()?.join("suggestion.png").is_file(),
        "no picture was taken: {said}"
    );
    Ok(())
}

/// All its tests pass, staging is well, and production's smoke test fails: what ran before is back within 5 s.
fn a_bad_release() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    agentiq.history("break.sh", &["suggestion"])?;
    let _colleague = Colleague::at(&agentiq);
    let ended = agentiq.start(&["release"])?.ended()?;
    ended.ended_with(12)?;
    ensure!(
        agentiq.version_at(Site::Production).as_deref() == Some("1.1.0"),
        "production is not what it was"
    );
    ensure!(
        agentiq.version_at(Site::Staging).as_deref() == Some("1.2.0"),
        "staging keeps the new version"
    );
    let took = rollback_time(&ended)?;
    kept::figure(
        "rollback, blue-green, from decision to verified healthy",
        &format!("{} ms", took.as_millis()),
    )?;
    kept::reports(&agentiq, &ended, "bad-release")?;
    ensure!(took <= Duration::from_secs(5), "the rollback took {took:?}");
    Ok(())
}

/// From the decision until the target is healthy again: the undoing of the deploy has begun, and ended.
pub(crate) fn rollback_time(ended: &Ended) -> Result<Duration> {
    let at = |wanted: fn(&Transition) -> bool| {
        let found = |event: &&Event| matches!(&event.kind, Kind::Step { step, transition } if step.as_str() == "production/deploy" && wanted(transition));
        ended.events.iter().find(found).map(|event| event.at)
    };
    let began = at(|transition| matches!(transition, Transition::UndoStarted { .. }))
        .context("nothing was undone")?;
    let done = at(|transition| matches!(transition, Transition::UndoFinished { .. }))
        .context("the undoing did not end")?;
    Ok(Duration::from_millis(done.saturating_sub(began)))
}
