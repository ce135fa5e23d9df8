//! Builds std for the target and puts it into a sysroot of its own.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use thiserror::Error;

use super::RUSTC;
use crate::bounded::{self, RunError};
use crate::toolchain::TARGET;
use crate::toolchain::rustc::{Rustc, has_std, libraries};

/// Measured: 35 s on two idle cores; the rest is for a slow machine and the download of std's dependencies.
const LIMIT: Duration = Duration::from_secs(1200);

/// The crate that is built so that cargo builds std for it.
const SEED: &str = "runner_std_seed";

/// What the folders begin with in which std is built.
const WORK_PREFIX: &str = ".building-";

/// Why there is no sysroot afterwards.
#[derive(Debug, Error)]
pub(super) enum SysrootError {
    #[error("{0}")]
    Cargo(#[from] RunError),
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("cargo succeeded, but left no `libstd` in `{}`", .0.display())]
    NoStd(PathBuf),
}

/// Makes `cache` a sysroot of `rustc` with the std of the target, unless it is one.
///
/// Another process that does the same is waited for; what was half built by a killed one is never seen.
pub(super) fn build(rustc: &Rustc, cache: &Path, note: &mut dyn FnMut(&str)) -> Result<(), SysrootError> {
    let parent = cache.parent().unwrap_or(Path::new("/"));
    let io = |source| SysrootError::Io {
        path: parent.to_owned(),
        source,
    };
    fs::create_dir_all(parent).map_err(io)?;
    let lock = File::create(parent.join(".lock")).map_err(io)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            note(&format!(
                "Waiting for another process that builds std for {TARGET}."
            ));
            lock.lock().map_err(io)?;
        }
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    if has_std(cache) {
        return Ok(());
    }
    note(&format!(
        "Building std for {TARGET} with rustc {}, once; this takes about a minute.",
        rustc.release
    ));
    remove_leftovers(parent).map_err(io)?;
    let work = tempfile::Builder::new()
        .prefix(WORK_PREFIX)
        .tempdir_in(parent)
        .map_err(io)?;
    let rlibs = compile(work.path())?;
    let sysroot = work.path().join("sysroot");
    assemble(rustc, &rlibs, &sysroot).map_err(io)?;
    if !has_std(&sysroot) {
        return Err(SysrootError::NoStd(rlibs));
    }
    // What is there has no std, else we had returned: a leftover that would only be in the way.
    if cache.exists() {
        fs::remove_dir_all(cache).map_err(io)?;
    }
    fs::rename(&sysroot, cache).map_err(io)
}

/// Removes what killed builds left behind; we hold the lock, so none is at work.
fn remove_leftovers(parent: &Path) -> io::Result<()> {
    for entry in parent.read_dir()? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(WORK_PREFIX) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Builds an empty crate, and std for it, below `work`; returns the folder of the libraries.
fn compile(work: &Path) -> Result<PathBuf, SysrootError> {
    let seed = work.join("seed");
    let io = |source| SysrootError::Io {
        path: seed.clone(),
        source,
    };
    let manifest = format!("[package]\nname = \"{SEED}\"\nedition = \"2021\"\n\n[workspace]\n");
    fs::create_dir_all(seed.join("src")).map_err(io)?;
    fs::write(seed.join("Cargo.toml"), manifest).map_err(io)?;
    fs::write(seed.join("src/lib.rs"), "").map_err(io)?;
    let target_dir = work.join("target");
    let mut cargo = Command::new(crate::cargo::program());
    cargo
        .current_dir(&seed)
        .args([
            "build",
            "--release",
            "-Zbuild-std=std,panic_abort",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(&target_dir)
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        // Without the bitcode a plugin cannot be built with LTO.
        .env("CARGO_ENCODED_RUSTFLAGS", "-Cembed-bitcode=yes");
    bounded::run(&mut cargo, LIMIT)?;
    Ok(target_dir.join(TARGET).join("release/deps"))
}

/// Puts the libraries where a compiler looks for them, beside the host's own ones.
fn assemble(rustc: &Rustc, rlibs: &Path, sysroot: &Path) -> io::Result<()> {
    let libraries = libraries(sysroot, TARGET);
    fs::create_dir_all(&libraries)?;
    for entry in rlibs.read_dir()? {
        let file = entry?.path();
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".rlib") && !name.starts_with(&format!("lib{SEED}-")) {
            fs::copy(&file, libraries.join(name))?;
        }
    }
    // The compiler looks for its own tools there, too.
    let host = Path::new("lib/rustlib").join(&rustc.host);
    #[cfg(unix)]
    std::os::unix::fs::symlink(rustc.sysroot.join(&host), sysroot.join(&host))?;
    #[cfg(not(unix))]
    let _ = host;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sysroot_has_the_libraries_without_the_seed() {
        let folder = tempfile::tempdir().unwrap();
        let rlibs = folder.path().join("deps");
        fs::create_dir_all(&rlibs).unwrap();
        for name in [
            "libstd-1.rlib",
            "libstd-1.rmeta",
            "libcore-2.rlib",
            "librunner_std_seed-3.rlib",
        ] {
            fs::write(rlibs.join(name), name).unwrap();
        }
        let rustc = Rustc {
            release: "1.96.0".into(),
            commit: String::new(),
            host: "x86_64-unknown-linux-gnu".into(),
            sysroot: folder.path().join("usr"),
        };
        let sysroot = folder.path().join("sysroot");
        assemble(&rustc, &rlibs, &sysroot).unwrap();
        let mut names: Vec<String> = libraries(&sysroot, TARGET)
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["libcore-2.rlib", "libstd-1.rlib"]);
        assert!(has_std(&sysroot));
    }

    #[test]
    fn removes_only_what_killed_builds_left() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".building-abc/target", "1.96.0/lib"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        remove_leftovers(folder.path()).unwrap();
        assert!(!folder.path().join(".building-abc").exists());
        assert!(folder.path().join("1.96.0/lib").exists());
    }

    #[test]
    fn a_built_sysroot_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("1.96.0");
        let libraries = libraries(&cache, TARGET);
        fs::create_dir_all(&libraries).unwrap();
        fs::write(libraries.join("libstd-1.rlib"), "").unwrap();
        let rustc = Rustc {
            release: "1.96.0".into(),
            commit: String::new(),
            host: String::new(),
            sysroot: "/nowhere".into(),
        };
        let mut notes = Vec::new();
        build(&rustc, &cache, &mut |text| notes.push(text.to_owned())).unwrap();
        assert_eq!(notes, Vec::<String>::new());
    }
}
