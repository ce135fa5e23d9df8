//! AgentIQ's chat centre in a repository of its own, and the server that it goes to, both below one folder.

mod beginning;
mod elsewhere;
mod end;
mod profile;
mod server;
mod tools;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Result;
use runner_core::id::RunId;

use crate::{
    Built, End, Journal, Plain, Repository, Vps,
    repository::{Own, done},
};

pub use beginning::{Beginning, Figures};
pub use elsewhere::Elsewhere;
pub use server::{Kept, Site};
pub use tools::chromium;

/// Who starts releases.
const STARTER: &str = "keeper@agentiq.example";
/// What more of the environment programs need: where packages come from.
const PASSED: [&str; 3] = ["npm_config_registry", "PIP_INDEX_URL", "NODE_EXTRA_CA_CERTS"];

/// A repository made by `history/make-repo.sh` of `examples/agentiq`, released with the profile `agentiq` to a server that
/// has nothing but Debian and sshd when it is new.
#[derive(Debug)]
pub struct Agentiq {
    folder: PathBuf,
    built: Built,
    vps: Vps,
    settings: Vec<String>,
    variables: Vec<(String, String)>,
    /// Programs that are found before all others.
    programs: Option<PathBuf>,
    /// Sites whose units run.
    awake: Vec<Site>,
}

impl Agentiq {
    /// A new repository and a bare server below the folder, in place of what is there.
    pub fn new(folder: &Path) -> Result<Self> {
        Self::remove(folder)?;
        fs::create_dir_all(folder.join("config"))?;
        let agentiq = Self::open(folder)?;
        agentiq.history("make-repo.sh", &[])?;
        fs::write(agentiq.work_tree().join("runner.toml"), profile::own())?;
        agentiq.git(&["add", "runner.toml"])?;
        agentiq.git(&["commit", "--quiet", "--message", "chore: how it is released"])?;
        agentiq.install()?;
        Ok(agentiq)
    }

    /// Shuts the server of the folder down, and removes it all.
    pub fn remove(folder: &Path) -> Result<()> {
        let vps = folder.join("vps");
        if vps.join("name").exists() {
            drop(Vps::start(&vps, "agentiq")?);
        }
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        Ok(())
    }

    /// What [`Agentiq::new`] has made there, with its server booted.
    pub fn open(folder: &Path) -> Result<Self> {
        let agentiq = Self {
            folder: folder.to_owned(),
            built: Built::find()?,
            vps: Vps::start(&folder.join("vps"), "agentiq")?,
            settings: Vec::new(),
            variables: Vec::new(),
            programs: None,
            awake: Site::ALL.to_vec(),
        };
        agentiq.introduce()?;
        Ok(agentiq)
    }

    /// With settings as of `--set`.
    #[must_use]
    pub fn set<S: Into<String>>(mut self, settings: impl IntoIterator<Item = S>) -> Self {
        self.settings.extend(settings.into_iter().map(Into::into));
        self
    }

    /// With an environment variable of `runner`.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With programs that are found before all others.
    #[must_use]
    pub fn programs(mut self, folder: PathBuf) -> Self {
        self.programs = Some(folder);
        self
    }

    /// The server.
    pub fn vps(&self) -> &Vps {
        &self.vps
    }

    /// The sources of the example.
    pub fn example() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/agentiq")
    }

    /// Runs a script of the example's `history/` on the repository.
    pub fn history(&self, script: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("sh");
        command
            .arg(Self::example().join("history").join(script))
            .arg(self.work_tree())
            .args(arguments);
        self.environment(&mut command);
        done(&mut command).map(drop)
    }

    /// Commits a change that no test minds; the subject tells which version it makes.
    pub fn change(&self, subject: &str) -> Result<()> {
        let path = "apps/chat-center/backend/app/__init__.py";
        let file = self.work_tree().join(path);
        let text = fs::read_to_string(&file)? + "# Changed.\n";
        fs::write(file, text)?;
        self.git(&["commit", "--quiet", "--message", subject, "--", path])
            .map(drop)
    }

    /// Installs what a developer of it has.
    pub fn install(&self) -> Result<()> {
        tools::install(self, &self.work_tree())
    }

    /// Everybody is told the names of the sites: the server, and (by [`Agentiq::named`]) whoever is run here.
    fn introduce(&self) -> Result<()> {
        let names = format!("{} staging.agentiq.ru agentiq.ru\n", self.vps.address()?);
        let local = "127.0.0.1 localhost\n::1 localhost\n";
        fs::write(self.folder.join("hosts"), format!("{local}{names}"))?;
        let hosts = self.vps.path("/etc/hosts");
        let theirs = fs::read_to_string(&hosts)?;
        fs::write(hosts, format!("{theirs}{names}"))?;
        Ok(())
    }

    /// The program, where the names of the sites lead to the server: in a mount namespace with a hosts file of its own.
    pub fn named(&self, program: &Path) -> Command {
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--",
                "sh",
                "-c",
                "mount --bind \"$0\" /etc/hosts && exec \"$@\"",
            ])
            .arg(self.folder.join("hosts"))
            .arg(program)
            .stdin(Stdio::null());
        command
    }
}

impl Repository for Agentiq {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn work_tree(&self) -> PathBuf {
        self.folder.join("repo")
    }

    fn built(&self) -> &Built {
        &self.built
    }

    fn own(&self) -> Own<'_> {
        let certificates = self.folder.join("sites.pem").into();
        let secrets = profile::SECRETS.map(|(name, value)| (name, value.into()));
        let set = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.into()));
        Own {
            starter: STARTER,
            passed: &PASSED,
            programs: self.programs.as_deref(),
            variables: [("SSL_CERT_FILE", certificates)]
                .into_iter()
                .chain(secrets)
                .chain(set)
                .collect(),
        }
    }

    fn runner(&self, arguments: &[&str]) -> Command {
        let mut command = self.named(&self.built.runner());
        self.environment(&mut command);
        command.current_dir(self.work_tree());
        command.args(["--profile", "agentiq"]).args(arguments);
        for setting in profile::settings(self).iter().chain(&self.settings) {
            command.args(["--set", setting]);
        }
        command
    }

    fn plain(&self) -> Plain {
        let address = self.vps.address().unwrap_or_default();
        Plain::new(vec![
            (self.folder.display().to_string(), "SCRATCH"),
            (address, "ADDRESS"),
        ])
        // The version before, on its way out: it is gone a moment later.
        .without_lines("web:80")
    }

    fn end(&self, run: &RunId, journal: &Journal, code: Option<i32>) -> Result<End> {
        end::with_server(self, End::of(self, run, journal, code)?)
    }
}
