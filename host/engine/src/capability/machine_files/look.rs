//! What a machine holds: files, parts of them, folders.

use std::{fs, io};

use runner_core::effect::{Entry, EntryKind, Outcome, Response};

use super::{MachineFiles, failed, gone};
use crate::{
    atomic_file,
    capability::files::{ReadError, read_at_most, read_part},
};

impl MachineFiles {
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
}

/// By name, and without what is not in its place yet.
fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.retain(|entry| !entry.name.starts_with(atomic_file::PREFIX));
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
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
