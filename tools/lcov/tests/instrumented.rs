//! The tool on a program that this machine's rustc instruments: a new LLVM format shows here first.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SOURCE: &str = "\
fn main() {
    for n in 0..3 {
        if n > 7 {
            println!(\"never\");
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing() {}
}
";

/// A folder with an instrumented program and what its run left; it goes with the test.
struct Ran(PathBuf);

impl Ran {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("lcov-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("src")).unwrap();
        let folder = folder.canonicalize().unwrap();
        let source = folder.join("src/main.rs");
        std::fs::write(&source, SOURCE).unwrap();
        let program = folder.join("program");
        let build = Command::new("rustc")
            .args(["--edition=2024", "-Cinstrument-coverage", "-o"])
            .args([&program, &source])
            .env("LLVM_PROFILE_FILE", folder.join("build.unused"))
            .output()
            .unwrap();
        assert!(
            build.status.success(),
            "{}",
            String::from_utf8_lossy(&build.stderr)
        );
        let run = Command::new(&program)
            .env("LLVM_PROFILE_FILE", folder.join("run.profraw"))
            .status()
            .unwrap();
        assert!(run.success());
        Self(folder)
    }

    fn lcov(&self, root: &Path) -> Output {
        let file = |name| self.0.join(name);
        Command::new(env!("CARGO_BIN_EXE_profraw-lcov"))
            .args([
                Path::new("--profile"),
                &file("run.profraw"),
                Path::new("--object"),
                &file("program"),
            ])
            .args([
                Path::new("--root"),
                root,
                Path::new("--output"),
                &file("lcov.info"),
            ])
            .output()
            .unwrap()
    }
}

impl Drop for Ran {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn lines_that_ran_are_told_from_those_that_did_not() {
    let ran = Ran::new("lines");
    let output = ran.lcov(&ran.0);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = std::fs::read_to_string(ran.0.join("lcov.info")).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with(['S', 'D'])).collect();
    assert_eq!(lines[..3], ["SF:src/main.rs", "DA:1,1", "DA:2,3"], "{text}");
    assert!(text.contains("DA:3,3\nDA:4,0\n"), "{text}");
    assert!(
        String::from_utf8_lossy(&output.stdout).ends_with(" in 1 files\n"),
        "{output:?}"
    );
}

#[test]
fn a_project_that_was_not_run_is_an_error() {
    let ran = Ran::new("elsewhere");
    let output = ran.lcov(&ran.0.join("src").join(".."));
    assert!(
        output.status.success(),
        "the root may be written in any way: {output:?}"
    );
    let elsewhere = ran.0.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let output = ran.lcov(&elsewhere);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).starts_with("error: no source below `"),
        "{output:?}"
    );
}
