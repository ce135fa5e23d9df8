//! Real repositories in scratch folders, their clones and their remotes.

mod commit;
mod push;
mod reading;
mod tag;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command, sync::Arc};

use tokio::runtime::Runtime;

use super::*;

const AT: u64 = 1_774_000_000;

/// A scratch repository, or any folder.
struct Bench {
    runtime: Arc<Runtime>,
    folder: Arc<tempfile::TempDir>,
    root: PathBuf,
    git: Git,
}

impl Bench {
    /// An empty folder.
    fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        Self::at(Arc::new(runtime), Arc::new(folder), "work")
    }

    fn at(runtime: Arc<Runtime>, folder: Arc<tempfile::TempDir>, name: &str) -> Self {
        let root = folder.path().canonicalize().expect("exists").join(name);
        fs::create_dir_all(&root).expect("made");
        let git = Git::new(root.clone(), runtime.handle().clone(), Stop::default());
        Self {
            runtime,
            folder,
            root,
            git,
        }
    }

    /// A repository with one commit.
    fn new() -> Self {
        let bench = Self::bare();
        bench.git(&["init", "-q", "-b", "main"]);
        bench.identify();
        bench.commit("readme", "hello\n", "feat: begin");
        bench
    }

    fn identify(&self) {
        self.git(&["config", "user.name", "Анна"]);
        self.git(&["config", "user.email", "anna@example.org"]);
        // Whoever signs by default must not sign scratch commits.
        self.git(&["config", "commit.gpgSign", "false"]);
        self.git(&["config", "tag.gpgSign", "true"]);
    }

    /// A clone of this one.
    fn clone_as(&self, name: &str, how: &[&str]) -> Self {
        let clone = Self::at(Arc::clone(&self.runtime), Arc::clone(&self.folder), name);
        let from = format!("file://{}", self.root.display());
        clone.git(&[&["clone", "-q"], how, &[&from, "."]].concat());
        clone.identify();
        clone
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.root)
            .env("GIT_AUTHOR_DATE", "@1700000000 +0300")
            .env("GIT_COMMITTER_DATE", "@1700000000 +0300")
            .output()
            .expect("git runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {stderr}");
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .trim_end()
            .to_owned()
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, content).expect("written");
    }

    fn write_executable(&self, path: &str, content: &str) {
        self.write(path, content);
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.root.join(path), executable).expect("permitted");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).expect("there")
    }

    fn commit(&self, path: &str, content: &str, message: &str) -> String {
        self.write(path, content);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
        self.head()
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    fn status(&self) -> String {
        self.git(&["status", "--porcelain"])
    }

    /// What a fault says, without what differs from run to run.
    fn said(&self, outcome: Outcome) -> String {
        let fault = outcome.expect_err("a fault");
        fault.to_string().replace(
            self.folder
                .path()
                .canonicalize()
                .expect("exists")
                .to_str()
                .expect("UTF-8"),
            "DIR",
        )
    }

    fn changelog(&self, parent: &str) -> Outcome {
        self.git.commit_file(
            "docs/CHANGELOG.md",
            "# Журнал\n".as_bytes(),
            "chore: release 1.0.0\n\nЧто нового",
            parent,
            AT,
        )
    }
}

fn commits(outcome: Outcome) -> Vec<CommitInfo> {
    match outcome {
        Ok(Response::Commits(commits)) => commits,
        other => panic!("{other:?}"),
    }
}

fn names(outcome: Outcome) -> String {
    match outcome {
        Ok(Response::Names(names)) => names.join(" "),
        other => panic!("{other:?}"),
    }
}

fn state(bench: &Bench, prefix: &str) -> GitStatus {
    match bench.git.state(prefix) {
        Ok(Response::Git(status)) => status,
        other => panic!("{other:?}"),
    }
}
