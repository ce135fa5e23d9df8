use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

struct Bench {
    folder: tempfile::TempDir,
    artifacts: Artifacts,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("work")).expect("made");
        let workspace = Workspace::open(&folder.path().join("work")).expect("a workspace");
        let artifacts = Artifacts::new(
            folder.path().join("store"),
            workspace,
            Machines::default(),
            Stop::default(),
        );
        Self { folder, artifacts }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, content: &str, mode: u32) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
    }

    fn put(&self, path: &str) -> Artifact {
        match self.artifacts.put(None, path, "shop") {
            Ok(Response::Artifact(artifact)) => artifact,
            other => panic!("{other:?}"),
        }
    }

    fn get(&self, artifact: &Artifact, path: &str) -> Outcome {
        self.artifacts
            .get(artifact, None, self.path(path).to_str().expect("UTF-8"))
    }

    fn said(&self, outcome: Outcome) -> String {
        let said = outcome.expect_err("a fault").to_string();
        said.replace(self.folder.path().to_str().expect("UTF-8"), "DIR")
    }

    /// Names, modes and contents below a folder.
    fn tree(&self, path: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut folders = vec![self.path(path)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let metadata = path.symlink_metadata().expect("there");
                let what = if metadata.is_symlink() {
                    format!("-> {}", fs::read_link(&path).expect("a link").display())
                } else if metadata.is_dir() {
                    folders.push(path.clone());
                    "folder".to_owned()
                } else {
                    let content = fs::read_to_string(&path).expect("text");
                    format!("{:o} {content}", metadata.permissions().mode() & 0o777)
                };
                let inside = path.strip_prefix(self.folder.path()).expect("inside").to_owned();
                all.push(format!("{} {what}", inside.display()));
            }
        }
        all.sort();
        all
    }
}

#[test]
fn a_file_goes_in_and_comes_out() {
    let bench = Bench::new();
    bench.write("work/dist/shop", "bytes", 0o755);
    let artifact = bench.put("dist/shop");
    assert_eq!(artifact.digest, Digest::of(b"bytes"));
    assert_eq!((artifact.name.as_str(), artifact.size), ("shop", 5));
    let hex = artifact.digest.hex();
    assert_eq!(
        artifact.location,
        format!("sha256/{}/{hex}#executable", &hex[..2])
    );
    // Twice is once, and nothing else is left in the store.
    assert_eq!(bench.put("dist/shop"), artifact);
    let stored: Vec<_> = bench
        .tree("store")
        .into_iter()
        .filter(|line| !line.ends_with("folder"))
        .collect();
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_eq!(bench.artifacts.verify(&artifact), Ok(Response::Done));
    for _ in 0..2 {
        assert_eq!(bench.get(&artifact, "srv/shop"), Ok(Response::Done));
    }
    assert_eq!(bench.tree("srv"), ["srv/shop 755 bytes"]);
}

#[test]
fn a_folder_is_the_same_archive_whatever_its_times_and_order() {
    let bench = Bench::new();
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    let fill = |root: &str, backwards: bool| {
        let mut files = [
            (format!("{root}/bin/run"), "#!/bin/sh\n", 0o700),
            (format!("{root}/данные.txt"), "да", 0o600),
            (format!("{root}/{long}"), "long", 0o644),
        ];
        if backwards {
            files.reverse();
        }
        for (path, content, mode) in files {
            bench.write(&path, content, mode);
        }
        fs::create_dir(bench.path(root).join("empty")).expect("made");
        symlink("bin/run", bench.path(root).join("start")).expect("linked");
    };
    fill("work/one", false);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    fill("work/two", true);
    let (one, two) = (bench.put("one"), bench.put("two"));
    assert_eq!(one, two);
    assert!(one.location.ends_with("#tar"));
    // What was there before is replaced as a whole.
    bench.write("srv/app/old", "old", 0o644);
    assert_eq!(bench.get(&one, "srv/app"), Ok(Response::Done));
    assert_eq!(
        bench.tree("srv"),
        [
            "srv/app folder".to_owned(),
            "srv/app/bin folder".to_owned(),
            "srv/app/bin/run 755 #!/bin/sh\n".to_owned(),
            format!("srv/app/{} folder", "d".repeat(120)),
            format!("srv/app/{long} 644 long"),
            "srv/app/empty folder".to_owned(),
            "srv/app/start -> bin/run".to_owned(),
            "srv/app/данные.txt 644 да".to_owned(),
        ]
    );
}

