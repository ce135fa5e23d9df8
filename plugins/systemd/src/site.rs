//! One environment's place on the server: where everything lies, what its units are called, and what its config gets wrong.

use std::collections::BTreeSet;

use runner_sdk::{Context, Environment, Error, Release};
use sha2::{Digest, Sha256};

use crate::config::{Config, Nginx, Strategy};

/// How many hex digits of a digest tell two builds, or two lists of requirements, apart.
pub(crate) const DIGITS: usize = 12;
/// Stands in a plan for the digest of what is not made yet.
const NOT_YET_MADE: &str = "sha256:not-yet-made";

/// The environment and its config.
pub(crate) struct Site<'a> {
    pub(crate) context: &'a Context<Config>,
    pub(crate) config: &'a Config,
    pub(crate) environment: &'a Environment,
    /// `PROJECT-ENVIRONMENT`: what this environment's own things are called.
    pub(crate) id: String,
}

impl<'a> Site<'a> {
    /// Checks what the schema cannot say.
    pub(crate) fn of(context: &'a Context<Config>) -> Result<Self, Error> {
        let environment = context.require_environment()?;
        let config = &context.config;
        check(config).map_err(Error::InvalidConfig)?;
        let id = format!("{}-{}", context.project, environment.name);
        if !is_plain(&id) {
            return Err(Error::InvalidConfig(format!(
                "`{id}` is no name for files and units of a server"
            )));
        }
        Ok(Self {
            context,
            config,
            environment,
            id,
        })
    }

    /// Whether the strategy is what the profile's `canary` makes of the environment: else a release would wait for clients
    /// that never come, or be asked to share those that it has. Said before anything is asked of the host, so that it is heard
    /// before a run begins. Not asked when going back.
    pub(crate) fn fits_the_profile(&self) -> Result<(), Error> {
        let (name, gradual) = (&self.environment.name, self.config.strategy == Strategy::Canary);
        match (gradual, self.environment.gradual) {
            (true, false) => Err(Error::InvalidConfig(format!(
                "`strategy` is `canary`, and the profile has no `[environments.{name}.canary]`, so a release would never get \
                 a client: add its steps, or take `blue-green`"
            ))),
            (false, true) => Err(self.is_not_gradual()),
            _ => Ok(()),
        }
    }

    /// What is said where a release cannot get a part of the clients.
    pub(crate) fn is_not_gradual(&self) -> Error {
        Error::InvalidConfig(format!(
            "`strategy` is `{}`, and the profile has `[environments.{}.canary]`: take `strategy = \"canary\"` with two ports, \
             or remove `[environments.{1}.canary]`",
            self.config.strategy.name(),
            self.environment.name
        ))
    }

    /// A path below the root.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("{}/{below}", self.config.root)
    }

    pub(crate) fn lock(&self) -> String {
        self.path(".lock")
    }

    /// What tells the environments of a server apart, in the first line of every file of the set-up.
    pub(crate) fn mark(&self) -> String {
        format!("# runner: {}/{}", self.context.project, self.environment.name)
    }

    /// The site, which strategies with two ports cannot do without.
    pub(crate) fn nginx(&self) -> Result<&'a Nginx, Error> {
        self.config
            .nginx
            .as_ref()
            .ok_or_else(|| Error::invalid_config("there is no `nginx` in the config"))
    }

    /// The file that only root reads.
    pub(crate) fn env_file(&self) -> String {
        format!("/etc/runner/{}.env", self.id)
    }

    /// The site's own log of requests.
    pub(crate) fn access_log(&self) -> String {
        format!("/var/log/nginx/{}.access.log", self.id)
    }

    /// The site's own log of errors.
    pub(crate) fn error_log(&self) -> String {
        format!("/var/log/nginx/{}.error.log", self.id)
    }

    /// Whether there are two ports to switch between.
    pub(crate) fn has_slots(&self) -> bool {
        self.config.strategy != Strategy::Restart
    }

    /// The link to the release of a unit: `current`, or with two ports `slots/PORT`.
    pub(crate) fn link_of(&self, port: u16) -> String {
        match self.has_slots() {
            true => self.path(&format!("slots/{port}")),
            false => self.path("current"),
        }
    }

    /// The full name of the unit that answers on a port.
    pub(crate) fn web_unit(&self, port: u16) -> String {
        self.unit(&self.config.web.unit, port)
    }

    /// The full names of the workers beside it.
    pub(crate) fn worker_units(&self, port: u16) -> Vec<String> {
        self.config
            .workers
            .values()
            .map(|worker| self.unit(&worker.unit, port))
            .collect()
    }

    /// All of them.
    pub(crate) fn units(&self, port: u16) -> Vec<String> {
        std::iter::once(self.web_unit(port))
            .chain(self.worker_units(port))
            .collect()
    }

    fn unit(&self, name: &str, port: u16) -> String {
        match self.has_slots() {
            true => format!("{name}@{port}.service"),
            false => format!("{name}.service"),
        }
    }

    /// The folder of a release, relative to the root. Builds of the same version with other bytes have another one.
    pub(crate) fn folder_of(&self, release: &Release) -> String {
        let unmade = release.artifacts.is_empty()
            || release
                .artifacts
                .iter()
                .any(|artifact| artifact.digest == NOT_YET_MADE);
        if self.context.is_plan() && unmade {
            return format!("releases/{}-unbuilt", release.version);
        }
        let all: String = release
            .artifacts
            .iter()
            .map(|artifact| format!("{}\0{}\n", artifact.name, artifact.digest))
            .collect();
        format!("releases/{}-{}", release.version, digest(&all))
    }
}

