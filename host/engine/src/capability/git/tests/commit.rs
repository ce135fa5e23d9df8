//! The commit of one file: the same each time, and nothing of the user's is lost for it.

use super::*;

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
    bench.write_executable("run", "#!/bin/sh\n");
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
