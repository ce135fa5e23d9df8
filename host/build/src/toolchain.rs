//! Finds, or makes, a Rust toolchain with the target `wasm32-unknown-unknown`.
//!
//! Three ways, the first that works: the target is installed; `rustup` adds it; on Debian a second `rustc` and its
//! sources come from apt and the target's std is built once ([`debian`]). [`ready`] only looks, [`make`] also
//! installs and builds.

mod debian;
mod rustc;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use thiserror::Error;

use crate::bounded;
use rustc::{Rustc, has_std};

/// The target of every plugin: no operating system, hence no import that is not ours.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// A download of 20 MB; without network `rustup` gives up by itself, mostly earlier.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// What cargo has to be told in order to build for [`TARGET`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// The compiler to use instead of the one that cargo would take.
    pub rustc: Option<PathBuf>,
    /// Further environment variables for cargo: linker and flags of the target.
    pub env: Vec<(String, String)>,
    /// One line for people: which compiler, and where its std comes from.
    pub description: String,
}

impl Toolchain {
    /// Makes a command of cargo use this toolchain.
    ///
    /// Flags from the environment are dropped: they are meant for native code, they would hide the ones that the
    /// target needs, and a plugin's bytes must not depend on them.
    pub fn apply(&self, cargo: &mut Command) {
        cargo
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        if let Some(rustc) = &self.rustc {
            cargo.env("RUSTC", rustc);
        }
        cargo.envs(self.env.iter().map(|(name, value)| (name, value)));
    }
}

/// A way to get the target, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The target's std is in the sysroot of the compiler that cargo would take.
    Installed,
    /// `rustup` downloads it.
    Rustup,
    /// Debian's second compiler, with its std built here.
    Debian,
}

impl Way {
    /// What a person types to go this way.
    pub fn command(self) -> &'static str {
        match self {
            Way::Installed => "rustc --print sysroot",
            Way::Rustup => "rustup target add wasm32-unknown-unknown",
            Way::Debian => debian::COMMAND,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Way::Installed => "the compiler that cargo uses has it",
            Way::Rustup => "rustup adds it",
            Way::Debian => "Debian's packages, std built here",
        }
    }
}

/// One way that did not work.
#[derive(Debug)]
pub struct Attempt {
    /// Which one.
    pub way: Way,
    /// Why not; a sentence fragment, with further lines where a program's output explains it.
    pub reason: String,
}

/// No way led to the target.
#[derive(Debug, Error)]
pub struct NoTarget {
    /// All ways in order, each with its reason.
    pub attempts: Vec<Attempt>,
}

impl fmt::Display for NoTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no Rust toolchain for `{TARGET}`; one of these gives one:")?;
        for (index, Attempt { way, reason }) in self.attempts.iter().enumerate() {
            write!(f, "\n  {}. {}: `{}`", index + 1, way.title(), way.command())?;
            for (line, text) in reason.lines().enumerate() {
                write!(f, "\n     {}{text}", if line == 0 { "not so: " } else { "  " })?;
            }
        }
        Ok(())
    }
}

/// Looks for a toolchain that can be used as it is, and changes nothing.
///
/// `dir` is where cargo will run: a `rust-toolchain.toml` there decides which compiler is meant.
///
/// # Errors
/// When there is none; the reasons say what is missing. [`make`] may still succeed.
pub fn ready(dir: &Path) -> Result<Toolchain, NoTarget> {
    let installed = match installed(dir) {
        Ok(toolchain) => return Ok(toolchain),
        Err(reason) => reason,
    };
    let debian = match debian::ready() {
        Ok(toolchain) => return Ok(toolchain),
        Err(error) => error.to_string(),
    };
    let attempts = [
        (Way::Installed, installed),
        (Way::Rustup, "not tried yet".to_owned()),
        (Way::Debian, debian),
    ];
    Err(NoTarget {
        attempts: attempts.map(|(way, reason)| Attempt { way, reason }).into(),
    })
}

