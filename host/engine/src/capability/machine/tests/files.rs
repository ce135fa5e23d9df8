use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use runner_core::{
    effect::{Entry, EntryKind},
    release::Artifact,
};

use super::*;

const VPS: Option<&str> = Some("vps");

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o7777
}

fn entry(name: &str, kind: EntryKind, size: u64, target: Option<&str>) -> Entry {
    Entry {
        name: name.to_owned(),
        kind,
        size,
        target: target.map(str::to_owned),
    }
}

impl Bench {
    fn put(&self, machine: Option<&str>, path: &str) -> Artifact {
        match self.artifacts.put(machine, path, "shop") {
            Ok(Response::Artifact(artifact)) => artifact,
            other => panic!("{other:?}"),
        }
    }

    /// Names below a folder of the machine.
    fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.there(path)).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }
}

#[test]
fn writes_reads_lists_and_removes() {
    let Some(bench) = Bench::new() else { return };
    let files = &bench.files;
    let odd = "odd 'na\nme\" $(id)";
    assert_eq!(
        files.read(VPS, &bench.path("app/conf"), 9),
        Ok(Response::Content(None))
    );
    assert_eq!(
        files.list_folder(VPS, &bench.path("app")),
        Ok(Response::Entries(None))
    );
    let big: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    for (content, bits) in [
        (&b""[..], 0o600),
        (&big, 0o640),
        (b"new", 0o755),
        (b"new", 0o2640),
    ] {
        assert_eq!(
            files.write(VPS, &bench.path("app/conf"), content, bits),
            Ok(Response::Done)
        );
        assert_eq!(mode(&bench.there("app/conf")), bits);
        let read = files.read(VPS, &bench.path("app/conf"), 1_000_000);
        assert_eq!(read, Ok(Response::Content(Some(content.to_vec().into()))));
    }
    assert_eq!(
        files.write(VPS, &bench.path(&format!("app/{odd}")), b"x", 0o644),
        Ok(Response::Done)
    );
    assert_eq!(
        files.link(VPS, &bench.path("app/a-link"), "conf"),
        Ok(Response::Done)
    );
    fs::write(bench.there("app/.runner-tmp-1-1"), "left by a crash").expect("written");
    fs::create_dir(bench.there("app/b")).expect("made");
    symlink("nowhere", bench.there("app/dangling")).expect("linked");
    assert_eq!(
        files.list_folder(VPS, &bench.path("app")),
        Ok(Response::Entries(Some(vec![
            entry("a-link", EntryKind::Link, 0, Some("conf")),
            entry("b", EntryKind::Folder, 0, None),
            entry("conf", EntryKind::File, 3, None),
            entry("dangling", EntryKind::Link, 0, Some("nowhere")),
            entry(odd, EntryKind::File, 1, None),
        ])))
    );
    assert_eq!(
        files.read(VPS, &bench.path("app/dangling"), 9),
        Ok(Response::Content(None))
    );
    assert_eq!(
        files.read(VPS, &bench.path("app/conf/x"), 9),
        Ok(Response::Content(None))
    );
    let said = [
        bench.fault(files.read(VPS, &bench.path("app/conf"), 2)),
        bench.fault(files.read(VPS, &bench.path("app"), 2)),
        bench.fault(files.list_folder(VPS, &bench.path("app/conf"))),
        bench.fault(files.write(VPS, &bench.path("app/b"), b"", 0o644)),
        bench.fault(files.write(VPS, &bench.path("app/conf/x"), b"", 0o644)),
        bench.fault(files.read(VPS, "app/conf", 2)),
        bench.fault(files.remove(VPS, "/a/../b")),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    cannot read `DIR/there/app/conf` on machine `vps`: it has 3 bytes, more than the 2 asked for
    cannot read `DIR/there/app` on machine `vps`: it is not a file
    cannot list `DIR/there/app/conf` on machine `vps`: it is not a folder
    cannot write `DIR/there/app/b` on machine `vps`: mv: cannot overwrite directory 'DIR/there/app/b' with non-directory
    cannot write `DIR/there/app/conf/x` on machine `vps`: mkdir: cannot create directory 'DIR/there/app/conf/': File exists
    `app/conf` does not name a file of a machine: write an absolute path without `..`
    `/a/../b` does not name a file of a machine: write an absolute path without `..`
    ");
    for path in [
        "app/a-link",
        "app/a-link",
        "app/conf/x",
        &format!("app/{odd}"),
        "app",
        "app",
    ] {
        assert_eq!(files.remove(VPS, &bench.path(path)), Ok(Response::Done), "{path}");
    }
    assert!(!bench.there("app").exists());
}

#[test]
fn a_part_of_a_file_is_read_however_long_the_file_is() {
    let Some(bench) = Bench::new() else { return };
    let path = bench.path("app/log 'a\"");
    let part = |bytes: &[u8]| Ok(Response::Content(Some(bytes.to_vec().into())));
    let read = |start, max| bench.files.read_part(VPS, &path, start, max);
    assert_eq!(read(0, 9), Ok(Response::Content(None)));
    fs::create_dir_all(bench.there("app")).expect("made");
    let content: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    fs::write(&path, &content).expect("written");
    assert_eq!(read(0, 4), part(&content[..4]));
    assert_eq!(read(1_000_001, 700_000), part(&content[1_000_001..1_700_001]));
    assert_eq!(read(2_999_999, 9), part(&content[2_999_999..]));
    assert_eq!(read(3_000_000, 9), part(b""));
    assert_eq!(read(4_000_000_000_000, 9), part(b""));
    let folder = bench.fault(bench.files.read_part(VPS, &bench.path("app"), 0, 9));
    insta::assert_snapshot!(folder, @"cannot read `DIR/there/app` on machine `vps`: it is not a file");
}

#[test]
fn one_of_many_creates_and_readers_never_see_half() {
    let Some(bench) = Bench::new() else { return };
    let path = bench.path("locks/prod");
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
        let creators: Vec<_> = (0..6)
            .map(|who| {
                let (bench, path) = (&bench, &path);
                scope.spawn(move || (who, bench.files.create(VPS, path, &content(who))))
            })
            .collect();
        let done = creators.into_iter().map(|thread| thread.join().expect("ended"));
        let won = done
            .filter(|(_, outcome)| *outcome == Ok(Response::Flag(true)))
            .map(|(who, _)| who);
        let won = won.collect();
        over.store(true, Ordering::Relaxed);
        won
    });
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(fs::read(&path).expect("there"), content(won[0]));
    assert_eq!(bench.names("locks"), ["prod"]);
    symlink("nowhere", bench.there("locks/dangling")).expect("linked");
    let dangling = bench.files.create(VPS, &bench.path("locks/dangling"), b"");
    assert_eq!(dangling, Ok(Response::Flag(false)));
}

