//! The variables of the units, in a file that only root reads: secrets are filled in on the way and never come back.

use runner_sdk::{Error, Host};

use super::Work;
use crate::machine::{command, sudo};

/// The beginnings of its lines, as far as they hold no value. A value may have several lines.
const NAMES: &str = "^[A-Za-z_][A-Za-z0-9_]*=\"";

/// Writes the file where it differs. It is compared on the server, so what is in it never leaves it.
pub(super) fn write<H: Host>(work: &mut Work<'_, H>) -> Result<(), Error> {
    work.folder("/etc/runner", "0700")?;
    let (machine, path) = (work.machine, work.site.env_file());
    let content = content(work)?;
    let compare = command(&sudo(&["cmp", "-s", "-", &path]))
        .stdin(content.as_str())
        .read();
    if machine.run(&compare)?.success() {
        return Ok(());
    }
    let there = machine
        .ask_root(&["grep", "-o", NAMES, "--", &path])?
        .stdout_text();
    let before: Vec<&str> = there
        .lines()
        .map(|line| line.trim().trim_end_matches("=\""))
        .collect();
    let after: Vec<&str> = work.site.config.env.keys().map(String::as_str).collect();
    let mut diff: Vec<String> = before
        .iter()
        .filter(|name| !after.contains(name))
        .map(|name| format!("-{name}"))
        .collect();
    diff.extend(
        after
            .iter()
            .filter(|name| !before.contains(name))
            .map(|name| format!("+{name}")),
    );
    if diff.is_empty() {
        diff.push("~ values".to_owned());
    }
    diff.push("~ units have it from their next start".to_owned());
    work.note(&path, diff.join("\n"));
    machine.write_root(&path, &content, "0600")
}

/// As systemd reads it.
fn content<H>(work: &Work<'_, H>) -> Result<String, Error> {
    let mut text = format!("{}\n", work.site.mark());
    for (name, value) in &work.site.config.env {
        if value.contains('\0') {
            return Err(Error::InvalidConfig(format!(
                "`env.{name}` holds a zero byte, which no variable can"
            )));
        }
        text.push_str(&format!("{name}=\"{}\"\n", quoted(value)));
    }
    Ok(text)
}

/// A value between double quotes, where lines' ends stand for themselves; the host does the same to the secrets in it.
fn quoted(value: &str) -> String {
    let escaped = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('`', "\\`")
        .replace('$', "\\$");
    let mut parts = escaped.split("{{secret:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str("{{secret:");
        match part.split_once("}}") {
            Some((name, rest)) if !name.contains('|') => text.push_str(&format!("{name}|quoted}}}}{rest}")),
            _ => text.push_str(part),
        }
    }
    text
}
