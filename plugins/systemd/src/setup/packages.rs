//! Debian packages.

use std::time::Duration;

use runner_sdk::{Error, Host};

use super::Work;
use crate::machine::{command, sudo};

/// Installs what is missing.
pub(super) fn install<H: Host>(work: &mut Work<'_, H>) -> Result<(), Error> {
    let wanted = &work.site.config.packages;
    if wanted.is_empty() {
        return Ok(());
    }
    let words = [
        "dpkg-query",
        "--show",
        "--showformat",
        "${Package} ${db:Status-Status}\n",
    ];
    let argv: Vec<&str> = words
        .into_iter()
        .chain(wanted.iter().map(String::as_str))
        .collect();
    // It ends with 1 when it does not know one of them, and tells of the others.
    let text = work.machine.ask(&argv)?.stdout_text();
    let installed = |name: &str| {
        text.lines()
            .any(|line| line.trim() == format!("{name} installed"))
    };
    let missing: Vec<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|name| !installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    work.note(
        "packages",
        missing
            .iter()
            .map(|name| format!("+ {name}"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
    let apt = |words: &[&str], doing: &str| {
        let start = [
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "--option",
            "DPkg::Lock::Timeout=120",
        ];
        let argv: Vec<&str> = start.into_iter().chain(words.iter().copied()).collect();
        work.machine
            .change(command(&sudo(&argv)).timeout(Duration::from_secs(1800)), doing)
    };
    apt(&["update"], "asking for the list of packages")?;
    let words = ["install", "--yes", "--no-install-recommends", "--"];
    let argv: Vec<&str> = words.into_iter().chain(missing.iter().copied()).collect();
    apt(&argv, "installing packages")
}
