//! The account, and the environment's own folder with its mark.

use runner_sdk::{Error, Host};

use super::Work;
use crate::machine::{command, sudo};

/// `getent` found nothing.
const UNKNOWN: i32 = 2;
/// `useradd` of an account that there is.
const EXISTS: i32 = 9;

/// The root must not be another environment's: asked before anything is done.
pub(super) fn is_free<H: Host>(work: &Work<'_, H>) -> Result<(), Error> {
    let (site, path) = (work.site, work.site.path(".environment"));
    match work.machine.text(&path)? {
        Some(mark) if mark.trim() != site.mark() => Err(Error::InvalidConfig(format!(
            "`{}` belongs to {}: give `{}` a `root` of its own",
            site.config.root,
            mark.trim().trim_start_matches("# runner: "),
            site.environment.name
        ))),
        _ => Ok(()),
    }
}

/// The account and its folders.
pub(super) fn make<H: Host>(work: &mut Work<'_, H>) -> Result<(), Error> {
    let (machine, site) = (work.machine, work.site);
    let user = &site.config.user;
    if machine.ask(&["getent", "passwd", user])?.code == Some(UNKNOWN) {
        work.note(format!("account {user}"), "+ a system account without a shell");
        let words = [
            "useradd",
            "--system",
            "--create-home",
            "--user-group",
            "--shell",
            "/usr/sbin/nologin",
            user,
        ];
        let exit = machine.run(&command(&sudo(&words)).idempotent().foresee_success())?;
        if exit.code != Some(EXISTS) {
            exit.require_success(&format!("making the account `{user}`"))?;
        }
    }
    for below in ["", "/releases", "/venvs", "/shared", "/slots"] {
        let path = format!("{}{below}", site.config.root);
        let is = machine.ask_root(&["stat", "--format", "%U %a", "--", &path])?;
        if is.success() && is.stdout_text().trim() == format!("{user} 755") {
            continue;
        }
        let before = if is.success() {
            format!("~ was: {}; ", is.stdout_text().trim())
        } else {
            "+ folder: ".to_owned()
        };
        work.note(&path, format!("{before}{user} 755"));
        machine.act_root(
            &["install", "-d", "-m", "0755", "--", &path],
            &format!("making `{path}`"),
        )?;
        let owner = format!("{user}:");
        machine.act_root(
            &["chown", &owner, "--", &path],
            &format!("giving `{path}` to `{user}`"),
        )?;
    }
    let (mark, path) = (format!("{}\n", site.mark()), site.path(".environment"));
    if machine.text(&path)?.as_ref() != Some(&mark) {
        work.note(&path, format!("+ {}", site.mark()));
        machine.write(&path, &mark)?;
    }
    Ok(())
}
