//! The artifact store in a folder: content by its digest, `sha256/ab/abcd...`. A folder is kept as one archive. Where other
//! machines share the project's store, content is kept there too, and this folder saves fetching it twice.

mod archive;
mod shelf;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use runner_core::{
    digest::Digest,
    effect::{Outcome, Response},
    fault::Fault,
    release::Artifact,
};
use sha2::{Digest as _, Sha256};

use super::{
    machine::{Content, Kind, Machines, Place, Remote},
    machine_files,
};
use crate::{
    atomic_file::{self, Unplaced},
    stop::Stop,
    store::Store,
    workspace::Workspace,
};

/// Ends the location of an archive.
const TAR: &str = "#tar";
/// Ends the location of a file that can be executed.
const EXECUTABLE: &str = "#executable";

/// The `artifacts` interface's effects.
#[derive(Clone)]
pub struct Artifacts {
    root: PathBuf,
    workspace: Workspace,
    machines: Machines,
    stop: Stop,
    /// The project's store, whose shelf other machines see.
    store: Option<Arc<dyn Store>>,
}

impl fmt::Debug for Artifacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifacts")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl Artifacts {
    /// Keeps content below `root`, which is made when the first is put there. Relative paths are the workspace's.
    pub fn new(root: PathBuf, workspace: Workspace, machines: Machines, stop: Stop) -> Self {
        Self {
            root,
            workspace,
            machines,
            stop,
            store: None,
        }
    }

    /// Puts a file, or a folder as one archive, into the store.
    pub fn put(&self, machine: Option<&str>, path: &str, name: &str) -> Outcome {
        match self.machines.of(machine)? {
            Place::Local => self.keep(&self.workspace.place(path)?, name),
            Place::Ssh(remote) => {
                let here = self.bring(remote, path, name)?;
                let kept = self.keep(&here, name);
                clear(&here);
                kept
            }
        }
    }

    fn keep(&self, place: &Path, name: &str) -> Outcome {
        let failed = |error| {
            self.failed(
                &format!("keep `{}` as artifact `{name}`", place.display()),
                &error,
            )
        };
        let metadata = place.metadata().map_err(failed)?;
        let kind = match (metadata.is_dir(), metadata.is_file()) {
            (true, _) => TAR,
            (_, true) if executable(&metadata) => EXECUTABLE,
            (_, true) => "",
            _ => return Err(failed(io::Error::other("it is neither a file nor a folder"))),
        };
        let mut file = Unplaced::new(&self.root.join("sha256/new")).map_err(failed)?;
        let mut hashing = Hashing::new(&mut file.file, &self.stop);
        match kind {
            TAR => archive::pack(place, &mut hashing).map_err(failed)?,
            _ => File::open(place)
                .and_then(|mut from| io::copy(&mut from, &mut hashing).map(drop))
                .map_err(failed)?,
        }
        let (digest, size) = hashing.finish();
        file.move_to(&self.path(&digest)).map_err(failed)?;
        self.share(name, &digest, size)?;
        let location = format!("sha256/{}/{}{kind}", &digest.hex()[..2], digest.hex());
        Ok(Response::Artifact(Artifact {
            name: name.to_owned(),
            digest,
            size,
            location,
        }))
    }

    /// Takes an artifact out of the store: a file to `path`, over what is there; an archive unpacked as the folder `path`,
    /// in the place of one that is there.
    pub fn get(&self, artifact: &Artifact, machine: Option<&str>, path: &str) -> Outcome {
        if let Place::Ssh(remote) = self.machines.of(machine)? {
            machine_files::place(path)?;
            self.send_as_it_was(artifact, remote, path)?;
            return Ok(Response::Done);
        }
        let place = self.workspace.place(path)?;
        let failed = |error| {
            self.failed(
                &format!("put artifact `{}` to `{}`", artifact.name, place.display()),
                &error,
            )
        };
        if artifact.location.ends_with(TAR) {
            self.copy(artifact, &mut io::sink())?;
            let from = File::open(self.path(&artifact.digest)).map_err(failed)?;
            unpack_in_place(from, &place, &self.stop).map_err(failed)?;
        } else {
            let mut file = Unplaced::new(&place).map_err(failed)?;
            self.copy(artifact, &mut file.file)?;
            if artifact.location.ends_with(EXECUTABLE) {
                file.set_mode(0o755).map_err(failed)?;
            }
            file.replace().map_err(failed)?;
        }
        Ok(Response::Done)
    }

    /// Reads an artifact back whole and compares its digest.
    pub fn verify(&self, artifact: &Artifact) -> Outcome {
        self.copy(artifact, &mut io::sink())?;
        Ok(Response::Done)
    }

    /// Copies an artifact's bytes. Once it returns well they were the right ones: what was written is not to be used before.
    pub(super) fn copy(&self, artifact: &Artifact, to: &mut dyn Write) -> Result<(), Fault> {
        let path = self.path(&artifact.digest);
        self.fetch(artifact, &path)?;
        let mut from = File::open(&path).map_err(|error| self.not_read(artifact, &error))?;
        let mut hashing = Hashing::new(to, &self.stop);
        io::copy(&mut from, &mut hashing).map_err(|error| {
            self.failed(
                &format!("copy artifact `{}` from `{}`", artifact.name, path.display()),
                &error,
            )
        })?;
        let (digest, size) = hashing.finish();
        if digest != artifact.digest {
            return Err(Fault::failed(format!(
                "artifact `{}` was changed in the store: `{}` has {size} bytes with the digest {digest} instead of {} with {}",
                artifact.name,
                path.display(),
                artifact.size,
                artifact.digest
            )));
        }
        Ok(())
    }

    /// Sends an artifact's bytes to a file of a machine over SSH.
    pub(super) fn send(
        &self,
        artifact: &Artifact,
        remote: &Remote,
        path: &str,
        mode: Option<u32>,
    ) -> Result<(), Fault> {
        let what = format!("put artifact `{}` to `{path}`", artifact.name);
        let effect = self.machines.effect(&("file", Some(remote.name()), path));
        self.sending(artifact, |content| {
            remote.write(&what, path, content, mode, &effect)
        })
    }

    /// As a file, executable or not, or unpacked.
    fn send_as_it_was(&self, artifact: &Artifact, remote: &Remote, path: &str) -> Result<(), Fault> {
        if artifact.location.ends_with(TAR) {
            let what = format!("unpack artifact `{}` to `{path}`", artifact.name);
            let effect = self.machines.effect(&("file", Some(remote.name()), path));
            return self.sending(artifact, |content| remote.unpack(&what, path, content, &effect));
        }
        let mode = artifact.location.ends_with(EXECUTABLE).then_some(0o755);
        self.send(artifact, remote, path, mode)
    }

    /// What arrives is compared on the machine; when it is not what it should be, the store is looked at.
    fn sending(
        &self,
        artifact: &Artifact,
        send: impl FnOnce(&Content<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let path = self.path(&artifact.digest);
        self.fetch(artifact, &path)?;
        let open = || -> Result<Box<dyn Read>, Fault> {
            let file = File::open(&path).map_err(|error| self.not_read(artifact, &error))?;
            Ok(Box::new(file))
        };
        let size = path
            .metadata()
            .map_err(|error| self.not_read(artifact, &error))?
            .len();
        let sent = send(&Content {
            open: &open,
            size,
            digest: &artifact.digest,
        });
        if sent.is_err() && !self.stop.stopped() {
            self.copy(artifact, &mut io::sink())?;
        }
        sent
    }

    /// Brings a file or a folder of a machine here, beside the store's content; [`clear`] removes it.
    fn bring(&self, remote: &Remote, path: &str, name: &str) -> Result<PathBuf, Fault> {
        machine_files::place(path)?;
        let what = format!("keep `{path}` as artifact `{name}`");
        let failed = |error| self.failed(&what, &error);
        let content = self.root.join("sha256/new");
        fs::create_dir_all(self.root.join("sha256")).map_err(failed)?;
        let here = atomic_file::free_name(&content);
        let brought = remote.take(&what, path, &here).and_then(|kind| match kind {
            Kind::File => Ok(here.clone()),
            Kind::Executable => {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
                fs::set_permissions(&here, mode).map_err(failed)?;
                Ok(here.clone())
            }
            Kind::Folder => {
                let folder = atomic_file::free_name(&content);
                let unpacked = fs::create_dir(&folder)
                    .and_then(|()| File::open(&here))
                    .and_then(|from| archive::unpack(from, &folder, &self.stop));
                clear(&here);
                unpacked.map_err(failed).inspect_err(|_| clear(&folder))?;
                Ok(folder)
            }
        });
        if brought.is_err() {
            clear(&here);
        }
        brought
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        // A digest that came from elsewhere names no file outside.
        let hex = digest.hex();
        match hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => self.root.join("sha256").join(&hex[..2]).join(hex),
            false => self.root.join("sha256/none"),
        }
    }

    fn not_read(&self, artifact: &Artifact, error: &io::Error) -> Fault {
        let path = self.path(&artifact.digest);
        match error.kind() {
            io::ErrorKind::NotFound => Fault::failed(format!(
                "the store has no artifact `{}`: there is no file `{}`",
                artifact.name,
                path.display()
            )),
            _ => self.failed(
                &format!("read artifact `{}` in `{}`", artifact.name, path.display()),
                error,
            ),
        }
    }

    fn failed(&self, what: &str, error: &io::Error) -> Fault {
        match self.stop.stopped() && error.kind() == io::ErrorKind::Other {
            true => Fault::Interrupted {
                message: format!("`runner` was told to stop while it was to {what}"),
            },
            false => Fault::failed(format!("cannot {what}: {error}")),
        }
    }
}

