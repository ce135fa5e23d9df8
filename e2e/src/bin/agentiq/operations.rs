//! What happens on the server between releases: its programs write, its timers back up and tell; and what a release that
//! cannot be undone leaves to a person.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use runner_core::{
    event::{Event, Kind},
    step::Transition,
};
use runner_e2e::{Agentiq, Beginning, Colleague, Repository as _, Site};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{kept, trial};

/// A line that nginx has written is seen within it.
const SOON: Duration = Duration::from_secs(20);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("logs_of_all_programs_by_time_and_as_they_are_written", logs),
        trial("timers_back_up_and_tell", timers),
        trial("a_password_that_was_changed_is_set", another_password),
        trial(
            "what_cannot_be_undone_is_restored_once_a_person_says_so",
            restored,
        ),
    ]
}

fn logs() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    agentiq.page(Site::Production, "/api/version?mark=before")?;
    let text = agentiq.said(&[
        "logs",
        "production",
        "--since",
        "1h",
        "--lines",
        "1000",
        "--output",
        "json",
    ])?;
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let sources: Vec<_> = lines.iter().filter_map(|line| line["source"].as_str()).collect();
    for source in ["web", "celery", "nginx-access"] {
        ensure!(
            sources.iter().any(|name| name.starts_with(source)),
            "nothing of `{source}`: {sources:?}"
        );
    }
    let times: Vec<_> = lines.iter().filter_map(|line| line["at"].as_u64()).collect();
    ensure!(
        times.len() == lines.len() && times.is_sorted(),
        "not in the order of time: {times:?}"
    );
    ensure!(text.contains("mark=before"), "the request is not in: {text}");
    ensure!(!text.contains("production-db-91be"), "a secret is in: {text}");

    let (mut follower, seen) = follow(&agentiq)?;
    let marked = || -> Result<()> {
        // Until then, it has not connected.
        for _ in 0..SOON.as_secs() {
            agentiq.page(Site::Production, "/api/version?mark=after")?;
            if let Ok(line) = seen.recv_timeout(Duration::from_secs(1)) {
                ensure!(line.contains("mark="), "it shows `{line}`");
                return Ok(());
            }
        }
        anyhow::bail!("what was written is not shown within {SOON:?}")
    };
    let shown = marked();
    kill_process(Pid::from_child(&follower), Signal::INT)?;
    let status = follower.wait()?;
    shown?;
    ensure!(status.code().is_some(), "Ctrl-C killed it: {status}");
    Ok(())
}

/// `runner logs production --unit nginx-access --follow`, and its lines.
fn follow(agentiq: &Agentiq) -> Result<(Child, Receiver<String>)> {
    let mut command = agentiq.runner(&[
        "logs",
        "production",
        "--unit",
        "nginx-access",
        "--follow",
        "--lines",
        "1",
    ]);
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("stdout is a pipe")?;
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    Ok((child, lines))
}

/// Their services are started by hand: the timers themselves wait for the night.
fn timers() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    let root = |script: &str| agentiq.vps().root(script);
    let timers = root("systemctl list-timers --all --no-legend 'runner-agentiq-*'")?;
    ensure!(timers.lines().count() == 4, "not four timers: {timers}");

    root("systemctl start runner-agentiq-backup.service")?;
    let kept = root(
        "for file in $(find /var/lib/runner/agentiq/projects/agentiq/artifacts -type f); do pg_restore --list \"$file\"; done",
    )?;
    ensure!(
        kept.contains("TABLE DATA public chats"),
        "the backup has no chats: {kept}"
    );

    let notices = "cat /var/lib/runner/agentiq/.runner/notices.log 2>/dev/null || :";
    let critical = "systemctl start runner-agentiq-critical.service";
    root(critical)?;
    let quiet = root(notices)?;
    ensure!(quiet.is_empty(), "all is well, and told is: {quiet}");
    root("systemctl stop 'agentiq-chat@*'")?;
    root(critical)?;
    let told = root(notices)?;
    ensure!(
        told.contains("health"),
        "production is down, and told is: `{told}`"
    );
    root(critical)?;
    let again = root(notices)?;
    ensure!(again == told, "what is known is told again: {again}");

    root("systemctl start runner-agentiq-digest-production.service")?;
    let digest = root(notices)?;
    ensure!(
        digest.len() > told.len() && digest.contains("backup"),
        "the day's digest does not tell of the backup: {digest}"
    );
    Ok(())
}

/// The set-up gives it to the role and to the units, which have it from the next deploy on.
fn another_password() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?
        .open()?
        .variable("STAGING_DB_PASSWORD", "another-1f2e");
    let set_up = || agentiq.told(&["env", "setup", "staging"]);
    let said = set_up()?;
    ensure!(said.contains("another password"), "the set-up said: {said}");
    let said = set_up()?;
    ensure!(
        said.contains("nothing had to be changed"),
        "once more it said: {said}"
    );
    agentiq.change("feat: another version")?;
    let ended = agentiq.start(&["deploy", "staging"])?.ended()?;
    ended.ended_with(0)?;
    agentiq.wait_for_sites()
}

/// What the release wrote is gone with the restore, and kept in the backup that was made before it.
fn restored() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    let rows = "cd / && sudo -u postgres psql -At agentiq_chat -c 'SELECT version_num FROM alembic_version' \
                -c 'SELECT count(*) FROM suggestions'";
    let before = agentiq.vps().root(rows)?;
    agentiq.history("break.sh", &["drop"])?;
    let mut release = agentiq.start(&["release"])?;
    let first = Colleague::at(&agentiq);
    release.until(|event| is(event, "production/deploy", |t| matches!(t, Transition::Started)))?;
    drop(first);
    let second = Colleague::at(&agentiq);
    let ended = release.ended()?;
    ensure!(second.has_answered(), "nobody was asked whether to restore");
    ended.ended_with(12)?;
    ensure!(
        agentiq.version_at(Site::Production).as_deref() == Some("1.1.0"),
        "production is not what it was"
    );
    let after = agentiq.vps().root(rows)?;
    ensure!(after == before, "the database was `{before}`, and is `{after}`");
    kept::reports(&agentiq, &ended, "restored")?;
    let run = ended.run().context("it told no run")?;
    let backups = agentiq.said(&["backup", "list", "production", "--output", "json"])?;
    let known: Vec<Value> = serde_json::from_str(&backups)?;
    let of_it = known
        .iter()
        .filter(|kept| kept["run"].as_str() == Some(run.as_str()))
        .count();
    ensure!(
        of_it == 2,
        "not one before the deploy and one before the restore: {backups}"
    );
    Ok(())
}

fn is(event: &Event, step: &str, wanted: fn(&Transition) -> bool) -> bool {
    matches!(&event.kind, Kind::Step { step: id, transition } if id.as_str() == step && wanted(transition))
}
