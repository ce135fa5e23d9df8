//! The files of schedules: what is there, what is to be there, and the timers started.

use runner_core::{
    effect::EntryKind,
    output::Change,
    schedule::files::{File, Files, SECRET, UNITS, files},
};
use similar::TextDiff;

use super::{
    Wanted,
    ground::{Ground, sudo},
    note,
};
use crate::conductor::Done;

/// A unit that `runner env setup` wrote.
pub(super) struct Unit {
    /// Without `.service`.
    pub(super) name: String,
    /// Of its service.
    pub(super) text: String,
}

/// The services of all schedules of the machine, whoever's they are.
pub(super) fn present(ground: &impl Ground) -> Done<Vec<Unit>> {
    let mut units = Vec::new();
    for entry in ground.list(UNITS)? {
        let name = entry
            .name
            .strip_suffix(".service")
            .filter(|name| name.starts_with("runner-"));
        let Some(name) = name.filter(|_| entry.kind == EntryKind::File) else {
            continue;
        };
        if let Some(text) = ground.text(&format!("{UNITS}/{}", entry.name))? {
            units.push(Unit {
                name: name.to_owned(),
                text,
            });
        }
    }
    Ok(units)
}

/// Stops and removes what this environment had here and has no more. The names give it away, and the first line.
pub(super) fn drop_others(
    ground: &impl Ground,
    wanted: &Wanted<'_>,
    units: &mut Vec<Unit>,
    changes: &mut Vec<Change>,
) -> Done<()> {
    let (of_project, mark) = (wanted.owner("").of_project(), wanted.owner("").of_environment());
    let (dropped, kept): (Vec<_>, Vec<_>) = std::mem::take(units).into_iter().partition(|unit| {
        let name = unit.name.strip_prefix(&of_project);
        unit.text.starts_with(&mark) && name.is_some_and(|name| !wanted.schedules.contains_key(name))
    });
    *units = kept;
    for unit in &dropped {
        let name = unit.name.strip_prefix(&of_project).unwrap_or_default();
        let owner = wanted.owner(name);
        let timer = format!("{}.timer", unit.name);
        note(
            changes,
            format!("unit {timer}"),
            "- stopped and removed: it is not in the profile any more",
        );
        ground.act_root(
            &["systemctl", "disable", "--quiet", "--now", &timer],
            &format!("stopping `{timer}`"),
        )?;
        for path in [
            format!("{UNITS}/{timer}"),
            owner.variables(),
            owner.profile(),
            // The last: as long as it is there it is known what to remove.
            format!("{UNITS}/{}.service", unit.name),
        ] {
            ground.remove_root(&path)?;
        }
    }
    if !dropped.is_empty() {
        ground.act_root(&["systemctl", "daemon-reload"], "having systemd read the units")?;
    }
    Ok(())
}

/// Writes what differs, has systemd read it, and starts the timers.
pub(super) fn install(
    ground: &impl Ground,
    wanted: &Wanted<'_>,
    executable: &str,
    changes: &mut Vec<Change>,
) -> Done<()> {
    let user = ground.ask(&["id", "-un"], "")?.stdout.text().trim().to_owned();
    let mut timers = Vec::new();
    let mut stale = false;
    for (name, schedule) in &wanted.schedules {
        let files = files(wanted.owner(name), wanted.profile, schedule, executable, &user);
        profile(ground, &files, changes)?;
        variables(ground, &files, changes)?;
        let timer = format!("{}.timer", files.unit);
        stale |= file(ground, &files.service, changes)? | file(ground, &files.timer, changes)?;
        // Also after a set-up that was broken off right here.
        stale = stale
            || is(
                ground,
                &[
                    "systemctl",
                    "show",
                    "--property=NeedDaemonReload",
                    "--value",
                    &timer,
                ],
                "yes",
            )?;
        timers.push(timer);
    }
    if stale {
        ground.act_root(&["systemctl", "daemon-reload"], "having systemd read the units")?;
    }
    for timer in timers {
        let enabled = is(ground, &["systemctl", "is-enabled", &timer], "enabled")?;
        if enabled && is(ground, &["systemctl", "is-active", &timer], "active")? {
            continue;
        }
        note(changes, format!("unit {timer}"), "+ started, now and at boot");
        let doing = format!("starting `{timer}`");
        ground.act_root(&["systemctl", "enable", "--quiet", "--now", &timer], &doing)?;
    }
    Ok(())
}

/// Whether a program says just that.
fn is(ground: &impl Ground, argv: &[&str], word: &str) -> Done<bool> {
    Ok(ground.ask(argv, "")?.stdout.text().trim() == word)
}

/// A file that everybody may read. Tells whether it had to be written.
fn file(ground: &impl Ground, file: &File, changes: &mut Vec<Change>) -> Done<bool> {
    let differs = differs(ground, file, changes)?;
    if differs {
        ground.write_root(&file.path, &file.content, "0644")?;
    }
    Ok(differs)
}

/// The profile. It names secrets, and everybody may read it: not even on the way may they be filled in.
fn profile(ground: &impl Ground, files: &Files, changes: &mut Vec<Change>) -> Done<()> {
    if !differs(ground, &files.profile, changes)? {
        return Ok(());
    }
    let sent = format!("{}/{}.toml", ground.folder()?, files.unit);
    ground.write(&sent, &files.profile.content)?;
    ground.place_root(&sent, &files.profile.path)
}

/// Whether a file is not what it should be, which is noted.
fn differs(ground: &impl Ground, file: &File, changes: &mut Vec<Change>) -> Done<bool> {
    let before = ground.text(&file.path)?;
    if before.as_ref() == Some(&file.content) {
        return Ok(false);
    }
    let before = before.unwrap_or_default();
    let diff = TextDiff::from_lines(&before, &file.content);
    note(
        changes,
        &file.path,
        diff.unified_diff().context_radius(2).to_string(),
    );
    Ok(true)
}

/// The variables. They are compared on the machine, so what is in them never leaves it.
fn variables(ground: &impl Ground, files: &Files, changes: &mut Vec<Change>) -> Done<()> {
    let File { path, content } = &files.variables;
    if ground.ask(&sudo(&["cmp", "-s", "-", path]), content)?.code == Some(0) {
        return Ok(());
    }
    let there = ground.ask(
        &sudo(&["grep", "-o", "^[A-Za-z_][A-Za-z0-9_]*=\"", "--", path]),
        "",
    )?;
    let there = there.stdout.text().into_owned();
    let (before, after) = (names(&there), names(content));
    let gone = before
        .iter()
        .filter(|name| !after.contains(name))
        .map(|name| format!("-{name}"));
    let new = after
        .iter()
        .filter(|name| !before.contains(name))
        .map(|name| format!("+{name}"));
    let mut diff: Vec<_> = gone.chain(new).collect();
    if diff.is_empty() {
        let what = if after.is_empty() {
            "no variables"
        } else {
            "values"
        };
        diff.push(format!("~ {what}"));
    }
    note(changes, path, diff.join("\n"));
    let folder = ["install", "-d", "-m", "0700", "--", SECRET];
    ground.act_root(&folder, &format!("making `{SECRET}`"))?;
    ground.write_root(path, content, "0600")
}

/// The names of variables, a line each.
fn names(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.split_once("=\"")?.0)).collect()
}
