use std::{fs, path::PathBuf, process::Command, sync::Arc};

use runner_core::bytes::Bytes;
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

#[test]
fn tells_of_commits() {
    let bench = Bench::new();
    let first = bench.head();
    let message = "fix(корзина): сумма\n\nТело, строка 1\nстрока 2\n\nRefs: #45\nReviewed-by: Олег <o@example.org>\n continued";
    bench.commit("a", "1", message);
    bench.git(&["checkout", "-q", "-b", "side", &first]);
    bench.commit("b", "1", "feat!: side");
    bench.git(&["checkout", "-q", "main"]);
    bench.git(&["merge", "-q", "--no-ff", "-m", "Merge branch 'side'", "side"]);
    let all = commits(bench.git.commits(None, "HEAD"));
    assert_eq!(all.len(), 4);
    assert_eq!((all[0].parents, all[3].parents), (2, 0));
    assert_eq!(all[0].id, bench.head());
    assert_eq!(all[3].id, first);
    let fix = all
        .iter()
        .find(|commit| commit.message.starts_with("fix"))
        .expect("there");
    assert_eq!(fix.message.trim_end(), message);
    assert_eq!(fix.author, "Анна <anna@example.org>");
    assert_eq!(fix.at, 1_700_000_000);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        fix.trailers,
        [
            pair("Refs", "#45"),
            pair("Reviewed-by", "Олег <o@example.org> continued")
        ]
    );
    let since = commits(bench.git.commits(Some(&first), "main"));
    assert_eq!(since.len(), 3);
    assert!(commits(bench.git.commits(Some("main"), "side")).is_empty());
    let begin = commits(bench.git.commits(None, &first));
    assert_eq!(begin[0].trailers, []);
}

