//! Files of a scratch workspace, what leads out of it, and lines that many add at once.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
};

use super::*;

struct Bench {
    folder: tempfile::TempDir,
    files: Files,
}

impl Bench {
    fn new(paths: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let work = folder.path().join("work");
        fs::create_dir(&work).expect("made");
        for path in paths {
            let path = work.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "content").expect("written");
        }
        let workspace = Workspace::open(&work).expect("a workspace");
        let files = Files::new(workspace, folder.path().join("run"), Stop::default());
        Self { folder, files }
    }

    fn work(&self, path: &str) -> PathBuf {
        self.folder.path().join("work").join(path)
    }

    fn glob(&self, pattern: &str) -> String {
        match self.files.glob(pattern) {
            Ok(Response::Names(names)) => names.join(" "),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn reads_files_of_the_workspace_only_and_only_so_much() {
    let bench = Bench::new(&["a/one.txt"]);
    fs::write(bench.folder.path().join("secret"), "x").expect("written");
    symlink("../secret", bench.work("link")).expect("linked");
    let content = |text: &str| Ok(Response::Content(Some(text.into())));
    assert_eq!(bench.files.read("a/one.txt", 7), content("content"));
    assert_eq!(bench.files.read("a/../a/one.txt", 100), content("content"));
    let said = [("a/one.txt", 6), ("none.txt", 9), ("a", 9), ("a/one.txt/x", 9)]
        .map(|(path, max)| bench.files.read(path, max).expect_err(path).to_string())
        .join("\n");
    insta::assert_snapshot!(said, @"
    cannot read `a/one.txt`: it has 7 bytes, more than the 6 asked for
    no file `none.txt` in the workspace
    cannot read `a`: it is not a file
    no file `a/one.txt/x` in the workspace
    ");
    for path in ["../secret", "link", "/etc/passwd"] {
        assert!(
            matches!(bench.files.read(path, 9), Err(Fault::Denied { .. })),
            "{path}"
        );
    }
}

#[test]
fn globs_what_git_would_track() {
    let bench = Bench::new(&[
        "src/b.rs",
        "src/a.rs",
        "src/deep/c.rs",
        "target/d.rs",
        "docs/.hidden.md",
        "top.rs",
        ".git/config",
        ".git/HEAD",
        "имя.rs",
    ]);
    fs::write(bench.work(".gitignore"), "target/\n").expect("written");
    fs::write(bench.work(".ignore"), "docs\n").expect("written");
    assert_eq!(
        bench.glob("**/*.rs"),
        "src/a.rs src/b.rs src/deep/c.rs top.rs имя.rs"
    );
    assert_eq!(bench.glob("./src/*.rs"), "src/a.rs src/b.rs");
    assert_eq!(bench.glob("{docs,src}/.*"), "docs/.hidden.md");
    assert_eq!(bench.glob("**/config"), "");
    assert_eq!(bench.glob("none/*"), "");
    assert_eq!(bench.glob("target/d.rs"), "target/d.rs");
    assert_eq!(bench.glob(".git/config"), ".git/config");
    assert_eq!(bench.glob("src"), "");
    assert!(matches!(bench.files.glob("../*"), Err(Fault::Denied { .. })));
    assert!(matches!(bench.files.glob("../secret"), Err(Fault::Denied { .. })));
    assert!(matches!(bench.files.glob("/etc/*"), Err(Fault::Denied { .. })));
    let fault = bench.files.glob("src/[").expect_err("no pattern").to_string();
    assert!(
        fault.starts_with("the pattern `src/[` makes no sense: "),
        "{fault}"
    );
}

#[test]
fn writes_reports_into_the_run_folder_whole() {
    let bench = Bench::new(&[]);
    let path = bench.folder.path().join("run/lint/report.txt");
    let there = Ok(Response::Path(path.to_str().expect("UTF-8").to_owned()));
    assert_eq!(bench.files.write_report("lint/report.txt", b"one"), there);
    assert_eq!(bench.files.write_report("lint/report.txt", b"two"), there);
    assert_eq!(fs::read(&path).expect("there"), b"two");
    let left: Vec<_> = fs::read_dir(path.parent().expect("a folder"))
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    for name in ["../x", "/x", "a//b", "a/./b", "", "a/"] {
        assert!(
            matches!(bench.files.write_report(name, b""), Err(Fault::Denied { .. })),
            "{name}"
        );
    }
    assert!(
        bench
            .files
            .write_output(".runner/reports/r/_summary.json", b"{}")
            .is_ok()
    );
    assert_eq!(
        fs::read(bench.work(".runner/reports/r/_summary.json")).expect("there"),
        b"{}"
    );
    assert!(matches!(
        bench.files.write_output("../x", b""),
        Err(Fault::Denied { .. })
    ));
}

#[test]
fn appends_a_line_once() {
    let bench = Bench::new(&[]);
    let path = bench.folder.path().join("wiki/log.md");
    let place = path.to_str().expect("UTF-8");
    fs::create_dir(path.parent().expect("a folder")).expect("made");
    fs::write(&path, "# Log\n- shipped v11.2.3").expect("written");
    for (line, key) in [
        ("- shipped 1.2.3", "1.2.3"),
        ("- shipped 1.2.3 again", "1.2.3"),
        ("- вышла", "r-1 prod"),
        ("- other r-1 prod", "r-1 prod"),
        ("- other r-2 prod", "r-2 prod"),
    ] {
        assert_eq!(bench.files.append_line(place, line, key), Ok(Response::Done));
    }
    insta::assert_snapshot!(fs::read_to_string(&path).expect("there"), @"
    # Log
    - shipped v11.2.3
    - shipped 1.2.3
    - вышла r-1 prod
    - other r-2 prod
    ");
    assert_eq!(
        bench.files.append_line("new/log.txt", "a k", "k"),
        Ok(Response::Done)
    );
    assert_eq!(
        fs::read_to_string(bench.work("new/log.txt")).expect("there"),
        "a k\n"
    );
    assert!(bench.files.append_line(place, "two\nlines k", "k").is_err());
    assert!(bench.files.append_line(place, "line", " ").is_err());
}

#[test]
fn many_append_at_once_without_loss() {
    let bench = Bench::new(&[]);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let files = &bench.files;
            scope.spawn(move || {
                for line in 0..10 {
                    // Each key is asked for twice, by two threads.
                    let key = format!("key-{}-{line}", thread / 2);
                    files
                        .append_line("log", &format!("line {key}"), &key)
                        .expect("appended");
                }
            });
        }
    });
    let log = fs::read_to_string(bench.work("log")).expect("there");
    let mut lines: Vec<_> = log.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!((lines.len(), log.lines().count()), (40, 40));
}

#[test]
fn stopping_ends_the_wait_for_a_lock() {
    let bench = Bench::new(&["log"]);
    let other = File::open(bench.work("log")).expect("opened");
    other.lock().expect("locked");
    bench.files.stop.stop();
    let outcome = bench.files.append_line("log", "line k", "k");
    assert!(matches!(outcome, Err(Fault::Interrupted { .. })), "{outcome:?}");
}
