//! Asks a compiler who it is and where its libraries are.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::TARGET;
use crate::bounded::{self, RunError};

/// The first call through rustup may read a few files; the compiler itself answers at once.
const LIMIT: Duration = Duration::from_secs(30);

/// A compiler, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rustc {
    /// `1.96.0`.
    pub(super) release: String,
    /// The first nine digits of the commit, or empty; two builds of one release may differ.
    pub(super) commit: String,
    /// The triple that it runs on.
    pub(super) host: String,
    /// Where its libraries are.
    pub(super) sysroot: PathBuf,
}

impl Rustc {
    /// The compiler that cargo takes in `dir`.
    pub(super) fn of_cargo(dir: &Path) -> Result<Rustc, RunError> {
        let program = env::var_os("RUSTC")
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| "rustc".into());
        Rustc::ask(&program, dir)
    }

    /// The compiler `program`, called in `dir`.
    pub(super) fn ask(program: &OsString, dir: &Path) -> Result<Rustc, RunError> {
        let call =
            |arguments: &[&str]| bounded::run(Command::new(program).current_dir(dir).args(arguments), LIMIT);
        let sysroot = PathBuf::from(call(&["--print", "sysroot"])?.trim_end_matches('\n'));
        Ok(Rustc::parse(&call(&["-vV"])?, sysroot))
    }

    fn parse(verbose: &str, sysroot: PathBuf) -> Rustc {
        let value = |key: &str| {
            let found = verbose
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
            found.unwrap_or_default().to_owned()
        };
        let commit = value("commit-hash")
            .chars()
            .filter(char::is_ascii_hexdigit)
            .take(9)
            .collect();
        Rustc {
            release: value("release"),
            commit,
            host: value("host"),
            sysroot,
        }
    }
}

/// Where the libraries of `target` are below `sysroot`.
pub(super) fn libraries(sysroot: &Path, target: &str) -> PathBuf {
    sysroot.join("lib/rustlib").join(target).join("lib")
}

/// Whether the std of [`TARGET`] is in `sysroot`.
pub(super) fn has_std(sysroot: &Path) -> bool {
    let Ok(entries) = libraries(sysroot, TARGET).read_dir() else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_rustc_says_about_itself() {
        let verbose = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\nbinary: rustc\n\
            commit-hash: ac68faa20c58cbccd01ee7208bf3b6e93a7d7f96\ncommit-date: 2026-05-25\n\
            host: aarch64-unknown-linux-gnu\nrelease: 1.96.0\nLLVM version: 22.1.8\n";
        let rustc = Rustc::parse(verbose, "/usr".into());
        let expected = Rustc {
            release: "1.96.0".into(),
            commit: "ac68faa20".into(),
            host: "aarch64-unknown-linux-gnu".into(),
            sysroot: "/usr".into(),
        };
        assert_eq!(rustc, expected);
    }

    #[test]
    fn an_unknown_commit_is_empty() {
        assert_eq!(
            Rustc::parse("release: 1.95.0\ncommit-hash: unknown\n", "/".into()).commit,
            ""
        );
    }

    #[test]
    fn a_sysroot_has_std_only_with_the_library_itself() {
        let sysroot = tempfile::tempdir().unwrap();
        assert!(!has_std(sysroot.path()));
        let libraries = libraries(sysroot.path(), TARGET);
        std::fs::create_dir_all(&libraries).unwrap();
        std::fs::write(libraries.join("libcore-1a2b.rlib"), "").unwrap();
        assert!(!has_std(sysroot.path()));
        std::fs::write(libraries.join("libstd-1a2b.rlib"), "").unwrap();
        assert!(has_std(sysroot.path()));
    }
}
