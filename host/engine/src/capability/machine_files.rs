//! Files of machines, below what grants name. Each write is whole or not at all, and twice is the same as once.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use runner_core::{
    digest::Digest,
    effect::{Entry, EntryKind, Outcome, Response},
    fault::Fault,
    release::Artifact,
};

use super::{
    artifacts::Artifacts,
    files::{ReadError, read_at_most, read_part},
    machine::{Content, Machines, Place, Remote},
};
use crate::atomic_file::{self, Unplaced};

/// The `machine-files` interface's effects.
#[derive(Clone, Debug)]
pub struct MachineFiles {
    artifacts: Arc<Artifacts>,
    machines: Machines,
}

impl MachineFiles {
    /// Copies artifacts out of `artifacts`.
    pub fn new(artifacts: Arc<Artifacts>, machines: Machines) -> Self {
        Self { artifacts, machines }
    }

    /// The machine when it is another one, and the path.
    fn place(&self, machine: Option<&str>, path: &str) -> Result<(Option<&Remote>, PathBuf), Fault> {
        let remote = match self.machines.of(machine)? {
            Place::Local => None,
            Place::Ssh(remote) => Some(remote),
        };
        Ok((remote, place(path)?))
    }

    /// Tells the attempts of what is done to a path from others.
    fn effect(&self, machine: Option<&str>, path: &str) -> String {
        self.machines.effect(&("file", machine, path))
    }

    /// A file, at most `max` bytes; none when there is nothing.
    pub fn read(&self, machine: Option<&str>, path: &str, max: u32) -> Outcome {
        let (remote, place) = self.place(machine, path)?;
        if let Some(remote) = remote {
            let content = remote.read(path, max)?;
            return Ok(Response::Content(content.map(Into::into)));
        }
        match read_at_most(&place, max) {
            Ok(content) => Ok(Response::Content(Some(content.into()))),
            Err(ReadError::None) => Ok(Response::Content(None)),
            Err(error) => Err(error.fault(path)),
        }
    }

    /// At most `max` bytes of a file behind its first `start`; none when there is nothing.
    pub fn read_part(&self, machine: Option<&str>, path: &str, start: u64, max: u32) -> Outcome {
        let (remote, place) = self.place(machine, path)?;
        let content = match remote {
            Some(remote) => remote.read_part(path, start, max)?,
            None => match read_part(&place, start, max) {
                Ok(content) => Some(content),
                Err(ReadError::None) => None,
                Err(error) => return Err(error.fault(path)),
            },
        };
        Ok(Response::Content(content.map(Into::into)))
    }

