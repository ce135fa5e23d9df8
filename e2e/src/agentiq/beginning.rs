//! The state that the trials on the server begin with: both environments set up from nothing, the first version released to
//! both. Getting there is itself what the profile promises, and is checked on the way.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};

use super::{Agentiq, Kept, Site, profile};
use crate::{Built, Colleague, Ended, Journal, Listed, Repository as _, repository::done};

/// The state, in a folder of its own; its server is shut down.
#[derive(Debug)]
pub struct Beginning {
    folder: PathBuf,
}

/// What was measured on the way, by name.
pub type Figures = Vec<(String, String)>;

impl Beginning {
    /// Makes it anew, and tells what was measured. `shown` gets the plans and what the set-up said.
    pub fn make(shown: &Path) -> Result<(Self, Figures)> {
        let folder = Self::folder(&Built::find()?);
        let agentiq = Agentiq::new(&folder)?;
        let mut figures = Figures::new();
        for site in Site::ALL {
            set_up(&agentiq, site, shown, &mut figures)?;
        }
        agentiq.fetch_certificates()?;
        first_release(&agentiq, shown, &mut figures)?;
        agentiq.keep()?;
        Ok((Self { folder }, figures))
    }

    /// The one that was made before, or one that is made now.
    pub fn find_or_make(shown: &Path) -> Result<Self> {
        let folder = Self::folder(&Built::find()?);
        if folder.join("beginning").is_dir() {
            return Ok(Self { folder });
        }
        Ok(Self::make(shown)?.0)
    }

    /// Forgets the one that was made before.
    pub fn forget() -> Result<()> {
        let kept = Self::folder(&Built::find()?).join("beginning");
        if kept.exists() {
            fs::remove_dir_all(kept)?;
        }
        Ok(())
    }

    /// The state itself, booted. One at a time.
    pub fn open(&self) -> Result<Agentiq> {
        let agentiq = Agentiq::open(&self.folder)?;
        agentiq.reset()?;
        Ok(agentiq)
    }

    /// A copy with a server of its own, booted. The other must be shut down meanwhile.
    pub fn copy(&self, name: &str) -> Result<Agentiq> {
        let folder = self.folder.with_file_name(name);
        Agentiq::remove(&folder)?;
        fs::create_dir_all(&folder)?;
        for part in ["vps", "beginning", "frontend", "config", "sites.pem"] {
            copy(&self.folder.join(part), &folder)?;
        }
        // As an `Agentiq` has them; the trial begins with a reset.
        for part in ["repo", "data"] {
            copy(&folder.join("beginning").join(part), &folder)?;
        }
        let agentiq = Agentiq::open(&folder)?;
        agentiq.reset()?;
        Ok(agentiq)
    }

    fn folder(built: &Built) -> PathBuf {
        built.scratch().join("agentiq/server")
    }
}

impl Agentiq {
    /// What is there now is what [`Agentiq::reset`] goes back to.
    fn keep(&self) -> Result<()> {
        let built = self.work_tree().join("apps/chat-center/frontend/dist");
        copy(&built, &self.folder)?;
        fs::rename(self.folder.join("dist"), self.folder.join("frontend"))?;
        let toml = self.work_tree().join("runner.toml");
        let quick = profile::without_checks(&fs::read_to_string(&toml)?, &self.folder.join("frontend"));
        fs::write(&toml, quick)?;
        self.git(&[
            "commit",
            "--quiet",
            "--all",
            "--message",
            "chore: without the checks",
        ])?;
        let beginning = self.folder.join("beginning.new");
        fs::create_dir_all(&beginning)?;
        // Installed for the gate of the first release; nothing after it needs that.
        let modules = self.work_tree().join("apps/chat-center/frontend/node_modules");
        let aside = self.folder.join("node_modules");
        fs::rename(&modules, &aside)?;
        copy(&self.work_tree(), &beginning)?;
        copy(&self.data(), &beginning)?;
        fs::rename(&aside, &modules)?;
        self.vps().checkpoint()?;
        self.introduce()?;
        fs::rename(&beginning, self.folder.join("beginning"))?;
        Ok(())
    }

