//! Clocks that are wrong.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use runner_e2e::{Agentiq, Beginning, Elsewhere, Repository as _, Site, done};

use crate::{
    kept, trial,
    trouble::{event_of, root, says, unlocked},
};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("clocks_that_differ_by_an_hour", clocks)]
}

/// The server's clock is an hour behind, and an hour ahead: seen from here, that is the operator's an hour the other way.
fn clocks() -> Result<()> {
    for ahead in ["+1h", "-1h"] {
        let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
        // The one of the set-up is minutes old: an hour ago it would not have been valid yet.
        root(
            &agentiq,
            &format!("{OLDER_CERTIFICATES}systemctl reload nginx; sleep 1"),
        )?;
        agentiq.fetch_certificates()?;
        let agentiq = agentiq
            .variable("LD_PRELOAD", &faketime()?)
            .variable("FAKETIME", ahead)
            .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        off_by_an_hour(&agentiq).with_context(|| format!("the operator's clock at {ahead}"))?;
    }
    Ok(())
}

/// Both as `env setup` makes them, a day ago.
const OLDER_CERTIFICATES: &str = "
apt-get update -qq && apt-get install -qq -y --no-install-recommends faketime >/dev/null
for name in staging.agentiq.ru agentiq.ru; do
    faketime -f -1d openssl req -x509 -newkey rsa:2048 -nodes -days 825 -subj /CN=$name -addext subjectAltName=DNS:$name \
        -addext basicConstraints=critical,CA:FALSE -keyout /etc/ssl/runner/$name.key -out /etc/ssl/runner/$name.crt 2>/dev/null
done
";

/// The library that gives a program another time.
fn faketime() -> Result<String> {
    let said = done(Command::new("dpkg").args(["-L", "libfaketime"]))?;
    let library = said.lines().find(|line| line.ends_with("/libfaketimeMT.so.1"));
    Ok(library.context("libfaketime has no library")?.to_owned())
}

/// The smoke test finds the clock and takes the release back; who has the right time is kept out as long, and not longer.
fn off_by_an_hour(agentiq: &Agentiq) -> Result<()> {
    agentiq.change("feat: another version")?;
    let other = Elsewhere::new(agentiq, "other")?;
    let in_time = || {
        other
            .start_with(&["deploy", "staging"], "LD_PRELOAD", "")?
            .ended()
    };
    let began = Instant::now();
    let mut first = agentiq.start(&["deploy", "staging"])?;
    first.until(|event| event_of(event, "staging/deploy"))?;
    let second = in_time()?;
    let first = first.ended()?;
    says(&first, "clock off by an hour", &["rolled-back", "smoke"])?;
    says(
        &second,
        "clocks that differ",
        &["locked", "keeper@agentiq.example"],
    )?;
    ensure!(
        agentiq.version_at(Site::Staging).as_deref() == Some("1.1.0"),
        "staging is at {:?}",
        agentiq.version_at(Site::Staging)
    );
    unlocked(agentiq)?;
    let again = in_time()?;
    again.ended_with(0).context("afterwards")?;
    ensure!(began.elapsed() < Duration::from_secs(180), "something waited");
    unlocked(agentiq)
}
