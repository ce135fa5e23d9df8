//! Files, links and folders, written and removed.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::symlink,
    path::Path,
};

use runner_core::{
    digest::Digest,
    effect::{Outcome, Response},
    fault::Fault,
};

use super::{MachineFiles, failed, gone};
use crate::{
    atomic_file::{self, Unplaced},
    capability::machine::Content,
};

impl MachineFiles {
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
            file.file.write_all(content)?;
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
}

/// Hands bytes over as what can be opened again for another attempt.
fn sent<T>(bytes: &[u8], send: impl FnOnce(&Content<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    send(&Content {
        open: &|| Ok(Box::new(io::Cursor::new(bytes.to_vec()))),
        size: bytes.len() as u64,
        digest: &Digest::of(bytes),
    })
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
