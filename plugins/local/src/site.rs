//! One environment's place on the machine: where everything lies, and what its processes are called.

use runner_sdk::{Context, Environment, Error, Release};
use sha2::{Digest, Sha256};

use crate::Config;

/// How many hex digits of the digest tell builds of one version apart.
const DIGITS: usize = 12;
/// Stands in a plan for the digest of what is not made yet.
pub(crate) const NOT_YET_MADE: &str = "sha256:not-yet-made";

/// The environment, its folder and its config.
pub(crate) struct Site<'a> {
    pub(crate) context: &'a Context<Config>,
    pub(crate) environment: &'a Environment,
    /// Without a slash at its end.
    pub(crate) root: &'a str,
}

impl<'a> Site<'a> {
    /// Checks what the schema cannot say.
    pub(crate) fn of(context: &'a Context<Config>) -> Result<Self, Error> {
        let config = &context.config;
        let root = config.root.trim_end_matches('/');
        if root.is_empty() || root == "." {
            let message = format!(
                "`root` is `{}`: give the environment a folder of its own",
                config.root
            );
            return Err(Error::InvalidConfig(message));
        }
        if config.services.is_empty() {
            return Err(Error::invalid_config(
                "`services` is empty: there is nothing to run",
            ));
        }
        for name in config.services.keys() {
            if !is_plain(name) {
                let message = format!("`services.{name}`: a name is made of letters, digits, `-` and `_`");
                return Err(Error::InvalidConfig(message));
            }
        }
        let environment = context.require_environment()?;
        Ok(Self {
            context,
            environment,
            root,
        })
    }

    /// A path below the root, as the host takes it.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("{}/{below}", self.root)
    }

    pub(crate) fn lock(&self) -> String {
        self.path("lock")
    }

    /// The folder of a release, relative to the root. Builds of the same version with other bytes have another one.
    pub(crate) fn folder_of(&self, release: &Release) -> String {
        let mut artifacts = release.artifacts.iter();
        let unmade =
            release.artifacts.is_empty() || artifacts.any(|artifact| artifact.digest == NOT_YET_MADE);
        if self.context.is_plan() && unmade {
            return format!("releases/{}-unbuilt", release.version);
        }
        let mut hash = Sha256::new();
        for artifact in &release.artifacts {
            hash.update(format!("{}\0{}\n", artifact.name, artifact.digest));
        }
        let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("releases/{}-{}", release.version, &digest[..DIGITS])
    }

    /// What the machine calls a process.
    pub(crate) fn service_name(&self, name: &str) -> String {
        format!("{}-{}-{name}", self.context.project, self.environment.name)
    }

    /// The root as a process sees it that runs in the folder of its release.
    pub(crate) fn root_from_release(&self) -> &str {
        if self.is_absolute() { self.root } else { "../.." }
    }

    /// The folder of its release as a process sees it that runs there.
    pub(crate) fn release_from_release(&self, folder: &str) -> String {
        if self.is_absolute() {
            self.path(folder)
        } else {
            ".".to_owned()
        }
    }

    fn is_absolute(&self) -> bool {
        self.root.starts_with('/')
    }
}

/// Whether a name can be a part of a path and of a process's name.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
