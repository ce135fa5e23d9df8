//! Files of the workspace, read; the run's own folder and files that grants name, written.

use std::{
    fs::{File, Metadata, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use globset::GlobBuilder;
use ignore::WalkBuilder;
use runner_core::{
    effect::{Outcome, Response},
    fault::Fault,
};

use crate::{atomic_file, stop::Stop, workspace::Workspace};

/// Between two attempts to lock a file that another process appends to.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// The `files` interface's effects.
#[derive(Clone, Debug)]
pub struct Files {
    workspace: Workspace,
    run_folder: PathBuf,
    stop: Stop,
}

impl Files {
    /// Reads below `workspace`; writes reports below `run_folder`, which is made when the first is written.
    pub fn new(workspace: Workspace, run_folder: PathBuf, stop: Stop) -> Self {
        Self {
            workspace,
            run_folder,
            stop,
        }
    }

    /// A file of the workspace, at most `max` bytes.
    pub fn read(&self, path: &str, max: u32) -> Outcome {
        let place = self.workspace.inside(path)?;
        match read_at_most(&place, max) {
            Ok(content) => Ok(Response::Content(Some(content.into()))),
            Err(ReadError::None) => Err(Fault::failed(format!("no file `{path}` in the workspace"))),
            Err(error) => Err(error.fault(path)),
        }
    }

    /// The workspace's files that match, relative, sorted; without what git ignores, unless nothing in the pattern is a
    /// wildcard.
    pub fn glob(&self, pattern: &str) -> Outcome {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        if !pattern.contains(['*', '?', '[', '{']) {
            let exists = self.workspace.inside(pattern)?.is_file();
            return Ok(Response::Names(
                exists.then(|| pattern.to_owned()).into_iter().collect(),
            ));
        }
        if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
            return Err(Fault::Denied {
                message: format!(
                    "the pattern `{pattern}` leads out of the workspace: write it relative to that"
                ),
            });
        }
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|error| {
                Fault::failed(format!(
                    "the pattern `{pattern}` makes no sense: {}",
                    error.kind()
                ))
            })?
            .compile_matcher();
        let mut names = Vec::new();
        for path in self.walk(pattern)? {
            if glob.is_match(&path) {
                names.push(path.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(Response::Names(names))
    }

    /// All files that git would not ignore, relative.
    fn walk(&self, pattern: &str) -> Result<Vec<PathBuf>, Fault> {
        let walk = WalkBuilder::new(self.workspace.root())
            .hidden(false)
            .ignore(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build();
        let mut paths = Vec::new();
        for entry in walk {
            if self.stop.stopped() {
                return Err(Fault::Interrupted {
                    message: format!(
                        "files `{pattern}` were being looked for when `runner` was told to stop"
                    ),
                });
            }
            let entry = entry
                .map_err(|error| Fault::failed(format!("cannot look for files `{pattern}`: {error}")))?;
            let Ok(path) = entry.path().strip_prefix(self.workspace.root()) else {
                continue;
            };
            // Of a link: what it leads to.
            if entry.path().is_file() {
                paths.push(path.to_owned());
            }
        }
        Ok(paths)
    }

    /// Writes a file of the run's folder, over one of the same name; returns its path. The name may have folders in it.
    pub fn write_report(&self, name: &str, content: &[u8]) -> Outcome {
        let plain = |part: &str| !matches!(part, "" | "." | "..");
        if !name.split('/').all(plain) || name.contains('\0') {
            return Err(Fault::Denied {
                message: format!(
                    "`{name}` is not a name for a report: write e.g. `coverage.xml` or `lint/report.txt`"
                ),
            });
        }
        write(&self.run_folder.join(name), content)
    }

    /// Writes a file that the host itself makes: relative to the workspace and inside it, or absolute.
    pub fn write_output(&self, path: &str, content: &[u8]) -> Outcome {
        write(&self.workspace.place(path)?, content)
    }

    /// Appends a line to a file, in the workspace or absolute, unless it has a line ending in the word, or words, `key`.
    /// The key is added to a line that does not end in it.
    pub fn append_line(&self, path: &str, line: &str, key: &str) -> Outcome {
        if key.trim().is_empty() || [line, key].iter().any(|text| text.contains(['\n', '\r'])) {
            return Err(Fault::failed(format!(
                "cannot append to `{path}`: the line must be one line, and its key one or more words"
            )));
        }
        let place = self.workspace.place(path)?;
        let failed = |error| Fault::failed(format!("cannot append to `{}`: {error}", place.display()));
        let mut file = open_to_append(&place).map_err(failed)?;
        self.lock(&file, path)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(failed)?;
        let content = String::from_utf8_lossy(&content);
        if content.lines().any(|line| ends_in(line, key)) {
            return Ok(Response::Done);
        }
        let before = if content.is_empty() || content.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let after = match ends_in(line, key) {
            true => String::new(),
            false => format!(" {key}"),
        };
        // One write: a reader sees all of the line or nothing of it.
        file.write_all(format!("{before}{}{after}\n", line.trim_end()).as_bytes())
            .map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(Response::Done)
    }

    /// Waits until no other process appends. The lock goes with the file's handle.
    fn lock(&self, file: &File, path: &str) -> Result<(), Fault> {
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::Error(error)) => {
                    return Err(Fault::failed(format!("cannot lock `{path}`: {error}")));
                }
                Err(TryLockError::WouldBlock) if self.stop.stopped() => {
                    return Err(Fault::Interrupted {
                        message: format!(
                            "`{path}` was locked by another process when `runner` was told to stop"
                        ),
                    });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            }
        }
    }
}

fn write(place: &Path, content: &[u8]) -> Outcome {
    atomic_file::replace(place, content, None)
        .map_err(|error| Fault::failed(format!("cannot write `{}`: {error}", place.display())))?;
    Ok(Response::Path(place.to_string_lossy().into_owned()))
}

fn open_to_append(place: &Path) -> io::Result<File> {
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(place)?;
    file.rewind()?;
    Ok(file)
}

/// Whether a line's last word, or words, are `key`.
fn ends_in(line: &str, key: &str) -> bool {
    let before = line.trim_end().strip_suffix(key.trim_end());
    before.is_some_and(|before| before.is_empty() || before.ends_with(char::is_whitespace))
}

/// Why a file was not read.
pub(super) enum ReadError {
    /// There is nothing.
    None,
    /// It is no file, e.g. a folder.
    NoFile,
    /// It has more than `max` bytes.
    TooLong { max: u32, size: u64 },
    /// The system said no.
    Io(io::Error),
}

impl ReadError {
    /// Tells of it, with the path as it was asked for.
    pub(super) fn fault(self, path: &str) -> Fault {
        Fault::failed(match self {
            Self::None => format!("no file `{path}`"),
            Self::NoFile => format!("cannot read `{path}`: it is not a file"),
            Self::TooLong { max, size } => {
                format!("cannot read `{path}`: it has {size} bytes, more than the {max} asked for")
            }
            Self::Io(error) => format!("cannot read `{path}`: {error}"),
        })
    }
}

/// At most `max` bytes behind the first `start` ones.
pub(super) fn read_part(path: &Path, start: u64, max: u32) -> Result<Vec<u8>, ReadError> {
    let size = metadata(path)?.len();
    let mut content = Vec::new();
    if start < size {
        let mut file = File::open(path).map_err(ReadError::Io)?;
        file.seek(SeekFrom::Start(start)).map_err(ReadError::Io)?;
        file.take(u64::from(max))
            .read_to_end(&mut content)
            .map_err(ReadError::Io)?;
    }
    Ok(content)
}

/// Of a regular file. Asked before it is opened: opening a pipe waits for its other end.
fn metadata(path: &Path) -> Result<Metadata, ReadError> {
    let metadata = path.metadata().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadError::None,
        _ => ReadError::Io(error),
    })?;
    match metadata.is_file() {
        true => Ok(metadata),
        false => Err(ReadError::NoFile),
    }
}

/// A whole file, unless it is longer than `max`.
pub(super) fn read_at_most(path: &Path, max: u32) -> Result<Vec<u8>, ReadError> {
    let metadata = metadata(path)?;
    let mut content = Vec::new();
    let file = File::open(path).map_err(ReadError::Io)?;
    file.take(u64::from(max) + 1)
        .read_to_end(&mut content)
        .map_err(ReadError::Io)?;
    match content.len() > max as usize {
        true => Err(ReadError::TooLong {
            max,
            size: metadata.len().max(content.len() as u64),
        }),
        false => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

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
}
