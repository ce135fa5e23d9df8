//! Whole commands of the `runner` binary, beside git doing the least that they rest on.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::measure::{Subject, Table};

/// How many commits the synthetic repository has.
const COMMITS: usize = 20_000;

pub(crate) fn measure(table: &mut Table) {
    let Some(runner) = std::env::var_os("RUNNER_BENCH_BINARY").map(PathBuf::from) else {
        println!(
            "(commands are left out: RUNNER_BENCH_BINARY does not name the binary; `make bench` does)\n"
        );
        return;
    };
    let folder = crate::journal::folder();
    let repository = folder.path().join("repository");
    synthesize(&repository);
    let with = |program: &Path, arguments: &'static [&'static str]| {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let command = format!("{name} {}", arguments.join(" "));
        let (program, repository) = (program.to_path_buf(), repository.clone());
        let data = folder.path().join("data");
        Subject::new(command.clone(), move || {
            let output = Command::new(&program)
                .args(arguments)
                .current_dir(&repository)
                .env("RUNNER_DATA_DIR", &data)
                .stdin(Stdio::null())
                .output()
                .expect("starts");
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command}: {told}");
        })
    };
    let git = Path::new("git");
    table.compare(
        "cold start",
        20,
        vec![
            with(git, &["--version"]),
            with(&runner, &["--version"]),
            with(&runner, &["profile", "check"]),
        ],
    );
    let mut subjects = vec![
        with(git, &["log", "--format=%B"]),
        with(&runner, &["version"]),
        with(&runner, &["changelog"]),
    ];
    // The tool that people know for this, where it is installed.
    let cliff = Path::new("git-cliff");
    if Command::new(cliff)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        subjects.push(with(cliff, &["--unreleased"]));
    }
    table.compare(&format!("{COMMITS} commits since the last tag"), 5, subjects);
}

/// A repository of many conventional commits after one tag, and a profile with one check.
fn synthesize(folder: &Path) {
    let git = |arguments: &[&str]| {
        let status = Command::new("git").arg("-C").arg(folder).args(arguments).status();
        assert!(status.expect("git starts").success(), "git {arguments:?}");
    };
    std::fs::create_dir(folder).expect("a folder");
    git(&["init", "--quiet", "--initial-branch", "main"]);
    let mut import = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git starts");
    let stream = stream();
    import
        .stdin
        .take()
        .expect("a pipe")
        .write_all(stream.as_bytes())
        .expect("written");
    assert!(import.wait().expect("ends").success());
    git(&["reset", "--quiet", "--hard"]);
}

fn stream() -> String {
    let profile =
        "[project]\nname = \"bench\"\n\n[gate.true]\nplugin = \"command\"\nconfig.run = [\"true\"]\n";
    let mut stream = String::new();
    for n in 0..=COMMITS {
        let kind = ["feat", "fix", "perf", "docs", "chore", "refactor"][n % 6];
        let scope = ["cart", "search", "checkout"][n % 3];
        let mut message = format!("{kind}({scope}): change number {n}\n");
        if n % 10 == 0 {
            message += "\nWhy it was made, in a body of two lines,\nas people write them.\n\nRefs: #4711\n";
        }
        stream += &format!(
            "commit refs/heads/main\nmark :{}\ncommitter Ann <ann@example.com> {} +0000\ndata {}\n{message}\n",
            n + 1,
            1_700_000_000 + n,
            message.len()
        );
        if n == 0 {
            stream += &format!("M 100644 inline runner.toml\ndata {}\n{profile}\n", profile.len());
            stream += "reset refs/tags/v1.0.0\nfrom :1\n\n";
        }
    }
    stream
}
