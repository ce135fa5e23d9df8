//! This executable on a machine: below /opt/runner/bin, root's, one file for each digest.

use runner_core::{
    output::Change,
    schedule::files::{EXECUTABLES, executable},
    step::StepError,
};

use super::{
    ground::{Ground, sudo},
    note,
    timers::Unit,
};
use crate::conductor::Done;

/// Installs it where it is not; returns its path.
pub(super) fn install(ground: &impl Ground, changes: &mut Vec<Change>) -> Done<String> {
    runs_there(ground)?;
    let digest = ground.executable()?;
    let path = executable(&digest);
    let sum = ground.ask(&["sha256sum", "--", &path], "")?;
    if sum.code == Some(0) && sum.stdout.text().starts_with(digest.hex()) {
        return Ok(path);
    }
    note(changes, &path, format!("+ runner {}", env!("CARGO_PKG_VERSION")));
    let sent = format!("{}/executable-{}", ground.folder()?, digest.short());
    ground.send_executable(&sent, &digest)?;
    let running =
        "running this runner there (a static one runs everywhere: build it for `x86_64-unknown-linux-musl`)";
    ground.act(&[&sent, "--version"], "", running)?;
    ground.place_root(&sent, &path)?;
    // What will be run is what was sent, whoever else can write in that home.
    let line = format!("{}  {path}\n", digest.hex());
    ground.act(
        &["sha256sum", "--check", "--quiet"],
        &line,
        &format!("comparing `{path}`"),
    )?;
    Ok(path)
}

/// A program for another system, or another processor, would not run.
fn runs_there(ground: &impl Ground) -> Done<()> {
    let there = ground.ask(&["uname", "-sm"], "")?.stdout.text().trim().to_owned();
    let here = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let same = there.to_lowercase().replace("arm64", "aarch64") == here;
    if same {
        return Ok(());
    }
    let message = format!("{} is `{there}`, and this runner is for `{here}`", ground.title());
    let hint = "a schedule runs this executable there: set up from a machine of the same kind, e.g. from that one with RUNNER_HERE";
    Err(StepError::blocked(message).with_hint(hint).into())
}

/// Removes executables that no unit names any more. `others` are the units beside the ones just written.
pub(super) fn drop_unused(
    ground: &impl Ground,
    current: &str,
    others: &[Unit],
    changes: &mut Vec<Change>,
) -> Done<()> {
    for entry in ground.list(EXECUTABLES)? {
        let path = format!("{EXECUTABLES}/{}", entry.name);
        let used = path == current || others.iter().any(|unit| unit.text.contains(&path));
        if used || !entry.name.starts_with("runner-") {
            continue;
        }
        note(changes, &path, "- no unit names it any more");
        ground.act(&sudo(&["rm", "-f", &path]), "", &format!("removing `{path}`"))?;
    }
    Ok(())
}