#[test]
fn what_is_missing_or_changed_is_told() {
    let bench = Bench::new();
    bench.write("work/shop", "bytes", 0o644);
    let mut artifact = bench.put("shop");
    let stored = bench.path("store").join(&artifact.location);
    fs::write(&stored, "bytes!").expect("written");
    let changed = bench.said(bench.artifacts.verify(&artifact));
    assert!(
        changed.starts_with("artifact `shop` was changed in the store: `DIR/store/sha256/"),
        "{changed}"
    );
    assert!(
        changed.contains("has 6 bytes with the digest sha256:"),
        "{changed}"
    );
    assert!(bench.get(&artifact, "srv/shop").is_err());
    assert!(bench.tree("srv").is_empty());
    // Putting it again mends the store.
    assert_eq!(bench.put("shop"), artifact);
    assert_eq!(bench.artifacts.verify(&artifact), Ok(Response::Done));
    fs::remove_file(&stored).expect("removed");
    let missing = bench.said(bench.artifacts.verify(&artifact));
    assert!(
        missing.starts_with("the store has no artifact `shop`: there is no file `DIR/store/sha256/"),
        "{missing}"
    );
    artifact.digest = Digest::from_hex("../../../etc/passwd");
    assert!(
        bench
            .said(bench.artifacts.verify(&artifact))
            .ends_with("`DIR/store/sha256/none`")
    );
    let none = bench.said(bench.artifacts.put(None, "dist/none", "shop"));
    assert!(
        none.ends_with("work/dist/none` as artifact `shop`: No such file or directory (os error 2)"),
        "{none}"
    );
    assert!(matches!(
        bench.artifacts.put(None, "../store", "shop"),
        Err(Fault::Denied { .. })
    ));
    assert!(bench.artifacts.put(Some("vps"), "shop", "shop").is_err());
}

#[test]
fn no_archive_gets_out_of_its_folder() {
    let bench = Bench::new();
    let keep = |archive: Vec<u8>| {
        bench.write("work/evil", "", 0o644);
        fs::write(bench.path("work/evil"), archive).expect("written");
        let mut artifact = bench.put("evil");
        artifact.location += TAR;
        artifact
    };
    let header = |kind, name: &str, link: &str, size| {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        header
    };
    let mut up = tar::Builder::new(Vec::new());
    up.append(&header(tar::EntryType::Regular, "../outside", "", 1), &b"x"[..])
        .expect("appended");
    let mut through = tar::Builder::new(Vec::new());
    through
        .append(&header(tar::EntryType::Symlink, "way", "..", 0), &b""[..])
        .expect("appended");
    through
        .append(&header(tar::EntryType::Regular, "way/outside", "", 1), &b"x"[..])
        .expect("appended");
    for archive in [up, through] {
        let artifact = keep(archive.into_inner().expect("an archive"));
        let said = bench.said(bench.get(&artifact, "srv/app"));
        assert!(
            said.starts_with("cannot put artifact `shop` to `DIR/srv/app`: "),
            "{said}"
        );
        assert!(bench.tree("srv").is_empty(), "{:?}", bench.tree("srv"));
    }
}

#[test]
fn a_socket_is_no_content_and_stopping_interrupts() {
    let bench = Bench::new();
    fs::create_dir(bench.path("work/app")).expect("made");
    let _socket = std::os::unix::net::UnixListener::bind(bench.path("work/app/socket")).expect("bound");
    let said = bench.said(bench.artifacts.put(None, "app", "shop"));
    assert!(
        said.ends_with("`socket`: it is neither a file, a folder nor a link"),
        "{said}"
    );
    bench.write("work/shop", "bytes", 0o644);
    bench.artifacts.stop.stop();
    let outcome = bench.artifacts.put(None, "shop", "shop");
    assert!(matches!(outcome, Err(Fault::Interrupted { .. })), "{outcome:?}");
}
