//! A folder as one archive, the same bytes for the same content: names in order, no times, no owners.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use tar::{Archive, Builder, EntryType, Header};

use super::{Halting, executable};
use crate::stop::Stop;

/// Writes `folder` as a tar archive.
pub(super) fn pack(folder: &Path, to: &mut dyn Write) -> io::Result<()> {
    let mut builder = Builder::new(to);
    pack_folder(&mut builder, folder, Path::new(""))?;
    builder.finish()
}

fn pack_folder(builder: &mut Builder<&mut dyn Write>, folder: &Path, inside: &Path) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name());
    }
    names.sort();
    for name in names {
        let (path, inside) = (folder.join(&name), inside.join(&name));
        pack_entry(builder, &path, &inside)
            .map_err(|error| io::Error::new(error.kind(), format!("`{}`: {error}", inside.display())))?;
    }
    Ok(())
}

fn pack_entry(builder: &mut Builder<&mut dyn Write>, path: &Path, inside: &Path) -> io::Result<()> {
    let metadata = path.symlink_metadata()?;
    if metadata.is_symlink() {
        let mut header = header(EntryType::Symlink, 0, 0o777);
        return builder.append_link(&mut header, inside, fs::read_link(path)?);
    }
    if metadata.is_dir() {
        builder.append_data(&mut header(EntryType::Directory, 0, 0o755), inside, io::empty())?;
        return pack_folder(builder, path, inside);
    }
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is neither a file, a folder nor a link",
        ));
    }
    let size = metadata.len();
    let mode = if executable(&metadata) { 0o755 } else { 0o644 };
    // A file that grows or shrinks meanwhile would spoil all that follows it.
    let mut content = Exactly {
        from: BufReader::new(File::open(path)?),
        left: size,
    };
    builder.append_data(&mut header(EntryType::Regular, size, mode), inside, &mut content)
}

fn header(kind: EntryType, size: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Unpacks into an empty folder. No entry gets out of it.
pub(super) fn unpack(from: File, folder: &Path, stop: &Stop) -> io::Result<()> {
    let mut archive = Archive::new(BufReader::new(Halting { from, stop }));
    archive.set_preserve_mtime(false);
    archive.set_preserve_permissions(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name: PathBuf = entry.path()?.into_owned();
        if !entry.unpack_in(folder)? {
            let message = format!("`{}` leads out of the folder", name.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
    }
    Ok(())
}

/// So many bytes, neither fewer nor more.
struct Exactly<R> {
    from: R,
    left: u64,
}

impl<R: io::Read> io::Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let changed = || io::Error::new(io::ErrorKind::InvalidData, "it was written to while it was read");
        if self.left == 0 {
            return match self.from.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(changed()),
            };
        }
        let count = io::Read::take(&mut self.from, self.left).read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            return Err(changed());
        }
        self.left -= count as u64;
        Ok(count)
    }
}
