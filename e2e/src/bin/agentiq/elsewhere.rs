//! A machine is lost in the middle of a deploy; another one goes on.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use libtest_mimic::Trial;
use runner_core::event::{Event, Kind};
use runner_e2e::{Audit, Beginning, Colleague, Elsewhere, Ended, Journal, Repository as _, Site};
use rustix::process::Signal;

use crate::{kept, trial};

/// A killed machine's lease ends by itself.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "another_machine_goes_on_and_only_one_of_two",
        another_machine,
    )]
}

/// Machine A is killed while the new version starts in production. B and C have the repository and the store; both resume at
/// once.
fn another_machine() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    let shared = agentiq.folder().join("store");
    if shared.exists() {
        fs::remove_dir_all(&shared)?;
    }
    fs::create_dir_all(&shared)?;
    let agentiq = agentiq.variable("RUNNER_STORE", &format!("file://{}", shared.display()));
    agentiq.change("feat: another version")?;
    let mut a = agentiq.start(&["release"])?;
    let colleague = Colleague::at(&agentiq);
    a.until(starts_in_production)?;
    let run = a.run()?;
    a.signal(Signal::KILL)?;
    ensure!(a.ended()?.was_killed(), "A was not killed");
    drop(colleague);
    let killed = Instant::now();
    ensure!(
        agentiq.version_at(Site::Production).is_some(),
        "production does not answer"
    );

    let (b, c) = (Elsewhere::new(&agentiq, "b")?, Elsewhere::new(&agentiq, "c")?);
    let (winner, ended, other) = loop {
        let resume = |machine: &Elsewhere<'_>| machine.start(&["resume", run.as_str()])?.ended();
        let (first, second) = thread::scope(|scope| {
            let first = scope.spawn(|| resume(&b));
            let second = resume(&c);
            (first.join().expect("it does not panic"), second)
        });
        let (first, second) = (first?, second?);
        match (is_driven(&first), is_driven(&second)) {
            (true, true) if killed.elapsed() < PATIENCE => thread::sleep(Duration::from_secs(1)),
            (false, true) => break (&b, first, second),
            (true, false) => break (&c, second, first),
            _ => bail!(
                "not exactly one went on: B {}; C {}",
                first.complaint(),
                second.complaint()
            ),
        }
    };
    ended.ended_with(0)?;
    ensure!(other.code() != Some(0), "the other one ended well, too");
    kept::figure(
        "another machine: from the kill to the end of the run",
        &format!("{} s", killed.elapsed().as_secs()),
    )?;
    for site in Site::ALL {
        ensure!(
            agentiq.version_at(site).as_deref() == Some("1.2.0"),
            "{} is not at 1.2.0",
            site.host()
        );
    }
    let audit = Audit::of(&Journal::of(winner, Some(run.as_str()))?);
    ensure!(audit.wrong.is_empty(), "{}", audit.wrong.join("; "));
    let history = agentiq.said(&["history"])?;
    ensure!(
        history.contains(run.as_str()) && history.contains("released"),
        "A does not see it: {history}"
    );
    Ok(())
}

fn is_driven(ended: &Ended) -> bool {
    ended.stderr.contains("is driven by")
}

/// The new version's unit is about to be started.
fn starts_in_production(event: &Event) -> bool {
    match &event.kind {
        Kind::EffectStarted { scope, request, .. } => {
            scope.to_string() == "production/deploy"
                && request.summary().contains("systemctl restart agentiq-chat@")
        }
        _ => false,
    }
}
