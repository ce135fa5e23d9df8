//! Bytes of a file, never more than were asked for.

use std::{
    fs::{File, Metadata},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use runner_core::fault::Fault;

/// Why a file was not read.
pub(in crate::capability) enum ReadError {
    /// There is nothing.
    None,
    /// It is no file, e.g. a folder.
    NoFile,
    /// It has more than `max` bytes.
    TooLong { max: u32, size: u64 },
    /// The system said no.
    Io(io::Error),
}

impl ReadError {
    /// Tells of it, with the path as it was asked for.
    pub(in crate::capability) fn fault(self, path: &str) -> Fault {
        Fault::failed(match self {
            Self::None => format!("no file `{path}`"),
            Self::NoFile => format!("cannot read `{path}`: it is not a file"),
            Self::TooLong { max, size } => {
                format!("cannot read `{path}`: it has {size} bytes, more than the {max} asked for")
            }
            Self::Io(error) => format!("cannot read `{path}`: {error}"),
        })
    }
}

/// At most `max` bytes behind the first `start` ones.
pub(in crate::capability) fn read_part(path: &Path, start: u64, max: u32) -> Result<Vec<u8>, ReadError> {
    let size = metadata(path)?.len();
    let mut content = Vec::new();
    if start < size {
        let mut file = File::open(path).map_err(ReadError::Io)?;
        file.seek(SeekFrom::Start(start)).map_err(ReadError::Io)?;
        file.take(u64::from(max))
            .read_to_end(&mut content)
            .map_err(ReadError::Io)?;
    }
    Ok(content)
}

/// Of a regular file. Asked before it is opened: opening a pipe waits for its other end.
fn metadata(path: &Path) -> Result<Metadata, ReadError> {
    let metadata = path.metadata().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadError::None,
        _ => ReadError::Io(error),
    })?;
    match metadata.is_file() {
        true => Ok(metadata),
        false => Err(ReadError::NoFile),
    }
}

/// A whole file, unless it is longer than `max`.
pub(in crate::capability) fn read_at_most(path: &Path, max: u32) -> Result<Vec<u8>, ReadError> {
    let metadata = metadata(path)?;
    let mut content = Vec::new();
    let file = File::open(path).map_err(ReadError::Io)?;
    file.take(u64::from(max) + 1)
        .read_to_end(&mut content)
        .map_err(ReadError::Io)?;
    match content.len() > max as usize {
        true => Err(ReadError::TooLong {
            max,
            size: metadata.len().max(content.len() as u64),
        }),
        false => Ok(content),
    }
}
