//! The repository of the workspace, through the user's own `git`: its configuration, credentials and hooks are theirs.

mod commit;
mod program;
mod tag;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use runner_core::{
    effect::{CommitInfo, GitStatus, Outcome, Response, TagInfo},
    fault::Fault,
};
use tokio::runtime::Handle;

use crate::stop::Stop;

/// The `git` interface's effects, and the host's own.
///
/// Paths are relative to the workspace, which may be a folder of the repository.
#[derive(Clone, Debug)]
pub struct Git {
    workspace: PathBuf,
    handle: Handle,
    stop: Stop,
}

/// Fields of a commit in `git log`, each ended by a zero byte; the last by `-z`.
const FIELDS: &str = "--format=%H%x00%P%x00%an <%ae>%x00%at%x00%(trailers:only,unfold)%x00%B";
const FIELD_COUNT: usize = 6;

impl Git {
    /// The repository that `workspace` is in, looked for when it is needed. Waits on `handle`'s runtime, until `stop`.
    pub fn new(workspace: PathBuf, handle: Handle, stop: Stop) -> Self {
        Self {
            workspace,
            handle,
            stop,
        }
    }

    /// Commits of the history of `until` that are not in that of `since`, newest first.
    pub fn commits(&self, since: Option<&str>, until: &str) -> Outcome {
        let mut range = vec![self.commit_id(until)?];
        if let Some(since) = since {
            range.push(format!("^{}", self.commit_id(since)?));
        }
        let log = ["log", "-z", "--no-show-signature", "--encoding=UTF-8", FIELDS];
        let output = self
            .git(log)
            .args(range)
            .arg("--")
            .config("trailer.separators=:")
            .text()?;
        let fields: Vec<_> = output.strip_suffix('\0').unwrap_or(&output).split('\0').collect();
        // An empty output is one empty field.
        let commits = fields.chunks_exact(FIELD_COUNT).map(commit).collect();
        Ok(Response::Commits(commits))
    }

    /// Files below the workspace that differ between two revisions, sorted.
    pub fn changed_files(&self, base: &str, head: &str) -> Outcome {
        let ids = [self.commit_id(base)?, self.commit_id(head)?];
        let diff = [
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            "--relative",
        ];
        self.git(diff).args(ids).arg("--").names().map(Response::Names)
    }

    /// A file at a revision, at most `max` bytes.
    pub fn show(&self, revision: &str, path: &str, max: u32) -> Outcome {
        let object = format!("{}:./{path}", self.commit_id(revision)?);
        let none = || Fault::failed(format!("no file `{path}` at `{revision}`"));
        let known = self
            .git(["rev-parse", "--verify", "--quiet", &object])
            .text_or_none()?;
        let id = known.ok_or_else(none)?;
        let id = id.trim_end();
        if self.git(["cat-file", "-t", id]).text()?.trim_end() != "blob" {
            return Err(none());
        }
        let size: u64 = self
            .git(["cat-file", "-s", id])
            .text()?
            .trim_end()
            .parse()
            .unwrap_or(u64::MAX);
        if size > u64::from(max) {
            return Err(Fault::failed(format!(
                "cannot read `{path}` at `{revision}`: it has {size} bytes, more than the {max} asked for"
            )));
        }
        let content = self.git(["cat-file", "blob", id]).bytes()?;
        Ok(Response::Content(Some(content.into())))
    }

    /// Files below the workspace that git tracks, sorted.
    pub fn tracked_files(&self) -> Outcome {
        self.git(["ls-files", "-z"]).names().map(Response::Names)
    }

    /// What is checked out, and the tags whose names begin with `tag_prefix`. `modified` is of the whole repository, from
    /// its root.
    pub fn state(&self, tag_prefix: &str) -> Outcome {
        let branch = self
            .git(["symbolic-ref", "--quiet", "--short", "HEAD"])
            .text_or_none()?;
        let modified = [
            "diff",
            "-z",
            "--name-only",
            "--no-renames",
            "--no-ext-diff",
            "--ignore-submodules=dirty",
        ];
        let shallow = self.git(["rev-parse", "--is-shallow-repository"]).text()?;
        Ok(Response::Git(GitStatus {
            head: self.head()?,
            branch: branch.map(|branch| branch.trim_end().to_owned()),
            modified: self.git(modified).args(["HEAD", "--"]).names()?,
            shallow: shallow.trim_end() == "true",
            tags: self.tags(tag_prefix)?,
        }))
    }

    fn tags(&self, prefix: &str) -> Result<Vec<TagInfo>, Fault> {
        let list = |of: &[&str]| {
            self.git(["for-each-ref"])
                .args(of.iter().copied())
                .arg("refs/tags")
                .text()
        };
        let reachable = list(&["--merged=HEAD", "--format=%(refname)"])?;
        let reachable: std::collections::BTreeSet<_> = reachable.lines().collect();
        let all =
            list(&["--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)"])?;
        let mut tags = Vec::new();
        for line in all.lines() {
            let fields: Vec<_> = line.split('\0').collect();
            let [name, kind, id, peeled_kind, peeled] = fields[..] else {
                continue;
            };
            let short = name.strip_prefix("refs/tags/").unwrap_or(name);
            if !short.starts_with(prefix) {
                continue;
            }
            let commit = match (kind, peeled_kind) {
                ("commit", _) => Some(id.to_owned()),
                (_, "commit") => Some(peeled.to_owned()),
                // A tag of a tag: older versions of git peel it once only.
                ("tag", "tag") => self.peel(name)?,
                _ => None,
            };
            tags.extend(commit.map(|commit| TagInfo {
                name: short.to_owned(),
                commit,
                reachable: reachable.contains(name),
            }));
        }
        Ok(tags)
    }

    /// Full id of `HEAD`.
    fn head(&self) -> Result<String, Fault> {
        let head = self.peel("HEAD")?;
        head.ok_or_else(|| {
            Fault::failed(format!(
                "the repository at `{}` has no commit yet: make one with `git commit`",
                self.workspace.display()
            ))
        })
    }

    /// Full id of the commit that a revision names.
    fn commit_id(&self, revision: &str) -> Result<String, Fault> {
        if revision == "HEAD" {
            return self.head();
        }
        let plain = !revision.is_empty() && !revision.starts_with('-') && !revision.contains(['\0', '\n']);
        let id = if plain { self.peel(revision)? } else { None };
        id.ok_or_else(|| {
            Fault::failed(format!(
                "the repository at `{}` has no commit `{revision}`; a shallow clone is completed by `git fetch --unshallow --tags`",
                self.workspace.display()
            ))
        })
    }

    fn peel(&self, revision: &str) -> Result<Option<String>, Fault> {
        let commit = format!("{revision}^{{commit}}");
        let id = self
            .git(["rev-parse", "--verify", "--quiet", &commit])
            .text_or_none()?;
        Ok(id.map(|id| id.trim_end().to_owned()))
    }
}

fn commit(fields: &[&str]) -> CommitInfo {
    let trailer = |line: &str| {
        let (key, value) = line.split_once(':')?;
        Some((key.trim().to_owned(), value.trim().to_owned()))
    };
    CommitInfo {
        id: fields[0].to_owned(),
        parents: fields[1]
            .split_whitespace()
            .count()
            .try_into()
            .unwrap_or(u32::MAX),
        author: fields[2].to_owned(),
        at: fields[3].parse().unwrap_or(0),
        trailers: fields[4].lines().filter_map(trailer).collect(),
        message: fields[5].to_owned(),
    }
}
