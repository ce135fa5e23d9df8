//! A scratch repository of the shop, with data and configuration of its own, in which the real binary is run.

mod end;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Result;

use runner_core::id::RunId;

use crate::{Built, End, Journal, Plain, Ports, Repository, repository::done, stop_services, stop_strays};

/// Who starts releases.
const STARTER: &str = "keeper@shop.example";
/// What of the environment programs need; nothing else of whoever runs the tests gets through.
const PASSED: [&str; 9] = [
    "HOME",
    "USER",
    "LANG",
    "TMPDIR",
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

    /// RUNNER_DATA_DIR.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The ports of its environments.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// What cargo has built.
    pub fn built(&self) -> &Built {
        &self.built
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

    /// Sets the environment: that of a user, and of nobody in particular.
    fn set_environment(&self, command: &mut Command) {
        command.env_clear();
        for name in PASSED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let mut path = std::ffi::OsString::from(self.built.folder());
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        command
            .env("PATH", path)
            .env("RUNNER_ACTOR", STARTER)
            .env("RUNNER_DATA_DIR", self.data())
            .env("RUNNER_CACHE_DIR", self.built.scratch().join("cache"))
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_NET_OFFLINE", "true")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}

impl Repository for Scratch {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn work_tree(&self) -> PathBuf {
        self.shop()
    }

    fn environment(&self, command: &mut Command) {
        self.set_environment(command);
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
