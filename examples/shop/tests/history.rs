//! The repository that `history/` makes for the demo: always the same, and its last commit is the shop as it is here.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository made by `make-repo.sh`, which goes with the test.
struct Repository(PathBuf);

impl Repository {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("shop-history-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let made = Self(folder);
        made.script("make-repo.sh");
        made
    }

    /// Runs a script of `history/` on the repository.
    fn script(&self, name: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("history").join(name);
        run(Command::new("sh").arg(script).arg(&self.0));
    }

    fn git(&self, arguments: &[&str]) -> String {
        run(Command::new("git")
            .arg("-C")
            .arg(&self.0)
            .args(["-c", "core.quotePath=false"])
            .args(arguments))
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_commits_are_conventional_and_end_with_the_shop_as_it_is() {
    let repository = Repository::new("commits");
    let log = repository.git(&["log", "--reverse", "--format=%s", "v0.1.0..main"]);
    assert_eq!(
        log,
        "feat: sell a coffee grinder (#12)\n\
         fix(orders): refuse an order of no pieces\n\
         docs: say where to start reading\n\
         feat(pages): приветствие на главной странице (#15)\n"
    );
    assert_eq!(repository.git(&["status", "--porcelain"]), "");
    let files = repository.git(&["ls-files"]);
    assert!(
        files.contains("src/main.rs\n") && files.contains("Cargo.lock\n"),
        "{files}"
    );
    for file in files.lines() {
        let (here, there) = (
            Path::new(env!("CARGO_MANIFEST_DIR")).join(file),
            repository.0.join(file),
        );
        assert_eq!(
            std::fs::read(here).unwrap(),
            std::fs::read(there).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn the_same_sources_give_the_same_commits() {
    let (one, other) = (Repository::new("one"), Repository::new("other"));
    assert_eq!(
        one.git(&["rev-parse", "main", "v0.1.0"]),
        other.git(&["rev-parse", "main", "v0.1.0"])
    );
}

#[test]
fn the_bug_arrives_as_a_feature() {
    let repository = Repository::new("bug");
    repository.script("break-checkout.sh");
    let last = repository.git(&["log", "-1", "--format=%s", "--name-only"]);
    assert_eq!(
        last,
        "feat(checkout): loyalty discount on every twentieth order (#21)\n\n\
         src/lib.rs\nsrc/loyalty.rs\nsrc/orders.rs\n"
    );
}
