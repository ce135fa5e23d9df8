//! What kind of change it is: from the paths of its files, then from its commits' types.

use fast_glob::glob_match;
use runner_sdk::Commit;

use crate::config::KindGlobs;

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Architecture,
    BugFix,
    Feature,
    Refactoring,
    Security,
    Tests,
    Docs,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Architecture,
        Self::BugFix,
        Self::Feature,
        Self::Refactoring,
        Self::Security,
        Self::Tests,
        Self::Docs,
    ];

    /// For people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Architecture => "architecture",
            Self::BugFix => "bug fix",
            Self::Feature => "feature",
            Self::Refactoring => "refactoring",
            Self::Security => "security",
            Self::Tests => "tests",
            Self::Docs => "docs",
        }
    }

    /// The kind of a change of these files by these commits.
    ///
    /// Only documents: docs. Only tests and documents: tests. One file or commit of security makes it security; one file of
    /// architecture, or a commit that breaks what others rely on, architecture. Else the commits decide, the weightiest first.
    pub(crate) fn of(paths: &[&str], commits: &[Commit], globs: &KindGlobs) -> Self {
        let is = |path: &str, globs: &[String]| globs.iter().any(|glob| matches(glob, path));
        let all = |holds: &dyn Fn(&str) -> bool| !paths.is_empty() && paths.iter().all(|path| holds(path));
        if all(&|path| is(path, &globs.docs)) {
            return Self::Docs;
        }
        let is_test = |path: &str| is(path, &globs.tests);
        if all(&|path| is_test(path) || is(path, &globs.docs)) {
            return Self::Tests;
        }
        let code = || {
            paths
                .iter()
                .filter(|path| !is_test(path) && !is(path, &globs.docs))
        };
        let types: Vec<Type> = commits
            .iter()
            .filter_map(|commit| Type::of(&commit.subject))
            .collect();
        let has = |words: &[&str]| types.iter().any(|of| words.contains(&of.word.as_str()));
        let about_security = types
            .iter()
            .any(|of| of.scope == "security" || of.scope == "auth");
        if about_security || has(&["security", "sec"]) || code().any(|path| is(path, &globs.security)) {
            return Self::Security;
        }
        if types.iter().any(|of| of.breaks)
            || has(&["arch"])
            || code().any(|path| is(path, &globs.architecture))
        {
            return Self::Architecture;
        }
        if has(&["feat"]) {
            Self::Feature
        } else if has(&["fix", "revert"]) {
            Self::BugFix
        } else if has(&["refactor", "perf", "style", "chore", "build", "ci"]) {
            Self::Refactoring
        } else {
            // Commits that say nothing: looked at as what is new.
            Self::Feature
        }
    }
}

/// The start of a conventional commit's subject.
struct Type {
    word: String,
    scope: String,
    breaks: bool,
}

impl Type {
    fn of(subject: &str) -> Option<Self> {
        let (start, _) = subject.split_once(':')?;
        let breaks = start.ends_with('!');
        let start = start.trim_end_matches('!');
        let (word, scope) = match start.split_once('(') {
            Some((word, scope)) => (word, scope.strip_suffix(')')?),
            None => (start, ""),
        };
        let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic());
        plain.then(|| Self {
            word: word.to_lowercase(),
            scope: scope.to_lowercase(),
            breaks,
        })
    }
}

/// Whether a glob covers a path; one without `/` is meant in every folder.
pub(crate) fn matches(glob: &str, path: &str) -> bool {
    match glob.contains('/') {
        true => glob_match(glob, path),
        false => glob_match(glob, path.rsplit('/').next().unwrap_or(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(paths: &[&str], subjects: &[&str]) -> Kind {
        let commit = |subject: &&str| Commit {
            id: String::new(),
            subject: (*subject).into(),
            body: String::new(),
            trailers: Vec::new(),
            author: String::new(),
            at: 0,
        };
        let commits: Vec<Commit> = subjects.iter().map(commit).collect();
        Kind::of(paths, &commits, &KindGlobs::default())
    }

    #[test]
    fn paths_come_before_types() {
        assert_eq!(kind(&["README.md", "docs/a.png"], &["feat: x"]), Kind::Docs);
        assert_eq!(
            kind(
                &["backend/tests/test_a.py", "web/a.test.ts", "README.md"],
                &["fix: x"]
            ),
            Kind::Tests
        );
        assert_eq!(kind(&["app/auth/login.py"], &["refactor: x"]), Kind::Security);
        assert_eq!(
            kind(&["app/alembic/versions/1_x.py"], &["feat: x"]),
            Kind::Architecture
        );
        assert_eq!(
            kind(&["app/a.py", "app/tests/auth/test_b.py"], &["fix: x"]),
            Kind::BugFix
        );
    }

    #[test]
    fn types_decide_the_rest_the_weightiest_first() {
        let of = |subjects: &[&str]| kind(&["app/a.py"], subjects);
        assert_eq!(of(&["fix: a", "feat(chat): b", "docs: c"]), Kind::Feature);
        assert_eq!(of(&["docs: a", "fix: b", "refactor: c"]), Kind::BugFix);
        assert_eq!(of(&["perf: a"]), Kind::Refactoring);
        assert_eq!(of(&["feat!: a"]), Kind::Architecture);
        assert_eq!(of(&["fix(auth): a"]), Kind::Security);
        assert_eq!(of(&["wip", "a: b: c"]), Kind::Feature);
        assert_eq!(of(&[]), Kind::Feature);
    }
}