    /// What a folder holds, by name; none when there is nothing.
    pub fn list_folder(&self, machine: Option<&str>, path: &str) -> Outcome {
        let (remote, place) = self.place(machine, path)?;
        if let Some(remote) = remote {
            return Ok(Response::Entries(remote.list(path)?.map(in_order)));
        }
        let failed = |error| failed("list", path, &error);
        let entries = match fs::read_dir(&place) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Response::Entries(None)),
            Err(error) => return Err(failed(error)),
        };
        let mut list = Vec::new();
        for entry in entries {
            list.extend(described(&entry.map_err(failed)?).map_err(failed)?);
        }
        Ok(Response::Entries(Some(in_order(list))))
    }

    /// Writes a file with these Unix permission bits. Folders above it are made.
    pub fn write(&self, machine: Option<&str>, path: &str, content: &[u8], mode: u32) -> Outcome {
        let (remote, place) = self.place(machine, path)?;
        if let Some(remote) = remote {
            let (what, effect) = (format!("write `{path}`"), self.effect(machine, path));
            sent(content, |content| {
                remote.write(&what, path, content, Some(mode), &effect)
            })?;
            return Ok(Response::Done);
        }
        atomic_file::replace(&place, content, Some(mode)).map_err(|error| failed("write", path, &error))?;
        Ok(Response::Done)
    }

    /// Writes a file where nothing is; tells whether it did.
    pub fn create(&self, machine: Option<&str>, path: &str, content: &[u8]) -> Outcome {
        let (remote, place) = self.place(machine, path)?;
        if let Some(remote) = remote {
            let effect = self.effect(machine, path);
            return sent(content, |content| remote.create(path, content, &effect)).map(Response::Flag);
        }
        // Spares the writing; what decides is the moving to its place.
        if place.symlink_metadata().is_ok() {
            return Ok(Response::Flag(false));
        }
        let create = || {
            let mut file = Unplaced::new(&place)?;
            io::Write::write_all(&mut file.file, content)?;
            file.create()
        };
        create()
            .map(Response::Flag)
            .map_err(|error| failed("create", path, &error))
    }

    /// Makes or switches a symbolic link. Folders above it are made.
    pub fn link(&self, machine: Option<&str>, path: &str, to: &str) -> Outcome {
        let (remote, place) = self.place(machine, path)?;
        if let Some(remote) = remote {
            remote.link(path, to, &self.effect(machine, path))?;
            return Ok(Response::Done);
        }
        if fs::read_link(&place).is_ok_and(|present| present == Path::new(to)) {
            return Ok(Response::Done);
        }
        if place.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(Fault::failed(format!(
                "cannot make `{path}` a link: it is a folder; move or remove that first"
            )));
        }
        switch_link(&place, to).map_err(|error| failed("link", path, &error))?;
        Ok(Response::Done)
    }

    /// Removes a file, a link, or a folder with all that it holds. Nothing there is done already.
    pub fn remove(&self, machine: Option<&str>, path: &str) -> Outcome {
        let (remote, place) = self.place(machine, path)?;
        if let Some(remote) = remote {
            remote.remove(path, &self.effect(machine, path))?;
            return Ok(Response::Done);
        }
        let removed = match place.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&place),
            Ok(_) => fs::remove_file(&place),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if !gone(&error) => Err(failed("remove", path, &error)),
            _ => Ok(Response::Done),
        }
    }

    /// Copies an artifact's bytes to a file (an archive stays one) and compares their digest.
    pub fn fetch(&self, artifact: &Artifact, machine: Option<&str>, path: &str, mode: u32) -> Outcome {
        let (remote, place) = self.place(machine, path)?;
        if let Some(remote) = remote {
            self.artifacts.send(artifact, remote, path, Some(mode))?;
            return Ok(Response::Done);
        }
        let mut file = Unplaced::new(&place).map_err(|error| failed("write", path, &error))?;
        self.artifacts.copy(artifact, &mut file.file)?;
        let placed = file.set_mode(mode).and_then(|()| file.replace());
        placed.map_err(|error| failed("write", path, &error))?;
        Ok(Response::Done)
    }

    /// Copies a file of this machine that has a known digest, as an executable.
    pub fn send(&self, from: &Path, digest: &Digest, machine: Option<&str>, path: &str) -> Outcome {
        let (remote, place) = self.place(machine, path)?;
        let found = super::executable::look(from)?;
        let Response::Artifact(Artifact {
            digest: ours, size, ..
        }) = found
        else {
            return Err(Fault::failed(format!("`{}` has no digest", from.display())));
        };
        if ours != *digest {
            return Err(Fault::failed(format!(
                "this runner is not the one that began the run ({} instead of {}): go on with that one, or cancel the run and \
                 begin anew",
                ours.short(),
                digest.short()
            )));
        }
        let open = || -> Result<Box<dyn io::Read>, Fault> {
            let file =
                fs::File::open(from).map_err(|error| failed("read", &from.display().to_string(), &error))?;
            Ok(Box::new(file))
        };
        if let Some(remote) = remote {
            let (what, effect) = (format!("copy runner to `{path}`"), self.effect(machine, path));
            let content = Content {
                open: &open,
                size,
                digest,
            };
            remote.write(&what, path, &content, Some(0o755), &effect)?;
            return Ok(Response::Done);
        }
        let copy = || {
            let mut file = Unplaced::new(&place)?;
            io::copy(&mut fs::File::open(from)?, &mut file.file)?;
            file.set_mode(0o755)?;
            file.replace()
        };
        copy().map_err(|error| failed("write", path, &error))?;
        Ok(Response::Done)
    }
}

/// Hands bytes over as what can be opened again for another attempt.
fn sent<T>(bytes: &[u8], send: impl FnOnce(&Content<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    send(&Content {
        open: &|| Ok(Box::new(io::Cursor::new(bytes.to_vec()))),
        size: bytes.len() as u64,
        digest: &Digest::of(bytes),
    })
}

/// By name, and without what is not in its place yet.
fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.retain(|entry| !entry.name.starts_with(atomic_file::PREFIX));
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

/// The path, which must be absolute, below the root, and say itself where it leads.
pub(super) fn place(path: &str) -> Result<PathBuf, Fault> {
    let place = PathBuf::from(path);
    let plain = place
        .components()
        .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    match place.is_absolute() && plain && place.file_name().is_some() && !path.contains('\0') {
        true => Ok(place),
        false => Err(Fault::failed(format!(
            "`{path}` does not name a file of a machine: write an absolute path without `..`"
        ))),
    }
}

fn described(entry: &fs::DirEntry) -> io::Result<Option<Entry>> {
    let name = entry.file_name().to_string_lossy().into_owned();
    let metadata = match entry.metadata() {
        Ok(metadata) => metadata,
        Err(error) if gone(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let kind = match metadata.file_type() {
        kind if kind.is_symlink() => EntryKind::Link,
        kind if kind.is_dir() => EntryKind::Folder,
        _ => EntryKind::File,
    };
    let target = match kind {
        EntryKind::Link => Some(fs::read_link(entry.path())?.to_string_lossy().into_owned()),
        _ => None,
    };
    let size = if kind == EntryKind::File {
        metadata.len()
    } else {
        0
    };
    Ok(Some(Entry {
        name,
        kind,
        size,
        target,
    }))
}

fn switch_link(place: &Path, to: &str) -> io::Result<()> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = atomic_file::free_name(place);
    symlink(to, &beside)?;
    fs::rename(&beside, place).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })?;
    atomic_file::sync_folder(place)
}

fn gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn failed(what: &str, path: &str, error: &io::Error) -> Fault {
    Fault::failed(format!("cannot {what} `{path}`: {error}"))
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::fs::PermissionsExt as _,
        sync::atomic::{AtomicBool, Ordering},
    };

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
}
