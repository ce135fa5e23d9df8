//! Bytes that are kept or run here, copied to where they go.

use std::{fs, io, path::Path};

use runner_core::{
    digest::Digest,
    effect::{Outcome, Response},
    fault::Fault,
    release::Artifact,
};

use super::{MachineFiles, failed};
use crate::{
    atomic_file::Unplaced,
    capability::{executable, machine::Content},
};

impl MachineFiles {
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
        let found = executable::look(from)?;
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