#[test]
fn a_link_is_switched_in_one_step_and_a_folder_is_kept() {
    let Some(bench) = Bench::new() else { return };
    let current = bench.path("srv/current");
    for to in ["releases/1", "releases/2", "releases/2", "-odd 'to"] {
        assert_eq!(bench.files.link(VPS, &current, to), Ok(Response::Done));
        assert_eq!(fs::read_link(&current).expect("a link"), Path::new(to));
    }
    // One that leads to a folder is switched, not followed.
    fs::create_dir_all(bench.there("srv/releases/1")).expect("made");
    for _ in 0..2 {
        assert_eq!(bench.files.link(VPS, &current, "releases/1"), Ok(Response::Done));
    }
    assert_eq!(bench.names("srv/releases/1"), [""; 0]);
    fs::create_dir(bench.there("srv/real")).expect("made");
    insta::assert_snapshot!(bench.fault(bench.files.link(VPS, &bench.path("srv/real"), "x")), @"cannot make `DIR/there/srv/real` a link on machine `vps`: it is a folder; move or remove that first");
    assert_eq!(bench.files.remove(VPS, &current), Ok(Response::Done));
    assert!(bench.there("srv/releases/1").is_dir());
}

#[test]
fn fetches_an_artifact_and_compares_it_there() {
    let Some(bench) = Bench::new() else { return };
    let root = bench.server.folder.path().to_owned();
    fs::write(root.join("work/built"), "bytes of a build").expect("written");
    let artifact = bench.put(None, "built");
    let path = bench.path("srv/releases/1/shop");
    for _ in 0..2 {
        assert_eq!(
            bench.files.fetch(&artifact, VPS, &path, 0o755),
            Ok(Response::Done)
        );
    }
    assert_eq!(fs::read(&path).expect("there"), b"bytes of a build");
    assert_eq!(mode(Path::new(&path)), 0o755);
    let hex = artifact.digest.hex();
    fs::write(
        root.join(format!("store/sha256/{}/{hex}", &hex[..2])),
        "bytes of a thief",
    )
    .expect("written");
    let said = bench.fault(bench.files.fetch(&artifact, VPS, &path, 0o755));
    assert!(
        said.contains("artifact `shop` was changed in the store"),
        "{said}"
    );
    assert_eq!(fs::read(&path).expect("still there"), b"bytes of a build");
    assert_eq!(bench.names("srv/releases/1"), ["shop"]);
}