/// Gives a toolchain, and installs what it needs if there is none yet.
///
/// `note` is told, in a sentence, before anything that takes long or changes the machine.
///
/// # Errors
/// When no way works: one error that has all of them, with the commands and the reasons.
pub fn make(dir: &Path, note: &mut dyn FnMut(&str)) -> Result<Toolchain, NoTarget> {
    // What is there already comes before a download that may have to wait for a network.
    let mut attempts = match ready(dir) {
        Ok(toolchain) => return Ok(toolchain),
        Err(error) => error.attempts,
    };
    note(&format!("Adding the target {TARGET} with rustup."));
    match rustup(dir) {
        Ok(toolchain) => return Ok(toolchain),
        Err(reason) => attempts[1].reason = reason,
    }
    match debian::make(note) {
        Ok(toolchain) => Ok(toolchain),
        Err(error) => {
            attempts[2].reason = error.to_string();
            Err(NoTarget { attempts })
        }
    }
}

fn installed(dir: &Path) -> Result<Toolchain, String> {
    let rustc = Rustc::of_cargo(dir).map_err(|error| error.to_string())?;
    if !has_std(&rustc.sysroot) {
        return Err(format!("no std for it in `{}`", rustc.sysroot.display()));
    }
    let description = format!("rustc {}, std of `{}`", rustc.release, rustc.sysroot.display());
    Ok(Toolchain {
        rustc: None,
        env: Vec::new(),
        description,
    })
}

fn rustup(dir: &Path) -> Result<Toolchain, String> {
    let mut command = Command::new("rustup");
    command.current_dir(dir).args(["target", "add", TARGET]);
    bounded::run(&mut command, RUSTUP_LIMIT).map_err(|error| error.to_string())?;
    installed(dir).map_err(|reason| format!("`rustup` succeeded, but cargo uses another compiler: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_every_way_with_its_command_and_reason() {
        let attempts = vec![
            Attempt {
                way: Way::Installed,
                reason: "no std for it in `/usr`".into(),
            },
            Attempt {
                way: Way::Rustup,
                reason: "`rustup target add wasm32-unknown-unknown` failed (exit status: 1)\nno network"
                    .into(),
            },
            Attempt {
                way: Way::Debian,
                reason: "not root, and `sudo -n` does not work".into(),
            },
        ];
        insta::assert_snapshot!(NoTarget { attempts }, @r"
        no Rust toolchain for `wasm32-unknown-unknown`; one of these gives one:
          1. the compiler that cargo uses has it: `rustc --print sysroot`
             not so: no std for it in `/usr`
          2. rustup adds it: `rustup target add wasm32-unknown-unknown`
             not so: `rustup target add wasm32-unknown-unknown` failed (exit status: 1)
               no network
          3. Debian's packages, std built here: `apt-get update && apt-get install -y --no-install-recommends rustc-web rust-web-src`
             not so: not root, and `sudo -n` does not work
        ");
    }

    #[test]
    fn flags_for_native_code_do_not_reach_the_plugin() {
        let toolchain = Toolchain {
            rustc: Some("/usr/bin/rustc".into()),
            env: vec![("CARGO_ENCODED_RUSTFLAGS".into(), "--sysroot\u{1f}/s".into())],
            description: String::new(),
        };
        let mut cargo = Command::new("cargo");
        cargo.env("RUSTFLAGS", "-Ctarget-cpu=native");
        toolchain.apply(&mut cargo);
        let value = |name: &str| {
            cargo
                .get_envs()
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value)
        };
        assert_eq!(value("RUSTFLAGS"), None);
        assert_eq!(value("RUSTC").unwrap(), "/usr/bin/rustc");
        assert_eq!(value("CARGO_ENCODED_RUSTFLAGS").unwrap(), "--sysroot\u{1f}/s");
    }
}
