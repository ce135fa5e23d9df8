//! What clients notice of a deploy: constant load through nginx while it happens.

use std::{fs, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use runner_e2e::{Agentiq, Beginning, Colleague, Ended, Load, Repository as _, Seen, Site};

use crate::{from_nothing::rollback_time, kept, trial};

/// Requests a second, and how many at least.
const RATE: u32 = 300;
const REQUESTS: u32 = 20_000;
/// Asks nothing of others, so that what is measured is the deploy.
const PATH: &str = "/api/version";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("no_request_is_dropped_by_a_blue_green_release", blue_green),
        trial("no_request_is_dropped_by_a_canary", canary),
        trial("no_request_is_dropped_by_a_rollback", rollback),
        trial("what_a_restart_and_todays_script_drop", restart_and_todays_script),
    ]
}

/// Production under load while a release goes through both environments.
fn released_under_load(agentiq: &Agentiq, code: i32) -> Result<(Ended, Seen)> {
    let load = Load::start(agentiq, Site::Production, PATH, RATE, REQUESTS)?;
    let _colleague = Colleague::at(agentiq);
    let ended = agentiq.start(&["release"])?.ended();
    let seen = load.end()?;
    let ended = ended?;
    ended.ended_with(code)?;
    Ok((ended, seen))
}

fn none_dropped(what: &str, seen: &Seen) -> Result<()> {
    kept::figure(what, &seen.line())?;
    ensure!(
        seen.sent() >= u64::from(REQUESTS),
        "only {} requests were sent",
        seen.sent()
    );
    ensure!(seen.failed() == 0, "{}", seen.line());
    Ok(())
}

fn blue_green() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    agentiq.change("feat: another version")?;
    let (_, seen) = released_under_load(&agentiq, 0)?;
    ensure!(seen.versions() == ["1.1.0", "1.2.0"], "{}", seen.line());
    none_dropped("load during a blue-green release", &seen)
}

/// 10 %, then half, then all, each watched.
fn canary() -> Result<()> {
    let steps = r#"environments.production.canary.steps=[{percent = 10, watch = "3s"}, {percent = 50, watch = "3s"}]"#;
    let agentiq = Beginning::find_or_make(&kept::folder()?)?
        .open()?
        .set([steps, "environments.production.target.config.strategy=canary"]);
    agentiq.change("feat: another version")?;
    let (ended, seen) = released_under_load(&agentiq, 0)?;
    kept::reports(&agentiq, &ended, "canary")?;
    ensure!(seen.versions() == ["1.1.0", "1.2.0"], "{}", seen.line());
    none_dropped("load during a canary, 10 % and 50 %, watched", &seen)
}

/// The new version has the clients already when its smoke test fails.
fn rollback() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    agentiq.history("break.sh", &["suggestion"])?;
    let (ended, seen) = released_under_load(&agentiq, 12)?;
    ensure!(seen.versions() == ["1.1.0", "1.2.0"], "{}", seen.line());
    none_dropped("load during a release that is rolled back", &seen)?;
    let took = rollback_time(&ended)?;
    kept::figure(
        "rollback under load, from decision to verified healthy",
        &format!("{} ms", took.as_millis()),
    )?;
    ensure!(took <= Duration::from_secs(5), "the rollback took {took:?}");
    Ok(())
}

/// For comparison: what staging's strategy does, and the script of A9, on the same machine in the same run.
fn restart_and_todays_script() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    agentiq.change("feat: another version")?;
    let seen = during(&agentiq, |agentiq| {
        let ended = agentiq.start(&["deploy", "staging"])?.ended()?;
        ended.ended_with(0)?;
        Ok(())
    })?;
    told("strategy `restart`", &seen)?;

    agentiq.reset()?;
    agentiq.change("feat: another version")?;
    send_sources(&agentiq)?;
    let seen = during(&agentiq, |agentiq| agentiq.vps().root(TODAY).map(drop))?;
    told("today's script", &seen)
}

/// What staging's API and page answer meanwhile.
fn during(agentiq: &Agentiq, act: impl FnOnce(&Agentiq) -> Result<()>) -> Result<[Seen; 2]> {
    let (api, page) = (
        Load::start(agentiq, Site::Staging, PATH, 100, 1000)?,
        Load::start(agentiq, Site::Staging, "/", 100, 1000)?,
    );
    let done = act(agentiq);
    let seen = [api.end()?, page.end()?];
    done?;
    Ok(seen)
}

fn told(what: &str, [api, page]: &[Seen; 2]) -> Result<()> {
    kept::figure(
        &format!("{what}: API without an answer for"),
        &format!("{} ms", api.longest_gap_ms()),
    )?;
    kept::figure(&format!("{what}: load on the API"), &api.line())?;
    kept::figure(&format!("{what}: load on the page"), &page.line())?;
    ensure!(api.sent() >= 1000 && page.sent() >= 1000, "nothing was measured");
    Ok(())
}

/// A9, in the folders that the set-up has made. There is no Node on the server: what `npm install && npm run build` makes is
/// brought along, which takes less time than it does today.
const TODAY: &str = "
set -e
cd /opt/agentiq-staging/current/backend
tar -xf /root/backend.tar --no-same-owner
../venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
systemctl restart agentiq-staging
systemctl restart agentiq-staging-celery
root=$(readlink -f /var/www/staging)
rm -rf \"$root\"/*
tar -xf /root/frontend.tar -C \"$root\" --strip-components 1
chown -R www-data:www-data \"$root\"
sleep 5
curl -sf http://127.0.0.1:8002/health
";

/// What `git pull` and the build of the front end would bring.
fn send_sources(agentiq: &Agentiq) -> Result<()> {
    let backend = agentiq.vps().path("/root/backend.tar");
    let archived = agentiq.git(&[
        "archive",
        "--output",
        &backend.display().to_string(),
        "HEAD:apps/chat-center/backend",
    ]);
    archived?;
    let packed = Command::new("tar")
        .arg("-cf")
        .arg(agentiq.vps().path("/root/frontend.tar"))
        .arg("-C")
        .arg(agentiq.folder())
        .arg("frontend")
        .status()
        .context("cannot run tar")?;
    ensure!(packed.success(), "cannot pack the front end");
    ensure!(fs::metadata(backend)?.len() > 0, "nothing was packed");
    Ok(())
}
