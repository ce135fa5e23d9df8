//! This program as a file, known by its digest.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use runner_core::{
    digest::Digest,
    effect::{Outcome, Response},
    fault::Fault,
    release::Artifact,
};
use sha2::{Digest as _, Sha256};

/// Name, digest and size of an executable.
pub(crate) fn look(path: &Path) -> Outcome {
    let (hash, size) = read(path)
        .map_err(|error| Fault::failed(format!("cannot read this program, `{}`: {error}", path.display())))?;
    Ok(Response::Artifact(Artifact {
        name: "runner".to_owned(),
        digest: Digest::from_hex(&hash),
        size,
        location: path.display().to_string(),
    }))
}

/// The hex digits of its SHA-256, and its size.
fn read(path: &Path) -> io::Result<(String, u64)> {
    let (mut file, mut hasher, mut size) = (File::open(path)?, Sha256::new(), 0);
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((hex::encode(hasher.finalize()), size)),
            count => {
                hasher.update(&piece[..count]);
                size += count as u64;
            }
        }
    }
}