#[test]
fn tells_of_files_at_revisions() {
    let bench = Bench::new();
    let first = bench.head();
    bench.write("app/имя файла.txt", "да");
    bench.write("app/big", &"x".repeat(100));
    bench.commit("readme", "changed\n", "feat: more");
    assert_eq!(
        names(bench.git.changed_files(&first, "HEAD")),
        "app/big app/имя файла.txt readme"
    );
    assert_eq!(
        names(bench.git.tracked_files()),
        "app/big app/имя файла.txt readme"
    );
    let content = |text: &str| Ok(Response::Content(Some(Bytes::from(text))));
    assert_eq!(bench.git.show(&first, "readme", 6), content("hello\n"));
    assert_eq!(bench.git.show("HEAD", "app/имя файла.txt", 99), content("да"));
    let faults = [
        ("HEAD", "app/big", 99),
        ("HEAD", "app", 99),
        (&first, "app/big", 99),
        ("none", "x", 9),
        ("-x", "x", 9),
    ];
    let said = faults
        .map(|(revision, path, max)| bench.said(bench.git.show(revision, path, max)))
        .join("\n");
    insta::assert_snapshot!(said.replace(&first, "FIRST"), @"
    cannot read `app/big` at `HEAD`: it has 100 bytes, more than the 99 asked for
    no file `app` at `HEAD`
    no file `app/big` at `FIRST`
    the repository at `DIR/work` has no commit `none`; a shallow clone is completed by `git fetch --unshallow --tags`
    the repository at `DIR/work` has no commit `-x`; a shallow clone is completed by `git fetch --unshallow --tags`
    ");
    // In a folder of the repository, only what is below it.
    let app = Bench::at(Arc::clone(&bench.runtime), Arc::clone(&bench.folder), "work/app");
    assert_eq!(names(app.git.changed_files(&first, "HEAD")), "big имя файла.txt");
    assert_eq!(names(app.git.tracked_files()), "big имя файла.txt");
    assert_eq!(app.git.show("HEAD", "имя файла.txt", 99), content("да"));
}

#[test]
fn tells_what_is_checked_out() {
    let bench = Bench::new();
    let first = bench.head();
    for (tag, how) in [("v1.0.0", "-a"), ("v1.0.1", "-f"), ("other", "-f")] {
        bench.git(&["-c", "tag.gpgSign=false", "tag", how, "-m", "x", tag]);
    }
    bench.git(&["-c", "tag.gpgSign=false", "tag", "v-light"]);
    bench.git(&[
        "-c",
        "tag.gpgSign=false",
        "tag",
        "-a",
        "-m",
        "x",
        "v-of-a-tag",
        "v1.0.0",
    ]);
    bench.git(&["-c", "tag.gpgSign=false", "tag", "v-tree", "HEAD^{tree}"]);
    bench.git(&["checkout", "-q", "-b", "side"]);
    let side = bench.commit("b", "1", "feat: side");
    bench.git(&["-c", "tag.gpgSign=false", "tag", "v2.0.0"]);
    bench.git(&["checkout", "-q", "main"]);
    bench.write("readme", "own change\n");
    bench.write("untracked", "");
    let status = state(&bench, "v");
    assert_eq!(
        (status.head.as_str(), status.branch.as_deref(), status.shallow),
        (first.as_str(), Some("main"), false)
    );
    assert_eq!(status.modified, ["readme"]);
    let tags: Vec<_> = status
        .tags
        .iter()
        .map(|tag| (tag.name.as_str(), tag.commit.as_str(), tag.reachable))
        .collect();
    let main = |name| (name, first.as_str(), true);
    assert_eq!(
        tags,
        [
            main("v-light"),
            main("v-of-a-tag"),
            main("v1.0.0"),
            main("v1.0.1"),
            ("v2.0.0", side.as_str(), false)
        ]
    );
    bench.git(&["add", "readme"]);
    assert_eq!(
        state(&bench, "none").modified,
        ["readme"],
        "what is staged differs too"
    );
    bench.git(&["checkout", "-q", "-f", "--detach"]);
    let status = state(&bench, "none");
    assert_eq!(
        (status.branch, status.modified, status.tags),
        (None, vec![], vec![])
    );
}

#[test]
fn a_shallow_clone_is_told() {
    let bench = Bench::new();
    let first = bench.head();
    bench.commit("a", "1", "fix: a");
    let clone = bench.clone_as("clone", &["--depth", "1"]);
    assert!(state(&clone, "v").shallow);
    assert_eq!(commits(clone.git.commits(None, "HEAD")).len(), 1);
    assert!(
        clone
            .said(clone.git.commits(Some(&first), "HEAD"))
            .contains("git fetch --unshallow")
    );
    assert!(!state(&bench.clone_as("whole", &[]), "v").shallow);
}

#[test]
fn where_no_repository_is_it_says_so() {
    let bench = Bench::bare();
    let no_repository = bench.said(bench.git.tracked_files());
    bench.git(&["init", "-q", "-b", "main"]);
    assert_eq!(names(bench.git.tracked_files()), "");
    let no_commit = bench.said(bench.git.state("v"));
    fs::remove_dir_all(&bench.root).expect("removed");
    let no_folder = bench.said(bench.git.state("v"));
    insta::assert_snapshot!([no_repository, no_commit, no_folder].join("\n"), @"
    `DIR/work` is not in a git repository: run `git init` there, or run `runner` in a clone
    the repository at `DIR/work` has no commit yet: make one with `git commit`
    no folder `DIR/work`
    ");
}

#[test]
fn stopping_interrupts() {
    let bench = Bench::new();
    bench.git.stop.stop();
    // A hook that waits stands for a remote that does not answer.
    let remote = Bench::at(Arc::clone(&bench.runtime), Arc::clone(&bench.folder), "remote");
    remote.git(&["init", "-q", "--bare"]);
    bench.write(".git/hooks/pre-push", "#!/bin/sh\nexec sleep 60\n");
    Command::new("chmod")
        .args(["+x", ".git/hooks/pre-push"])
        .current_dir(&bench.root)
        .status()
        .expect("run");
    let began = std::time::Instant::now();
    let outcome = bench.git.push("../remote", &["main".to_owned()]);
    assert!(matches!(outcome, Err(Fault::Interrupted { .. })), "{outcome:?}");
    assert!(began.elapsed().as_secs() < 20);
}

#[test]
fn commits_one_file_and_leaves_all_else_alone() {
    let bench = Bench::new();
    let parent = bench.head();
    bench.write("staged", "by the user");
    bench.git(&["add", "staged"]);
    bench.write("readme", "changed by the user\n");
    let done = names(bench.changelog(&parent));
    assert_eq!(done, bench.head());
    assert_eq!(bench.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    insta::assert_snapshot!(bench.git(&["log", "-1", "--format=%an <%ae> %ad%n%cn %cd%n%B", "--stat", "--date=iso"]), @"
    Анна <anna@example.org> 2026-03-20 09:46:40 +0000
    Анна 2026-03-20 09:46:40 +0000
    chore: release 1.0.0

    Что нового

     docs/CHANGELOG.md | 1 +
     1 file changed, 1 insertion(+)
    ");
    assert_eq!(bench.git(&["rev-parse", "HEAD^"]), parent);
    assert_eq!(bench.read("docs/CHANGELOG.md"), "# Журнал\n");
    insta::assert_snapshot!(bench.status(), @r"
     M readme
    A  staged
    ");
    // Again: the same commit, nothing more.
    assert_eq!(names(bench.changelog(&parent)), done);
    assert_eq!(bench.head(), done);
    let left = fs::read_dir(bench.root.join(".git"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name());
    assert!(
        left.into_iter()
            .all(|name| !name.to_string_lossy().starts_with("runner-"))
    );
}

#[test]
fn a_commit_is_the_same_in_every_clone_and_finished_after_a_crash() {
    let bench = Bench::new();
    bench.commit("docs/CHANGELOG.md", "# old\n", "docs: changelog");
    let parent = bench.head();
    let clone = bench.clone_as("clone", &[]);
    let done = names(bench.changelog(&parent));
    assert_eq!(names(clone.changelog(&parent)), done);
    for steps_done in [0, 1, 2] {
        clone.git(&["reset", "-q", "--hard", &parent]);
        // What a crash leaves: the branch moved; then the index too; then all.
        clone.git(&["update-ref", "HEAD", &done]);
        if steps_done > 0 {
            clone.git(&["read-tree", &done]);
        }
        if steps_done > 1 {
            clone.write("docs/CHANGELOG.md", "# Журнал\n");
        }
        assert_eq!(names(clone.changelog(&parent)), done, "{steps_done}");
        assert_eq!(
            (clone.status(), clone.read("docs/CHANGELOG.md")),
            (String::new(), "# Журнал\n".to_owned())
        );
    }
    // Somebody else resumes the run: what was committed counts.
    clone.git(&["config", "user.name", "Олег"]);
    assert_eq!(names(clone.changelog(&parent)), done);
    // What the user did with the file meanwhile is theirs.
    clone.git(&["reset", "-q", "--hard", &parent]);
    clone.git(&["update-ref", "HEAD", &done]);
    clone.write("docs/CHANGELOG.md", "# own\n");
    assert_eq!(names(clone.changelog(&parent)), done);
    assert_eq!(clone.read("docs/CHANGELOG.md"), "# own\n");
}

#[test]
fn a_commit_is_refused_where_something_would_be_lost() {
    let bench = Bench::new();
    let first = bench.head();
    bench.write("docs/CHANGELOG.md", "# not committed\n");
    let untracked = bench.said(bench.changelog(&first));
    bench.git(&["add", "-A"]);
    let staged = bench.said(bench.changelog(&first));
    assert_eq!(untracked, staged);
    let second = bench.commit("a", "1", "fix: a");
    let moved = bench.said(bench.changelog(&first));
    bench.git(&["rm", "-q", "-r", "docs"]);
    let removed = bench.said(bench.changelog(&second));
    let odd = ["../x", "/x", "a//b", ".git/config", "docs"]
        .map(|path| bench.said(bench.git.commit_file(path, b"", "m", &second, AT)));
    let said = format!("{untracked}\n{moved}\n{removed}\n{}", odd.join("\n"));
    insta::assert_snapshot!(said.replace(&first[..10], "FIRST").replace(&second[..10], "SECOND"), @"
    cannot commit `docs/CHANGELOG.md`: it has changes that are not committed; commit them, or put them away with `git stash`
    cannot commit `docs/CHANGELOG.md`: the release began at FIRST, and SECOND is checked out now; check out the former again, or cancel the run and begin a new one
    cannot commit `docs/CHANGELOG.md`: it has changes that are not committed; commit them, or put them away with `git stash`
    cannot commit `../x`: it is not a path of a file in the workspace
    cannot commit `/x`: it is not a path of a file in the workspace
    cannot commit `a//b`: it is not a path of a file in the workspace
    cannot commit `.git/config`: it is not a path of a file in the workspace
    cannot commit `docs`: it is not a regular file
    ");
    assert_eq!(bench.head(), second);
}

#[test]
fn commits_on_a_detached_head_and_from_a_folder_of_the_repository() {
    let bench = Bench::new();
    bench.git(&["checkout", "-q", "--detach"]);
    let parent = bench.head();
    let app = Bench::at(Arc::clone(&bench.runtime), Arc::clone(&bench.folder), "work/app");
    let done = names(app.changelog(&parent));
    assert_eq!((bench.head(), bench.status()), (done, String::new()));
    assert_eq!(bench.read("app/docs/CHANGELOG.md"), "# Журнал\n");
    assert_eq!(bench.git(&["rev-parse", "main"]), parent);
    assert_eq!(
        bench.git(&["show", "--name-only", "--format="]),
        "app/docs/CHANGELOG.md"
    );
}

#[test]
fn line_ends_become_what_the_user_wants() {
    let bench = Bench::new();
    bench.git(&["config", "core.autocrlf", "true"]);
    let first = bench.head();
    let done = names(
        bench
            .git
            .commit_file("LOG", b"one\ntwo\n", "chore: one", &first, AT),
    );
    assert_eq!(
        (bench.read("LOG").as_str(), bench.status().as_str()),
        ("one\r\ntwo\r\n", "")
    );
    assert_eq!(
        bench.git.show("HEAD", "LOG", 99),
        Ok(Response::Content(Some("one\ntwo\n".into())))
    );
    // With CRLF lying there it is not a change of the user's.
    let next = names(
        bench
            .git
            .commit_file("LOG", b"one\ntwo\nthree\n", "chore: two", &done, AT),
    );
    assert_eq!((bench.head(), bench.status()), (next, String::new()));
    // Content with CRLF of its own is stored as it is.
    let bench = Bench::new();
    bench.git(&["config", "core.autocrlf", "false"]);
    let head = bench.head();
    names(
        bench
            .git
            .commit_file("DOS", b"one\r\n", "chore: three", &head, AT),
    );
    assert_eq!(
        (bench.read("DOS").as_str(), bench.status().as_str()),
        ("one\r\n", "")
    );
}

#[test]
fn an_executable_stays_one_and_a_link_is_refused() {
    let bench = Bench::new();
    bench.write("run", "#!/bin/sh\n");
    Command::new("chmod")
        .args(["+x", "run"])
        .current_dir(&bench.root)
        .status()
        .expect("run");
    std::os::unix::fs::symlink("run", bench.root.join("link")).expect("linked");
    let parent = bench.commit("a", "1", "feat: a");
    names(
        bench
            .git
            .commit_file("run", b"#!/bin/bash\n", "chore: run", &parent, AT),
    );
    assert!(bench.git(&["ls-tree", "HEAD", "run"]).starts_with("100755"));
    assert_eq!(bench.status(), "");
    let head = bench.head();
    assert!(
        bench
            .said(bench.git.commit_file("link", b"", "m", &head, AT))
            .ends_with("it is not a regular file")
    );
}

#[test]
fn without_a_name_it_commits_in_its_own() {
    let bench = Bench::new();
    // Empty is as good as missing, and stands over what the machine's configuration says.
    bench.git(&["config", "user.name", ""]);
    bench.git(&["config", "user.email", ""]);
    names(bench.changelog(&bench.head()));
    assert_eq!(
        bench.git(&["log", "-1", "--format=%an <%ae>"]),
        "runner <runner@localhost>"
    );
}

#[test]
fn tags_the_same_each_time_and_never_moves_one() {
    let bench = Bench::new();
    let first = bench.head();
    let clone = bench.clone_as("clone", &[]);
    for bench in [&bench, &clone] {
        for _ in 0..2 {
            assert_eq!(
                bench.git.tag("v1.0.0", &first, "1.0.0\n\n* Всё", AT),
                Ok(Response::Done)
            );
        }
    }
    assert_eq!(
        bench.git(&["rev-parse", "v1.0.0"]),
        clone.git(&["rev-parse", "v1.0.0"])
    );
    insta::assert_snapshot!(bench.git(&["cat-file", "-p", "v1.0.0"]).replace(&first, "FIRST"), @"
    object FIRST
    type commit
    tag v1.0.0
    tagger Анна <anna@example.org> 1774000000 +0000

    1.0.0

    * Всё
    ");
    let second = bench.commit("a", "1", "fix: a");
    let conflict = bench.said(bench.git.tag("v1.0.0", &second, "1.0.0", AT));
    let bad = bench.said(bench.git.tag("v1..0", &second, "m", AT));
    let said = format!("{conflict}\n{bad}")
        .replace(&first[..10], "FIRST")
        .replace(&second[..10], "SECOND");
    insta::assert_snapshot!(said, @"
    the tag `v1.0.0` is there already, on FIRST instead of SECOND: if it is a mistake, remove it with `git tag -d v1.0.0` (and, where it was pushed, `git push --delete origin v1.0.0`); if it is right, release from a newer commit
    `v1..0` is not a name that git takes for a tag
    ");
    // One that was made by hand is as good.
    bench.git(&["-c", "tag.gpgSign=false", "tag", "v1.0.1"]);
    assert_eq!(bench.git.tag("v1.0.1", "HEAD", "m", AT), Ok(Response::Done));
}

#[test]
fn pushes_all_or_nothing() {
    let bench = Bench::new();
    let remote = Bench::at(Arc::clone(&bench.runtime), Arc::clone(&bench.folder), "remote");
    remote.git(&["init", "-q", "--bare", "-b", "main"]);
    bench.git(&["remote", "add", "origin", "../remote"]);
    let first = bench.head();
    bench.git.tag("v1.0.0", &first, "m", AT).expect("tagged");
    let refs = ["main".to_owned(), "v1.0.0".to_owned()];
    for _ in 0..2 {
        assert_eq!(bench.git.push("origin", &refs), Ok(Response::Done));
    }
    assert_eq!(
        remote.git(&["rev-parse", "main", "v1.0.0^{commit}"]),
        format!("{first}\n{first}")
    );
    // Another clone pushes; then neither our branch nor our tag fits.
    let other = remote.clone_as("other", &[]);
    other.commit("b", "1", "fix: b");
    other.git.tag("v1.0.1", "HEAD", "theirs", AT).expect("tagged");
    assert_eq!(
        other
            .git
            .push("origin", &["main".to_owned(), "v1.0.1".to_owned()]),
        Ok(Response::Done)
    );
    bench.commit("c", "1", "fix: c");
    bench.git.tag("v1.0.1", "HEAD", "ours", AT).expect("tagged");
    bench.git.tag("v1.0.2", "HEAD", "ours", AT).expect("tagged");
    let branch = bench.said(
        bench
            .git
            .push("origin", &["main".to_owned(), "v1.0.2".to_owned()]),
    );
    let tag = bench.said(
        bench
            .git
            .push("origin", &["v1.0.2".to_owned(), "v1.0.1".to_owned()]),
    );
    let option = bench.said(bench.git.push("origin", &["--force".to_owned()]));
    let unknown = bench.said(bench.git.push("origin", &["none".to_owned()]));
    insta::assert_snapshot!([branch, tag, option, unknown].join("\n"), @"
    `origin` does not take the branch `main` (fetch first): get what is new there with `git pull --rebase origin main`, or ask whoever protects the branch, and release again
    `origin` has another tag `v1.0.1` (already exists): if it is a mistake, remove it with `git push --delete origin v1.0.1`, else fetch it with `git fetch --tags origin` and release the next version
    cannot push `--force` to `origin`: names are wanted
    `git push origin` failed: src refspec none does not match any
    error: failed to push some refs to '../remote'
    ");
    assert_eq!(
        remote.git(&["tag"]),
        "v1.0.0\nv1.0.1",
        "nothing of a refused push is there"
    );
    bench.git(&["remote", "add", "down", "http://127.0.0.1:9/x.git"]);
    let down = bench.git.push("down", &refs);
    assert!(matches!(down, Err(Fault::Transient { .. })), "{down:?}");
}
