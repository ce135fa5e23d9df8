//! Files of this machine, in a scratch folder.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use runner_core::effect::{Entry, EntryKind, Response};

use super::*;
use crate::{stop::Stop, workspace::Workspace};

struct Bench {
    folder: tempfile::TempDir,
    files: MachineFiles,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = Workspace::open(folder.path()).expect("a workspace");
        let artifacts = Artifacts::new(
            folder.path().join("store"),
            workspace,
            Machines::default(),
            Stop::default(),
        );
        let files = MachineFiles::new(Arc::new(artifacts), Machines::default());
        Self { folder, files }
    }

    fn path(&self, path: &str) -> String {
        self.folder.path().join(path).to_str().expect("UTF-8").to_owned()
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.path(path)).expect("there").permissions().mode() & 0o7777
    }
}

#[test]
fn a_part_of_a_file_is_read_however_long_the_file_is() {
    let bench = Bench::new();
    let (path, part) = (bench.path("log"), |bytes: &[u8]| {
        Ok(Response::Content(Some(bytes.to_vec().into())))
    });
    let read = |start, max| bench.files.read_part(None, &path, start, max);
    assert_eq!(read(0, 9), Ok(Response::Content(None)));
    fs::write(&path, "0123456789").expect("written");
    assert_eq!(read(0, 4), part(b"0123"));
    assert_eq!(read(4, 100), part(b"456789"));
    assert_eq!(read(10, 100), part(b""));
    assert_eq!(read(u64::MAX, 100), part(b""));
    assert_eq!(read(3, 0), part(b""));
    let folder = bench.files.read_part(None, &bench.path(""), 0, 9);
    assert!(folder.is_err(), "{folder:?}");
}

#[test]
fn writes_reads_lists_and_removes() {
    let bench = Bench::new();
    let Bench { files, .. } = &bench;
    assert_eq!(
        files.read(None, &bench.path("app/conf"), 9),
        Ok(Response::Content(None))
    );
    assert_eq!(
        files.list_folder(None, &bench.path("app")),
        Ok(Response::Entries(None))
    );
    for content in [&b"old"[..], b"new", b"new"] {
        let written = files.write(Some("local"), &bench.path("app/conf"), content, 0o640);
        assert_eq!(written, Ok(Response::Done));
    }
    assert_eq!(bench.mode("app/conf"), 0o640);
    assert_eq!(
        files.read(None, &bench.path("app/conf"), 3),
        Ok(Response::Content(Some("new".into())))
    );
    assert!(files.read(None, &bench.path("app/conf"), 2).is_err());
    assert!(files.read(None, &bench.path("app"), 2).is_err());
    assert_eq!(
        files.link(None, &bench.path("app/a-link"), "conf"),
        Ok(Response::Done)
    );
    fs::write(bench.path("app/.runner-tmp-1-1"), "left by a crash").expect("written");
    let entry = |name: &str, kind, size, target: Option<&str>| Entry {
        name: name.to_owned(),
        kind,
        size,
        target: target.map(str::to_owned),
    };
    fs::create_dir(bench.path("app/b")).expect("made");
    assert_eq!(
        files.list_folder(None, &bench.path("app")),
        Ok(Response::Entries(Some(vec![
            entry("a-link", EntryKind::Link, 0, Some("conf")),
            entry("b", EntryKind::Folder, 0, None),
            entry("conf", EntryKind::File, 3, None),
        ])))
    );
    assert!(files.list_folder(None, &bench.path("app/conf")).is_err());
    for path in ["app/a-link", "app/a-link", "app/conf/x", "app", "app"] {
        assert_eq!(
            files.remove(None, &bench.path(path)),
            Ok(Response::Done),
            "{path}"
        );
    }
    assert!(!Path::new(&bench.path("app")).exists());
}

#[test]
fn creates_only_where_nothing_is() {
    let bench = Bench::new();
    let path = bench.path("locks/prod");
    assert_eq!(
        bench.files.create(None, &path, b"first"),
        Ok(Response::Flag(true))
    );
    assert_eq!(
        bench.files.create(None, &path, b"second"),
        Ok(Response::Flag(false))
    );
    assert_eq!(fs::read(&path).expect("there"), b"first");
    symlink("nowhere", bench.path("locks/dangling")).expect("linked");
    assert_eq!(
        bench.files.create(None, &bench.path("locks/dangling"), b""),
        Ok(Response::Flag(false))
    );
}

