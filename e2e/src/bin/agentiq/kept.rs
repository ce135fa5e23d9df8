//! What is kept of the trials, to be looked at: figures, screens, reports, plans.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use runner_e2e::{Agentiq, Built, Ended, Repository as _, chromium};

/// Where; CI keeps that folder.
const FOLDER: &str = "RUNNER_E2E_KEPT";

/// The folder.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = match std::env::var_os(FOLDER) {
        Some(folder) => PathBuf::from(folder),
        None => Built::find()?.scratch().join("agentiq/kept"),
    };
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// One more line of `figures.md`, and on the screen.
pub(crate) fn figure(what: &str, value: &str) -> Result<()> {
    let line = format!("| {what} | {value} |\n");
    let _ = write!(std::io::stdout(), "{line}");
    let path = folder()?.join("figures.md");
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    Ok(file.write_all(line.as_bytes())?)
}

/// Begins `figures.md` anew.
pub(crate) fn no_figures() -> Result<()> {
    Ok(fs::write(
        folder()?.join("figures.md"),
        "| what | measured |\n|---|---|\n",
    )?)
}

/// Copies the reports of a run, with a picture of the page.
pub(crate) fn reports(agentiq: &Agentiq, ended: &Ended, name: &str) -> Result<()> {
    let run = ended.run().context("it told no run")?;
    let from = agentiq.work_tree().join(".runner/reports").join(run.as_str());
    let into = folder()?.join(name);
    if into.exists() {
        fs::remove_dir_all(&into)?;
    }
    fs::create_dir_all(&into)?;
    for entry in fs::read_dir(&from)? {
        let path = entry?.path();
        fs::copy(&path, into.join(path.file_name().context("it has a name")?))?;
    }
    shoot(&into.join("report.html"), &into.join("report.png"))
}

/// A picture of a page, as a browser shows it.
fn shoot(page: &Path, picture: &Path) -> Result<()> {
    let profile = folder()?.join("browser");
    let shot = Command::new(chromium())
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args([
            "--window-size=1280,2400",
            &format!("--screenshot={}", picture.display()),
        ])
        .arg(format!("file://{}", page.display()))
        .output()
        .context("cannot run chromium")?;
    let _ = fs::remove_dir_all(profile);
    ensure!(
        picture.is_file(),
        "no picture of {}: {}",
        page.display(),
        String::from_utf8_lossy(&shot.stderr)
    );
    Ok(())
}
