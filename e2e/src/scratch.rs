//! A scratch repository of the shop, with data and configuration of its own, in which the real binary is run.

mod end;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Result;

use runner_core::id::RunId;

use crate::{
    Built, End, Journal, Plain, Ports, Repository,
    repository::{Own, done},
    stop_services, stop_strays,
};

/// Who starts releases.
const STARTER: &str = "keeper@shop.example";
/// What more of the environment programs need: where the tools of Rust are.
const PASSED: [&str; 5] = [
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTC",
    "SDKROOT",
];

/// Which checks the profile has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Those of the profile `demo`.
    Demo,
    /// The check of forbidden files, and one that puts a shop there which was built before.
    Quick,
}

/// A repository made by `history/make-repo.sh`. Its services end with it; its files stay, to be looked at.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    built: Built,
    ports: Ports,
    settings: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Scratch {
    /// Makes one below the target folder, in place of an earlier one of that name. `profile` is TOML on top of the profile
    /// `demo`, committed as the repository's own.
    pub fn new(name: &str, gate: Gate, profile: &str) -> Result<Self> {
        let built = Built::find()?;
        let folder = built.scratch().join(name);
        stop_services(&folder.join("data"));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("config"))?;
        let scratch = Self {
            folder,
            built,
            ports: Ports::take()?,
            settings: Vec::new(),
            variables: Vec::new(),
        };
        scratch.history("make-repo.sh")?;
        let own = match gate {
            Gate::Demo => profile.to_owned(),
            Gate::Quick => format!("{}{profile}", quick_gate(&prebuilt(&scratch)?)),
        };
        if !own.is_empty() {
            fs::write(scratch.shop().join("runner.toml"), own)?;
            scratch.git(&["add", "runner.toml"])?;
            scratch.git(&["commit", "--quiet", "--message", "chore: how it is released"])?;
        }
        // What the backup of the very first release keeps.
        let orders = scratch.shop().join(".runner/prod/data");
        fs::create_dir_all(&orders)?;
        fs::write(
            orders.join("orders.jsonl"),
            "{\"number\":1,\"item\":\"tea\",\"quantity\":1,\"total_cents\":450,\"placed_at\":1772700000}\n",
        )?;
        Ok(scratch)
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
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Watches and waits that take no longer than they must, and no traffic wanted.
    #[must_use]
    pub fn quick(self) -> Self {
        let mut settings = Vec::new();
        for environment in ["staging", "prod"] {
            let mut set = |value: &str| settings.push(format!("environments.{environment}.{value}"));
            set("health.interval=100ms");
            set("watch.duration=300ms");
            set("watch.interval=100ms");
            set("watch.rules.latency.for=200ms");
            // Of the one page that nobody visits meanwhile: what is measured differs from run to run.
            set("watch.rules.latency.query='quantile 0.95 http_request_duration_seconds{path=\"/\"}'");
            set("watch.rules.latency.no-data=ignore");
        }
        settings.push("environments.prod.watch.rules.error-rate.for=200ms".to_owned());
        settings.push("environments.prod.watch.rules.error-rate.no-data=ignore".to_owned());
        self.set(settings)
    }

    /// A rule that 0.3.0 always breaches in prod, at the third sample: a rollback without traffic and without chance.
    #[must_use]
    pub fn no_0_3_0(self) -> Self {
        let rule = "environments.prod.watch.rules.no-0-3-0";
        self.set([
            format!("{rule}.source=shop"),
            format!("{rule}.query='value shop_build_info{{version=\"0.3.0\"}}'"),
            format!("{rule}.above=0"),
            format!("{rule}.failures=3"),
            format!("{rule}.action=rollback"),
            format!("{rule}.no-data=ignore"),
        ])
    }

    /// The work tree.
    pub fn shop(&self) -> PathBuf {
        self.folder.join("shop")
    }

    /// The ports of its environments.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Runs a script of the shop's `history/` on the repository.
    pub fn history(&self, script: &str) -> Result<()> {
        let mut command = Command::new("sh");
        command
            .arg(Built::shop().join("history").join(script))
            .arg(self.shop());
        self.environment(&mut command);
        done(&mut command).map(drop)
    }
}

impl Repository for Scratch {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn work_tree(&self) -> PathBuf {
        self.shop()
    }

    fn built(&self) -> &Built {
        &self.built
    }

    fn own(&self) -> Own<'_> {
        let cargo = [
            ("CARGO_INCREMENTAL", "0".into()),
            ("CARGO_NET_OFFLINE", "true".into()),
        ];
        let set = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.into()));
        Own {
            starter: STARTER,
            passed: &PASSED,
            programs: Some(self.built.folder()),
            variables: cargo.into_iter().chain(set).collect(),
        }
    }

    fn runner(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.built.runner());
        command.current_dir(self.shop());
        self.environment(&mut command);
        command.args(["--profile", "demo"]).args(arguments);
        for (environment, port) in [("staging", self.ports.staging), ("prod", self.ports.prod)] {
            let target = format!("environments.{environment}");
            command.args(["--set", &format!("{target}.url=http://127.0.0.1:{port}")]);
            command.args([
                "--set",
                &format!("{target}.target.config.services.shop.port={port}"),
            ]);
        }
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        command.stdin(Stdio::null());
        command
    }

    fn plain(&self) -> Plain {
        Plain::new(vec![
            (self.folder.display().to_string(), "SCRATCH"),
            (self.ports.staging.to_string(), "STAGING"),
            (self.ports.prod.to_string(), "PROD"),
        ])
    }

    fn end(&self, run: &RunId, journal: &Journal, code: Option<i32>) -> Result<End> {
        end::with_places(self, End::of(self, run, journal, code)?)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        stop_services(&self.data());
        stop_strays(&self.shop());
    }
}

/// The folder with a shop that was built before.
fn prebuilt(scratch: &Scratch) -> Result<PathBuf> {
    let folder = scratch.built.scratch().join("prebuilt");
    let mut command = Command::new("cargo");
    command.current_dir(Built::shop());
    scratch.environment(&mut command);
    command
        .args(["build", "--quiet", "--locked", "--target-dir"])
        .arg(&folder);
    done(&mut command)?;
    Ok(folder.join("debug"))
}

fn quick_gate(prebuilt: &Path) -> String {
    let copy = format!(
        "mkdir -p target/debug && cp '{0}/shop' '{0}/traffic' target/debug/",
        prebuilt.display()
    );
    format!(
        "[gate]\nlint = false\nunit = false\ncontract = false\ncoverage = false\n\
         [gate.build]\nconfig.run = [\"sh\", \"-c\", {}]\n",
        serde_json::Value::from(copy)
    )
}