#[test]
fn artifacts_go_there_and_come_back() {
    let Some(bench) = Bench::new() else { return };
    let work = bench.server.folder.path().join("work");
    fs::create_dir_all(work.join("site/empty")).expect("made");
    fs::create_dir_all(work.join("site/assets")).expect("made");
    fs::write(work.join("site/index.html"), "<p>").expect("written");
    fs::write(work.join("site/assets/ü 'x"), "data").expect("written");
    fs::write(work.join("site/run"), "#!").expect("written");
    fs::set_permissions(work.join("site/run"), fs::Permissions::from_mode(0o755)).expect("set");
    symlink("index.html", work.join("site/link")).expect("linked");
    let folder = bench.put(None, "site");
    let file = bench.put(None, "site/run");
    // Over what is there, twice.
    fs::create_dir_all(bench.there("www/old")).expect("made");
    for _ in 0..2 {
        assert_eq!(
            bench.artifacts.get(&folder, VPS, &bench.path("www")),
            Ok(Response::Done)
        );
        assert_eq!(
            bench.artifacts.get(&file, VPS, &bench.path("bin/run")),
            Ok(Response::Done)
        );
    }
    assert_eq!(bench.names(""), ["bin", "www"]);
    assert_eq!(
        bench.names("www"),
        ["assets", "empty", "index.html", "link", "run"]
    );
    assert_eq!(
        (
            mode(&bench.there("www/run")),
            mode(&bench.there("www/index.html"))
        ),
        (0o755, 0o644)
    );
    assert_eq!(mode(&bench.there("bin/run")), 0o755);
    // Back again they are the same, to the last bit.
    let (back, again) = (
        bench.put(VPS, &bench.path("www")),
        bench.put(VPS, &bench.path("bin/run")),
    );
    assert_eq!((&back, &again), (&folder, &file));
    let kept = fs::read_dir(bench.server.folder.path().join("store/sha256")).expect("a store");
    let names: Vec<_> = kept.map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(names.iter().all(|name| name.len() == 2), "left behind: {names:?}");
    let said = [
        bench.fault(bench.artifacts.put(VPS, &bench.path("none"), "x")),
        bench.fault(bench.artifacts.put(VPS, "site", "x")),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    cannot keep `DIR/there/none` as artifact `x` on machine `vps`: there is no such file or folder
    `site` does not name a file of a machine: write an absolute path without `..`
    ");
}

/// Cuts the connection once something has begun to arrive in a folder.
fn cut_within(bench: &Bench, folder: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    fs::create_dir_all(bench.there(folder)).expect("made");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while bench.names(folder).is_empty() {
                std::hint::spin_loop();
            }
            bench.server.cut();
        });
        work()
    })
}

#[test]
fn what_is_cut_on_its_way_is_sent_again() {
    let Some(bench) = Bench::new() else { return };
    let big: Vec<u8> = (0..=255).cycle().take(100_000_000).collect();
    fs::write(bench.server.folder.path().join("work/big"), &big).expect("written");
    let artifact = bench.put(None, "big");
    let path = bench.path("srv/big");
    let fetched = cut_within(&bench, "srv", || bench.files.fetch(&artifact, VPS, &path, 0o600));
    assert_eq!(fetched, Ok(Response::Done));
    assert!(fs::read(&path).expect("there") == big);
    // Nothing of the first attempt is left, and it has not come late.
    assert_eq!(bench.names("srv"), ["big"]);
}

#[test]
fn a_creation_that_is_cut_is_in_doubt() {
    let Some(bench) = Bench::new() else { return };
    let path = bench.path("locks/prod");
    let big = vec![7; 50_000_000];
    let created = cut_within(&bench, "locks", || bench.files.create(VPS, &path, &big));
    assert!(matches!(created, Err(Fault::Interrupted { .. })), "{created:?}");
    let names = bench.names("locks");
    assert!(names.is_empty() || names == ["prod"], "{names:?}");
}

#[test]
fn what_arrives_with_another_digest_gets_no_name() {
    let Some(bench) = Bench::new() else { return };
    let Ok(Place::Ssh(remote)) = bench.machines.of(VPS) else {
        panic!("no machine")
    };
    let path = bench.path("srv/conf");
    for (size, told) in [(3, "has another digest"), (9, "not all of it arrived")] {
        let content = Content {
            open: &|| Ok(Box::new(&b"new"[..])),
            size,
            digest: &Digest::of(b"old"),
        };
        let said = remote
            .write("write it", &path, &content, None, "x")
            .expect_err("refused");
        assert!(said.to_string().contains(told), "{said}");
    }
    assert_eq!(bench.names("srv"), [""; 0]);
}
