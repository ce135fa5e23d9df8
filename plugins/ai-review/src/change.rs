//! The change under review: its commits and its files, out of the repository.

use runner_sdk::{Command, Commit, Context, Error, Host};

use crate::author::{self, Author};
use crate::config::Config;
use crate::diff::{self, File};

/// The longest diff that is taken, in bytes.
const LARGEST: u32 = 12 * 1024 * 1024;
/// git's own, whatever the user's settings: plumbing, no colours, no programs of others.
const DIFF: [&str; 13] = [
    "git",
    "diff-tree",
    "-p",
    "-r",
    "--merge-base",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--find-renames",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--unified=3",
    "--full-index",
];

/// The change.
pub(crate) struct Change {
    pub(crate) base: String,
    /// The newest commit, as it was asked for.
    pub(crate) until: String,
    /// Newest first.
    pub(crate) commits: Vec<Commit>,
    pub(crate) files: Vec<File>,
    pub(crate) authors: Vec<Author>,
}

impl Change {
    pub(crate) fn read(host: &impl Host, context: &Context<Config>) -> Result<Self, Error> {
        let config = &context.config;
        let until = until(context);
        let base = match &config.base {
            Some(base) => base.clone(),
            None => last_tag(host, until)?,
        };
        let files = files(host, &base, until, config)?;
        let commits = match files.is_empty() {
            true => Vec::new(),
            false => host.git_commits(Some(&base), until)?,
        };
        Ok(Self {
            until: until.to_owned(),
            base,
            authors: author::authors(&commits, &config.authors),
            commits,
            files,
        })
    }

    /// Full id of the newest commit, or nothing.
    pub(crate) fn head(&self) -> &str {
        self.commits.first().map_or("", |commit| commit.id.as_str())
    }

    pub(crate) fn paths(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.path.as_str()).collect()
    }

    /// E.g. `Claude and a person`.
    pub(crate) fn authors_text(&self) -> String {
        let titles: Vec<_> = self.authors.iter().map(|author| author.title()).collect();
        titles.join(" and ")
    }
}

/// What is deployed is what is reviewed, whatever is checked out. A release that a plan would make has no commit yet: its id
/// is none there.
fn until(context: &Context<Config>) -> &str {
    let is_id = |commit: &&str| !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let release = context.release.as_ref().map(|release| release.commit.as_str());
    let asked = context.config.head.as_deref();
    asked.or(release.filter(is_id)).unwrap_or("HEAD")
}

/// The last tag before the newest commit; not the newest commit's own, which would be compared with itself.
fn last_tag(host: &impl Host, head: &str) -> Result<String, Error> {
    let before = format!("{head}^");
    let argv = [
        "git",
        "describe",
        "--tags",
        "--abbrev=0",
        "--end-of-options",
        &before,
    ];
    let exit = host.run(&Command::new(argv).read())?;
    let tag = exit.stdout_text().trim().to_owned();
    match exit.success() && !tag.is_empty() {
        true => Ok(tag),
        false => Err(Error::failed(format!(
            "there is no tag before `{head}` to compare with: set `base`, e.g. `origin/main` or the first commit ({})",
            exit.last_lines(1)
        ))),
    }
}

fn files(host: &impl Host, base: &str, until: &str, config: &Config) -> Result<Vec<File>, Error> {
    let excluded = config.exclude.iter().map(|glob| match glob.contains('/') {
        true => format!(":(top,exclude,glob){glob}"),
        false => format!(":(top,exclude,glob)**/{glob}"),
    });
    let command = Command::new(DIFF)
        .args(["--end-of-options", base, until, "--", ":(top)"])
        .args(excluded)
        .read()
        .capture(LARGEST);
    let exit = host.run(&command)?.require_success(&format!(
        "comparing `{base}` and `{until}` (a shallow clone is completed by `git fetch --unshallow --tags`)"
    ))?;
    if exit.truncated {
        return Err(Error::failed(format!(
            "the change is larger than {} MiB: name generated files in `exclude`, or release in smaller steps",
            LARGEST >> 20
        )));
    }
    diff::parse(&exit.stdout_text())
}
