//! `runner.lock`: the plugins from files that this project trusts, by their bytes and what they ask for. One that is not in
//! it, or changed since, is not run until a person trusts it again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use runner_core::digest::Digest;
use runner_core::manifest::{Manifest, Want};
use runner_engine::plugin::Inspection;
use serde::{Deserialize, Serialize};

use crate::error::{CommandError, Done};

/// What stands at the top of the file.
const HEAD: &str =
    "# Plugins from files that this project trusts. Written by `runner plugin trust PATH`; commit it.\n\n";

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Lock {
    /// By the reference in the profile, e.g. `./acme-wiki.wasm`.
    #[serde(default)]
    plugin: BTreeMap<String, Trusted>,
}

/// A plugin as it was when a person trusted it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Trusted {
    name: String,
    version: String,
    digest: Digest,
    /// What it asked for; for whoever reviews the file.
    #[serde(default)]
    wants: Vec<Want>,
}

impl Lock {
    /// Reads the file; one that is not there trusts nothing.
    pub(crate) fn read(path: &Path) -> Done<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(CommandError::config(format!(
                    "cannot read {}: {error}",
                    path.display()
                )));
            }
        };
        toml::from_str(&text).map_err(|error| {
            CommandError::config(format!("cannot read runner.lock: {}", error.to_string().trim()))
                .hint("take it from git again, or remove it and `runner plugin trust` each plugin")
        })
    }

    /// Writes the file, all of it or nothing.
    pub(crate) fn write(&self, path: &Path) -> Done<()> {
        let body = toml::to_string(self).map_err(|error| CommandError::internal(error.to_string()))?;
        let temporary = path.with_extension(format!("lock.{}", std::process::id()));
        fs::write(&temporary, format!("{HEAD}{body}"))?;
        Ok(fs::rename(&temporary, path)?)
    }

    /// Trusts a plugin as it is.
    pub(crate) fn trust(&mut self, reference: &str, inspection: &Inspection) {
        let Manifest {
            name, version, wants, ..
        } = inspection.manifest.clone();
        let trusted = Trusted {
            name,
            version: version.to_string(),
            digest: inspection.digest.clone(),
            wants,
        };
        self.plugin.insert(reference.to_owned(), trusted);
    }

    /// Fails unless the plugin is the one that was trusted.
    pub(crate) fn check(&self, reference: &str, inspection: &Inspection) -> Done<()> {
        let why = match self.plugin.get(reference) {
            None => format!("plugin `{reference}` is not official, and nobody has trusted it"),
            Some(trusted) if trusted.wants != inspection.manifest.wants => {
                format!("plugin `{reference}` asks for something else than when it was trusted")
            }
            Some(trusted) if trusted.digest != inspection.digest => {
                format!("plugin `{reference}` is not the one that was trusted: its bytes have changed")
            }
            Some(_) => return Ok(()),
        };
        Err(CommandError::config(why).hint(format!(
            "see what it asks for, and trust it: `runner plugin trust {reference}`"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspection(bytes: &[u8], reason: &str) -> Inspection {
        let text = format!(
            "name = \"wiki\"\nversion = \"1.0.0\"\ndescription = \"Writes pages\"\nroles = [\"notifier\"]\n\
             [[wants]]\nreason = \"{reason}\"\nhttp = [\"POST https://wiki.example/*\"]\n"
        );
        Inspection {
            manifest: Manifest::parse(&text).expect("a manifest"),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            imports: Vec::new(),
            exports: Vec::new(),
        }
    }

    #[test]
    fn a_plugin_runs_only_as_it_was_trusted() {
        let first = inspection(b"one", "to write pages");
        let mut lock = Lock::default();
        assert!(lock.check("./wiki.wasm", &first).is_err());
        lock.trust("./wiki.wasm", &first);
        assert!(lock.check("./wiki.wasm", &first).is_ok());
        assert!(lock.check("./other.wasm", &first).is_err());
        assert!(
            lock.check("./wiki.wasm", &inspection(b"two", "to write pages"))
                .is_err()
        );
        assert!(lock.check("./wiki.wasm", &inspection(b"one", "for fun")).is_err());
    }

    #[test]
    fn the_file_reads_back_and_says_what_was_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("runner.lock");
        assert_eq!(Lock::read(&path).expect("none is empty"), Lock::default());
        let mut lock = Lock::default();
        lock.trust("./wiki.wasm", &inspection(b"one", "to write pages"));
        lock.write(&path).expect("written");
        assert_eq!(Lock::read(&path).expect("reads"), lock);
        insta::assert_snapshot!(fs::read_to_string(&path).expect("there"), @r#"
        # Plugins from files that this project trusts. Written by `runner plugin trust PATH`; commit it.

        [plugin."./wiki.wasm"]
        name = "wiki"
        version = "1.0.0"
        digest = "sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"

        [[plugin."./wiki.wasm".wants]]
        reason = "to write pages"
        http = ["POST https://wiki.example/*"]
        "#);
        fs::write(&path, "[plugin]\nx = 1\n").expect("written");
        assert!(Lock::read(&path).is_err());
    }
}
