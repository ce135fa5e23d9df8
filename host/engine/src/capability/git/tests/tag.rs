//! Tags, which are made once.

use super::*;

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