/// Removes what was brought here; what cannot be removed takes room and does no harm.
fn clear(here: &Path) {
    let _ = match here.is_dir() {
        true => fs::remove_dir_all(here),
        false => fs::remove_file(here),
    };
}

fn executable(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

/// Unpacks beside `place`, then changes places with what is there.
fn unpack_in_place(from: File, place: &Path, stop: &Stop) -> io::Result<()> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = atomic_file::free_name(place);
    let unpacked = fs::create_dir(&new)
        .and_then(|()| archive::unpack(from, &new, stop))
        .and_then(|()| exchange(&new, place));
    if unpacked.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    unpacked?;
    atomic_file::sync_folder(place)
}

/// Moves `new` to `place`, and what is there out of the way first.
fn exchange(new: &Path, place: &Path) -> io::Result<()> {
    if place.symlink_metadata().is_err() {
        return fs::rename(new, place);
    }
    let old = atomic_file::free_name(place);
    fs::rename(place, &old)?;
    fs::rename(new, place).inspect_err(|_| {
        let _ = fs::rename(&old, place);
    })?;
    match old.symlink_metadata()?.is_dir() {
        true => fs::remove_dir_all(old),
        false => fs::remove_file(old),
    }
}

/// Hashes and counts what goes through, until told to stop.
struct Hashing<'a> {
    to: &'a mut dyn Write,
    stop: &'a Stop,
    hash: Sha256,
    size: u64,
}

impl<'a> Hashing<'a> {
    fn new(to: &'a mut dyn Write, stop: &'a Stop) -> Self {
        Self {
            to,
            stop,
            hash: Sha256::new(),
            size: 0,
        }
    }

    fn finish(self) -> (Digest, u64) {
        (Digest::from_hex(&hex::encode(self.hash.finalize())), self.size)
    }
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        halt(self.stop)?;
        self.to.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Reads until told to stop.
struct Halting<'a, R> {
    from: R,
    stop: &'a Stop,
}

impl<R: Read> Read for Halting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        halt(self.stop)?;
        self.from.read(buffer)
    }
}

fn halt(stop: &Stop) -> io::Result<()> {
    match stop.stopped() {
        true => Err(io::Error::other("told to stop")),
        false => Ok(()),
    }
}