/// The first hex digits of a text's SHA-256.
pub(crate) fn digest(text: &str) -> String {
    let all: String = Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    all[..DIGITS].to_owned()
}

/// Whether a name can be a part of a path, of a unit's name and of a line in nginx's files.
pub(crate) fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && !name.starts_with(['.', '-']) && name.chars().all(fits)
}

fn check(config: &Config) -> Result<(), String> {
    for (at, path) in [
        ("root", Some(&config.root)),
        ("frontend.web-root", config.frontend.as_ref().map(|f| &f.web_root)),
    ] {
        let Some(path) = path else { continue };
        let parts: Vec<_> = path.split('/').skip(1).collect();
        if !path.starts_with('/') || parts.len() < 2 || !parts.iter().all(|part| is_plain(part)) {
            return Err(format!(
                "`{at}` is `{path}`: give the environment a folder of its own, e.g. `/opt/shop-staging`"
            ));
        }
    }
    if let Some(frontend) = &config.frontend {
        let (root, web_root) = (format!("{}/", config.root), format!("{}/", frontend.web_root));
        if root.starts_with(&web_root) || web_root.starts_with(&root) {
            return Err(format!(
                "`root` and `frontend.web-root` lie in each other: {} and {}",
                config.root, frontend.web_root
            ));
        }
    }
    names(config)?;
    ports(config)
}

fn names(config: &Config) -> Result<(), String> {
    if config.workers.contains_key("web") {
        return Err("`workers.web`: the unit that answers is called that".to_owned());
    }
    let mut units = BTreeSet::new();
    let workers = config
        .workers
        .iter()
        .map(|(name, worker)| (format!("workers.{name}.unit"), &worker.unit));
    let web = [("web.unit".to_owned(), &config.web.unit)];
    for (at, unit) in web.into_iter().chain(workers) {
        if !is_plain(unit) {
            return Err(format!(
                "`{at}` is `{unit}`: a unit is named by letters, digits, `-`, `_` and `.`, without `.service`"
            ));
        }
        if !units.insert(unit) {
            return Err(format!(
                "`{at}` is `{unit}`, which another unit is called already"
            ));
        }
    }
    let frontend = config
        .frontend
        .as_ref()
        .map(|frontend| ("frontend.artifact", &frontend.artifact));
    let site = config.nginx.as_ref().map(|nginx| ("nginx.site", &nginx.site));
    let database = config.database.as_ref();
    let more = [
        frontend,
        site,
        Some(("backend.artifact", &config.backend.artifact)),
        Some(("user", &config.user)),
        database.map(|database| ("database.name", &database.name)),
        database.map(|database| ("database.owner", &database.owner)),
        database.and_then(|database| Some(("database.copy-from", database.copy_from.as_ref()?))),
    ];
    let names = config
        .nginx
        .iter()
        .flat_map(|nginx| nginx.names.iter().map(|name| ("nginx.names", name)));
    let timers = config.timers.keys().map(|name| ("timers", name));
    for (at, name) in more.into_iter().flatten().chain(names).chain(timers) {
        if !is_plain(name) {
            return Err(format!(
                "`{at}` is `{name}`: it is made of letters, digits, `-`, `_` and `.`"
            ));
        }
    }
    let variable =
        |name: &&String| name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match config.env.keys().find(variable) {
        Some(odd) => Err(format!("`env.{odd}` is no name of a variable")),
        None => Ok(()),
    }
}

fn ports(config: &Config) -> Result<(), String> {
    let (strategy, ports) = (config.strategy, &config.web.ports);
    match (strategy, ports.as_slice()) {
        (Strategy::Restart, [_]) => {}
        (Strategy::Restart, _) => return Err("`web.ports`: `restart` has one port".to_owned()),
        (_, [one, other]) if one != other => {}
        _ => {
            return Err(
                "`web.ports`: the old and the new version stand side by side, so there are two ports"
                    .to_owned(),
            );
        }
    }
    if strategy != Strategy::Restart && config.nginx.is_none() {
        return Err(
            "`nginx` is missing: without it nothing can be switched from one port to the other".to_owned(),
        );
    }
    match config
        .workers
        .values()
        .flat_map(|worker| &worker.run)
        .find(|word| word.contains("{{port}}"))
    {
        Some(word) => Err(format!("`{word}` of a worker: only `web` has a port")),
        None => Ok(()),
    }
}
