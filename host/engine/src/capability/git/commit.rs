//! A commit that changes one file, made the same each time, so that doing it again after a crash finds it done.

use std::{
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use runner_core::{
    effect::{Outcome, Response},
    fault::Fault,
};

use super::{Git, program::Call};

/// Who commits when git was told of nobody.
const NOBODY: (&str, &str) = ("runner", "runner@localhost");
const REGULAR: &str = "100644";
const EXECUTABLE: &str = "100755";

/// The file that a commit changes.
struct Change {
    /// From the root of the repository.
    path: String,
    mode: String,
    /// Id of its content before; none when it is new.
    before: Option<String>,
    /// Id of its content now.
    after: String,
}

impl Change {
    /// As `git update-index --cacheinfo` takes it.
    fn entry(&self) -> String {
        format!("{},{},{}", self.mode, self.after, self.path)
    }
}

impl Git {
    /// Makes a commit on top of `parent` that changes one file, dated `at` (seconds since the epoch), and moves what
    /// is checked out to it: the branch, the index' entry and the file. Returns its id.
    ///
    /// Done already when what is checked out is that commit. Fails when it is anything but that or `parent`, or when the file
    /// has changes of its own.
    pub fn commit_file(&self, path: &str, content: &[u8], message: &str, parent: &str, at: u64) -> Outcome {
        let parent = self.commit_id(parent)?;
        let change = self.change(path, content, &parent)?;
        let commit = self.make_commit(&change, message, &parent, at)?;
        let head = self.head()?;
        if head == parent {
            self.refuse_own_changes(&change, path)?;
            let note = format!("commit: {}", message.lines().next().unwrap_or_default());
            self.git(["update-ref", "-m", &note, "HEAD", &commit, &parent])
                .bytes()?;
        } else if !self.same_commit(&head, &commit)? {
            return Err(Fault::failed(format!(
                "cannot commit `{path}`: the release began at {}, and {} is checked out now; check out the former again, or \
                 cancel the run and begin a new one",
                short(&parent),
                short(&head)
            )));
        }
        self.finish_commit(&change)?;
        // Another user's commit of the same is as good, though its author makes it another one.
        let done = if head == parent { commit } else { head };
        Ok(Response::Names(vec![done]))
    }

    /// Makes the commit `made` again, which the run made in another clone of the repository; nothing where it is there. It is
    /// the same one when it is made by the same name.
    pub fn commit_file_again(
        &self,
        made: &str,
        path: &str,
        content: &[u8],
        message: &str,
        parent: &str,
        at: u64,
    ) -> Result<(), Fault> {
        if self.commit_id(made).is_ok() {
            return Ok(());
        }
        let parent = self.commit_id(parent)?;
        let change = self.change(path, content, &parent)?;
        if self.make_commit(&change, message, &parent, at)? != made {
            let (name, mail) = self.identity()?;
            return Err(Fault::failed(format!(
                "its commit {} of `{path}` is in another clone of the repository, and not by {name} <{mail}>: fetch it from \
                 there, or make it by setting user.name and user.email to those who began the run",
                short(made)
            )));
        }
        self.commit_file(path, content, message, &parent, at).map(drop)
    }

    fn change(&self, path: &str, content: &[u8], parent: &str) -> Result<Change, Fault> {
        let plain = |part: &str| !matches!(part, "" | "." | ".." | ".git");
        if !path.split('/').all(plain) || path.contains('\0') {
            return Err(Fault::failed(format!(
                "cannot commit `{path}`: it is not a path of a file in the workspace"
            )));
        }
        let prefix = self.git(["rev-parse", "--show-prefix"]).text()?;
        let path_in_repository = format!("{}{path}", prefix.trim_end_matches('\n'));
        let entry = self
            .git(["ls-tree", "-z", "--full-tree", parent, "--", &path_in_repository])
            .text()?;
        // `100644 blob 1234abcd<tab>path`.
        let fields: Vec<_> = entry.split([' ', '\t']).take(3).collect();
        let (mode, before) = match fields[..] {
            [mode @ (REGULAR | EXECUTABLE), _, id] => (mode, Some(id.to_owned())),
            [""] => (REGULAR, None),
            _ => {
                return Err(Fault::failed(format!(
                    "cannot commit `{path}`: it is not a regular file"
                )));
            }
        };
        let after = self.git(["hash-object", "-w", "--stdin"]).input(content).text()?;
        Ok(Change {
            path: path_in_repository,
            mode: mode.to_owned(),
            before,
            after: after.trim_end().to_owned(),
        })
    }

    fn make_commit(&self, change: &Change, message: &str, parent: &str, at: u64) -> Result<String, Fault> {
        let tree = self.make_tree(change, parent)?;
        let (name, mail) = self.identity()?;
        let date = format!("@{} +0000", at);
        let commit = self
            .git(["commit-tree", &tree, "-p", parent, "-F", "-"])
            .config("i18n.commitEncoding=UTF-8")
            .env("GIT_AUTHOR_NAME", &name)
            .env("GIT_AUTHOR_EMAIL", &mail)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", &name)
            .env("GIT_COMMITTER_EMAIL", &mail)
            .env("GIT_COMMITTER_DATE", &date)
            .input(message.as_bytes())
            .text()?;
        Ok(commit.trim_end().to_owned())
    }

    /// The parent's tree with the one file changed, made in an index of its own: what the user has staged stays out of it.
    fn make_tree(&self, change: &Change, parent: &str) -> Result<String, Fault> {
        let folder = self.git(["rev-parse", "--absolute-git-dir"]).text()?;
        let index = OwnIndex::in_folder(Path::new(folder.trim_end_matches('\n')));
        let own = |call: Call<'_>| {
            call.config("core.splitIndex=false")
                .env("GIT_INDEX_FILE", index.0.to_string_lossy())
                .text()
        };
        own(self.git(["read-tree", parent]))?;
        own(self.git(["update-index", "--add", "--cacheinfo", &change.entry()]))?;
        Ok(own(self.git(["write-tree"]))?.trim_end().to_owned())
    }

    /// The user's name and mail, from git's configuration or variables.
    pub(super) fn identity(&self) -> Result<(String, String), Fault> {
        let asked = self
            .git(["var", "GIT_COMMITTER_IDENT"])
            .config("user.useConfigOnly=true")
            .run()?;
        let told = String::from_utf8_lossy(&asked.stdout).into_owned();
        // `Name <mail> 1700000000 +0100`.
        let identity = told
            .split_once(" <")
            .and_then(|(name, rest)| Some((name, rest.split_once('>')?.0)));
        let (name, mail) = identity.filter(|_| asked.status.success()).unwrap_or(NOBODY);
        Ok((name.to_owned(), mail.to_owned()))
    }

    /// Whether two commits have the same parents, content, message and date.
    fn same_commit(&self, one: &str, other: &str) -> Result<bool, Fault> {
        let told = |id: &str| {
            self.git([
                "log",
                "-1",
                "--no-show-signature",
                "--format=%P%x00%T%x00%at%x00%B",
                id,
                "--",
            ])
            .text()
        };
        Ok(one == other || told(one)? == told(other)?)
    }

    /// The file as it is staged: its id, or none.
    fn staged(&self, change: &Change) -> Result<Option<String>, Fault> {
        let entry = self.at_root(["ls-files", "-s", "-z", "--"], change)?.text()?;
        // `100644 1234abcd 0<tab>path`.
        Ok(entry.split(' ').nth(1).map(str::to_owned))
    }

    /// The file as it lies there, as git would store it; none when nothing is there.
    fn present(&self, change: &Change) -> Result<Option<String>, Fault> {
        let place = self.root()?.join(&change.path);
        if place.symlink_metadata().is_err() {
            return Ok(None);
        }
        if !place.is_file() || place.is_symlink() {
            return Ok(Some("not a file".to_owned()));
        }
        Ok(Some(
            self.at_root(["hash-object", "--"], change)?
                .text()?
                .trim_end()
                .to_owned(),
        ))
    }

    /// Fails when the file's changes that are not committed would be lost.
    fn refuse_own_changes(&self, change: &Change, path: &str) -> Result<(), Fault> {
        let kept = |id: Option<String>| id == change.before || id.as_ref() == Some(&change.after);
        match kept(self.staged(change)?) && kept(self.present(change)?) {
            true => Ok(()),
            false => Err(Fault::failed(format!(
                "cannot commit `{path}`: it has changes that are not committed; commit them, or put them away with `git stash`"
            ))),
        }
    }

    /// Brings index and file to the commit, unless the user did something else with them meanwhile.
    fn finish_commit(&self, change: &Change) -> Result<(), Fault> {
        let staged = self.staged(change)?;
        if staged == change.before {
            self.git(["update-index", "--add", "--cacheinfo", &change.entry()])
                .bytes()?;
        } else if staged.as_ref() != Some(&change.after) {
            return Ok(());
        }
        let present = self.present(change)?;
        if present.is_none() || present == change.before {
            // Git's own, so that line ends become what the user's configuration says.
            self.at_root(["checkout-index", "-f", "-u", "--"], change)?
                .bytes()?;
        } else if present.as_ref() == Some(&change.after) {
            self.at_root(["update-index", "-q", "--refresh", "--"], change)?
                .run()?;
        }
        Ok(())
    }

    /// A call about the change's file from the root of the repository, where its path is valid.
    fn at_root<const N: usize>(&self, arguments: [&str; N], change: &Change) -> Result<Call<'_>, Fault> {
        let root = self.root()?;
        Ok(self
            .git(["-C"])
            .arg(root.to_string_lossy())
            .args(arguments)
            .arg(&change.path))
    }

    /// The folder that the repository's work tree begins at.
    fn root(&self) -> Result<PathBuf, Fault> {
        let root = self.git(["rev-parse", "--show-toplevel"]).text()?;
        Ok(PathBuf::from(root.trim_end_matches('\n')))
    }
}

/// The first digits of an id, for people.
pub(super) fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

/// A file for an index that is used once.
struct OwnIndex(PathBuf);

impl OwnIndex {
    fn in_folder(folder: &Path) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let index = Self(folder.join(format!("runner-index-{}-{count}", process::id())));
        // One that a dead process of the same number left.
        let _ = std::fs::remove_file(&index.0);
        index
    }
}

impl Drop for OwnIndex {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