    /// Everything as it was at the beginning; the server as after a loss of power, booted, with both sites answering.
    pub fn reset(&self) -> Result<()> {
        let repository = ["repo", "data"];
        for part in repository {
            fs::remove_dir_all(self.folder.join(part))?;
        }
        for part in repository {
            copy(&self.folder.join("beginning").join(part), &self.folder)?;
        }
        // A copy has other times than git's index says.
        self.git(&["status", "--short"])?;
        self.vps().reset()?;
        self.introduce()?;
        self.fetch_certificates()?;
        self.wait_for_sites()
    }
}

fn set_up(agentiq: &Agentiq, site: Site, shown: &Path, figures: &mut Figures) -> Result<()> {
    let name = site.environment();
    let listed = plan(agentiq, &["env", "setup", name], shown)?;
    let began = Instant::now();
    succeeded(agentiq, &["env", "setup", name])?;
    figures.push((format!("env setup {name}, from nothing"), seconds(began)));
    as_planned(&listed, agentiq)?;
    let before = Kept::of(agentiq)?;
    let began = Instant::now();
    let said = agentiq.told(&["env", "setup", name])?;
    figures.push((format!("env setup {name}, again"), seconds(began)));
    fs::write(shown.join(format!("set-up-{name}-again.txt")), &said)?;
    ensure!(
        said.contains("nothing had to be changed"),
        "the second set-up of {name} did not say that nothing had to be changed: {said}"
    );
    let changes = before.changes(&Kept::of(agentiq)?);
    ensure!(
        changes.is_empty(),
        "the second set-up of {name} changed {changes:#?}"
    );
    Ok(())
}

fn first_release(agentiq: &Agentiq, shown: &Path, figures: &mut Figures) -> Result<()> {
    let listed = plan(agentiq, &["release"], shown)?;
    let began = Instant::now();
    let _colleague = Colleague::at(agentiq);
    succeeded(agentiq, &["release"])?;
    figures.push((
        "release, both environments, every check".to_owned(),
        seconds(began),
    ));
    as_planned(&listed, agentiq)?;
    for site in Site::ALL {
        let version = agentiq.version_at(site);
        ensure!(
            version.as_deref() == Some("1.1.0"),
            "{} serves {version:?}",
            site.host()
        );
    }
    Ok(())
}

/// Runs the plan of a command, and ensures that it changed nothing on the server.
fn plan(agentiq: &Agentiq, command: &[&str], shown: &Path) -> Result<Listed> {
    let before = Kept::of(agentiq)?;
    let command = [command, &["--plan"]].concat();
    let ended = succeeded(agentiq, &command)?;
    let changes = before.changes(&Kept::of(agentiq)?);
    ensure!(changes.is_empty(), "{command:?} changed {changes:#?}");
    let text = agentiq.run(&command)?.stdout;
    fs::write(shown.join(format!("{}.txt", command.join("-"))), text)?;
    Ok(Listed::of(&ended))
}

fn as_planned(listed: &Listed, agentiq: &Agentiq) -> Result<()> {
    let differences = listed.differences(&Journal::of(agentiq, None)?);
    ensure!(
        differences.is_empty(),
        "not as planned: {}",
        differences.join("\n")
    );
    ensure!(!listed.writes.is_empty(), "the plan lists nothing");
    Ok(())
}

fn succeeded(agentiq: &Agentiq, command: &[&str]) -> Result<Ended> {
    let ended = agentiq.start(command)?.ended()?;
    ensure!(
        ended.code() == Some(0),
        "{command:?} ended with {}: {}",
        ended.status,
        ended.complaint()
    );
    Ok(ended)
}

fn seconds(began: Instant) -> String {
    format!("{:.1} s", began.elapsed().as_secs_f64())
}

/// Copies a file or folder into a folder, with owners, times and links as they are.
fn copy(from: &Path, into: &Path) -> Result<()> {
    let mut command = Command::new("cp");
    command.arg("-a").arg(from).arg(into);
    done(&mut command)
        .with_context(|| format!("cannot copy {}", from.display()))
        .map(drop)
}
