//! What is told of commits, files, tags and the work tree.

use runner_core::bytes::Bytes;

use super::*;

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
