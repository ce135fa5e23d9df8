//! Debian's second compiler, with a std for the target that is built here, once, and cached.
//!
//! The package `rustc-web` is a recent `rustc` in `/usr/bin`, `rust-web-src` its sources. The built sysroot is kept
//! below `$RUNNER_WASM_CACHE`, or the user's cache folder, by the compiler's version; it appears there by one rename,
//! under a lock, so two builds at once do not meet ([`sysroot`]).

mod apt;
mod sysroot;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, io};

use thiserror::Error;

use super::rustc::{Rustc, has_std};
use super::{TARGET, Toolchain};
use crate::bounded::RunError;

/// What a person types to install what is needed here.
pub(super) const COMMAND: &str = apt::COMMAND;

/// Where Debian's compiler is; one from rustup is elsewhere.
const RUSTC: &str = "/usr/bin/rustc";

/// Why Debian's compiler cannot be used.
#[derive(Debug, Error)]
pub(super) enum DebianError {
    #[error("`{RUSTC}` is not there (package `rustc-web`)")]
    NoCompiler,
    #[error("`{RUSTC}` does not answer: {0}")]
    Compiler(#[source] RunError),
    #[error("the sources of std are not in `{}` (package `rust-web-src`)", .0.display())]
    NoSources(PathBuf),
    #[error("no linker: neither `rust-lld` in a toolchain nor `wasm-ld` on the path (package `lld`)")]
    NoLinker,
    #[error("the packages are there, but std is not built yet in `{}`", .0.display())]
    NotBuilt(PathBuf),
    #[error("no cache folder: set `RUNNER_WASM_CACHE` to one")]
    NoCacheFolder,
    #[error("the packages are missing, and {0}")]
    Install(#[from] apt::AptError),
    #[error("failed to build std in `{}`: {reason}", cache.display())]
    Build { cache: PathBuf, reason: String },
}

/// Compiler, sources and linker; all that is needed to build std.
struct Packages {
    rustc: Rustc,
    linker: PathBuf,
}

impl Packages {
    fn find() -> Result<Packages, DebianError> {
        if !Path::new(RUSTC).exists() {
            return Err(DebianError::NoCompiler);
        }
        let rustc = Rustc::ask(&RUSTC.into(), Path::new("/")).map_err(DebianError::Compiler)?;
        let sources = rustc.sysroot.join("lib/rustlib/src/rust/library");
        if !sources.join("std/Cargo.toml").exists() {
            return Err(DebianError::NoSources(sources));
        }
        let linker = linker(&rustc, env::var_os("PATH").unwrap_or_default()).ok_or(DebianError::NoLinker)?;
        Ok(Packages { rustc, linker })
    }

    /// Where the sysroot with the target's std is, or will be.
    fn sysroot(&self) -> Result<PathBuf, DebianError> {
        let Rustc { release, commit, .. } = &self.rustc;
        let name = if commit.is_empty() {
            release.clone()
        } else {
            format!("{release}-{commit}")
        };
        Ok(cache_folder(env::var_os("RUNNER_WASM_CACHE"))?.join(name))
    }

    fn toolchain(&self, sysroot: &Path) -> Toolchain {
        // The encoded form: a path may have spaces.
        let flags = format!("--sysroot\u{1f}{}", sysroot.display());
        let linker = format!("CARGO_TARGET_{}_LINKER", TARGET.to_uppercase().replace('-', "_"));
        Toolchain {
            rustc: Some(RUSTC.into()),
            env: vec![
                (linker, self.linker.display().to_string()),
                ("CARGO_ENCODED_RUSTFLAGS".to_owned(), flags),
            ],
            description: format!(
                "rustc {} of Debian, std of `{}`",
                self.rustc.release,
                sysroot.display()
            ),
        }
    }
}

/// The toolchain, if its std has been built before.
pub(super) fn ready() -> Result<Toolchain, DebianError> {
    let packages = Packages::find()?;
    let sysroot = packages.sysroot()?;
    if !has_std(&sysroot) {
        return Err(DebianError::NotBuilt(sysroot));
    }
    Ok(packages.toolchain(&sysroot))
}

/// Installs the packages where they are missing, and builds std where it is.
pub(super) fn make(note: &mut dyn FnMut(&str)) -> Result<Toolchain, DebianError> {
    let packages = match Packages::find() {
        Ok(packages) => packages,
        Err(missing @ (DebianError::NoCompiler | DebianError::NoSources(_) | DebianError::NoLinker)) => {
            apt::install(matches!(missing, DebianError::NoLinker), note)?;
            Packages::find()?
        }
        Err(error) => return Err(error),
    };
    let cache = packages.sysroot()?;
    sysroot::build(&packages.rustc, &cache, note).map_err(|error| DebianError::Build {
        cache: cache.clone(),
        reason: error.to_string(),
    })?;
    Ok(packages.toolchain(&cache))
}

/// `configured` is the value of `RUNNER_WASM_CACHE`.
fn cache_folder(configured: Option<OsString>) -> Result<PathBuf, DebianError> {
    let folder = match configured.filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => directories::BaseDirs::new()
            .map(|dirs| dirs.cache_dir().join("runner/wasm-sysroot"))
            .ok_or(DebianError::NoCacheFolder)?,
    };
    // Cargo runs elsewhere: a relative folder would be another one there.
    std::path::absolute(folder).map_err(|_: io::Error| DebianError::NoCacheFolder)
}

/// A linker for WebAssembly: the one of a Rust toolchain if possible, for it has the compiler's LLVM.
fn linker(debian: &Rustc, path: OsString) -> Option<PathBuf> {
    let on_path = Rustc::of_cargo(Path::new("."));
    let sysroots = on_path.iter().chain([debian]);
    let bundled = sysroots.map(|rustc| {
        rustc
            .sysroot
            .join("lib/rustlib")
            .join(&rustc.host)
            .join("bin/rust-lld")
    });
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let installed = ["rust-lld", "wasm-ld"]
        .into_iter()
        .flat_map(|name| folders.iter().map(move |dir| dir.join(name)));
    bundled.chain(installed).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debian(sysroot: &Path) -> Rustc {
        Rustc {
            release: "1.96.0".into(),
            commit: "ac68faa20".into(),
            host: "x86_64-unknown-linux-gnu".into(),
            sysroot: sysroot.into(),
        }
    }

    #[test]
    fn cargo_is_told_compiler_linker_and_sysroot() {
        let packages = Packages {
            rustc: debian(Path::new("/usr")),
            linker: "/opt/rust-lld".into(),
        };
        let toolchain = packages.toolchain(Path::new("/my cache/1.96.0"));
        assert_eq!(toolchain.rustc.as_deref(), Some(Path::new("/usr/bin/rustc")));
        let expected = [
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "/opt/rust-lld"),
            ("CARGO_ENCODED_RUSTFLAGS", "--sysroot\u{1f}/my cache/1.96.0"),
        ];
        assert_eq!(
            toolchain.env,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(
            toolchain.description,
            "rustc 1.96.0 of Debian, std of `/my cache/1.96.0`"
        );
    }

    #[test]
    fn a_configured_cache_folder_wins() {
        assert_eq!(
            cache_folder(Some("/var/cache/x".into())).unwrap(),
            Path::new("/var/cache/x")
        );
        assert!(cache_folder(Some("relative".into())).unwrap().is_absolute());
        assert!(
            cache_folder(Some("".into()))
                .unwrap()
                .ends_with("runner/wasm-sysroot")
        );
    }

    #[test]
    fn takes_a_linker_from_the_path_when_no_toolchain_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("wasm-ld");
        std::fs::write(&name, "").unwrap();
        // Whether the toolchain that runs this test has `rust-lld` is not ours to say: either is right.
        let found = linker(&debian(Path::new("/nowhere")), folder.path().into()).unwrap();
        assert!(
            found == name || found.ends_with("bin/rust-lld"),
            "{}",
            found.display()
        );
    }
}