#[test]
fn one_of_many_creates_and_readers_never_see_half() {
    let bench = Bench::new();
    let path = bench.path("lock");
    let over = AtomicBool::new(false);
    let content = |who: u8| vec![who; 200_000];
    let won: Vec<u8> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if let Ok(seen) = fs::read(&path) {
                    assert_eq!(seen.len(), 200_000);
                }
            }
        });
        let creators: Vec<_> = (0..8)
            .map(|who| {
                scope.spawn({
                    let (bench, path) = (&bench, &path);
                    move || (who, bench.files.create(None, path, &content(who)))
                })
            })
            .collect();
        let done = creators.into_iter().map(|thread| thread.join().expect("ended"));
        let won = done
            .filter(|(_, outcome)| *outcome == Ok(Response::Flag(true)))
            .map(|(who, _)| who)
            .collect();
        over.store(true, Ordering::Relaxed);
        won
    });
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(fs::read(&path).expect("there"), content(won[0]));
    assert_eq!(fs::read_dir(bench.folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_link_is_switched_in_one_step_and_a_folder_is_kept() {
    let bench = Bench::new();
    let current = bench.path("srv/current");
    for to in ["releases/1", "releases/2", "releases/2"] {
        assert_eq!(bench.files.link(None, &current, to), Ok(Response::Done));
        assert_eq!(fs::read_link(&current).expect("a link"), Path::new(to));
    }
    fs::create_dir(bench.path("srv/real")).expect("made");
    let fault = bench
        .files
        .link(None, &bench.path("srv/real"), "x")
        .expect_err("a folder")
        .to_string();
    assert!(
        fault.ends_with("a link: it is a folder; move or remove that first"),
        "{fault}"
    );
    // Removing a link leaves what it leads to.
    fs::create_dir_all(bench.path("srv/releases/2")).expect("made");
    assert_eq!(bench.files.remove(None, &current), Ok(Response::Done));
    assert!(Path::new(&bench.path("srv/releases/2")).is_dir());
}

#[test]
fn fetches_an_artifact_and_compares_it() {
    let bench = Bench::new();
    fs::write(bench.path("built"), "bytes of a build").expect("written");
    let Ok(Response::Artifact(artifact)) = bench.files.artifacts.put(None, "built", "shop") else {
        panic!("no artifact")
    };
    let path = bench.path("srv/releases/1/shop");
    for _ in 0..2 {
        assert_eq!(
            bench.files.fetch(&artifact, None, &path, 0o755),
            Ok(Response::Done)
        );
    }
    assert_eq!(fs::read(&path).expect("there"), b"bytes of a build");
    assert_eq!(bench.mode("srv/releases/1/shop"), 0o755);
    let hex = artifact.digest.hex();
    fs::write(
        bench.path(&format!("store/sha256/{}/{hex}", &hex[..2])),
        "bytes of a thief",
    )
    .expect("written");
    let fault = bench
        .files
        .fetch(&artifact, None, &path, 0o755)
        .expect_err("changed")
        .to_string();
    assert!(
        fault.contains("artifact `shop`") && fault.contains("was changed"),
        "{fault}"
    );
    assert_eq!(fs::read(&path).expect("still there"), b"bytes of a build");
    assert_eq!(
        fs::read_dir(bench.path("srv/releases/1"))
            .expect("a folder")
            .count(),
        1
    );
}

#[test]
fn only_plain_absolute_paths_and_this_machine() {
    let files = Bench::new().files;
    for path in ["relative", "", "/", "/a/../b", "../a", "/a\0b"] {
        assert!(files.remove(None, path).is_err(), "{path:?}");
        assert!(files.read(None, path, 1).is_err(), "{path:?}");
    }
    let fault = files
        .read(Some("vps"), "/etc/hosts", 1)
        .expect_err("elsewhere")
        .to_string();
    assert!(fault.starts_with("no machine `vps` in the profile"), "{fault}");
}
