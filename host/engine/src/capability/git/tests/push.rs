//! Branches and tags, on their way to a remote.

use super::*;

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

#[test]
fn stopping_interrupts() {
    let bench = Bench::new();
    bench.git.stop.stop();
    // A hook that waits stands for a remote that does not answer.
    let remote = Bench::at(Arc::clone(&bench.runtime), Arc::clone(&bench.folder), "remote");
    remote.git(&["init", "-q", "--bare"]);
    bench.write_executable(".git/hooks/pre-push", "#!/bin/sh\nexec sleep 60\n");
    let began = std::time::Instant::now();
    let outcome = bench.git.push("../remote", &["main".to_owned()]);
    assert!(matches!(outcome, Err(Fault::Interrupted { .. })), "{outcome:?}");
    assert!(began.elapsed().as_secs() < 20);
}
