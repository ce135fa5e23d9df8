//! The shop on this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Result, ensure};
use runner_e2e::{Colleague, Gate, Repository, Scratch, stop_services, stop_strays};

use super::Stage;
use crate::story::Story;

/// A scratch repository, and how it is at the beginning.
pub(super) struct Shop {
    scratch: Scratch,
    story: Story,
    beginning: PathBuf,
}

impl Shop {
    /// Brings a scratch repository to the beginning of the story. Everything is compiled, so that a trial takes seconds: the
    /// checks run cargo, which finds that there is nothing to do.
    pub(super) fn prepare(story: Story, job: usize) -> Result<Self> {
        let scratch = Scratch::new(&format!("crash/{story}-{job}"), Gate::Demo, "")?.quick();
        let scratch = match story {
            Story::Rollback => {
                let scratch = scratch.no_0_3_0();
                release(&scratch)?;
                scratch.history("break-checkout.sh")?;
                scratch
            }
            _ => scratch,
        };
        stop_services(&scratch.data());
        let stage = Self {
            beginning: scratch.folder().join("beginning"),
            scratch,
            story,
        };
        fs::create_dir_all(&stage.beginning)?;
        fs::create_dir_all(stage.scratch.data())?;
        let kept = stage.put_aside()?;
        copy(&stage.scratch.data(), &stage.beginning)?;
        copy(&stage.scratch.shop(), &stage.beginning)?;
        stage.put_back(&kept)?;
        // Only now: a run of the gate is not part of the beginning.
        stage.scratch.said(&["quality-gate"])?;
        Ok(stage)
    }

    /// What cargo has built stays where it is built: a copy would have other times, and be built again.
    fn put_aside(&self) -> Result<PathBuf> {
        let kept = self.scratch.folder().join("target");
        let target = self.scratch.shop().join("target");
        fs::create_dir_all(&target)?;
        fs::rename(target, &kept)?;
        Ok(kept)
    }

    fn put_back(&self, kept: &Path) -> Result<()> {
        Ok(fs::rename(kept, self.scratch.shop().join("target"))?)
    }

    /// 0.2.0 runs at the beginning of the second story, as it does in life.
    fn start_services(&self) -> Result<()> {
        thread::scope(|scope| {
            let back = |name| scope.spawn(move || self.scratch.said(&["rollback", name, "--to", "0.2.0"]));
            for thread in ["staging", "prod"].map(back) {
                thread.join().expect("a rollback does not panic")?;
            }
            Ok(())
        })
    }
}

impl Stage for Shop {
    fn repository(&self) -> &dyn Repository {
        &self.scratch
    }

    fn reset(&self) -> Result<()> {
        stop_services(&self.scratch.data());
        stop_strays(&self.scratch.shop());
        let kept = self.put_aside()?;
        for folder in [self.scratch.shop(), self.scratch.data()] {
            fs::remove_dir_all(&folder)?;
        }
        for folder in ["shop", "data"] {
            copy(&self.beginning.join(folder), self.scratch.folder())?;
        }
        self.put_back(&kept)?;
        if self.story == Story::Rollback {
            self.start_services()?;
        }
        Ok(())
    }
}

/// Releases what is checked out.
fn release(scratch: &Scratch) -> Result<()> {
    let _colleague = Colleague::at(scratch);
    let ended = scratch.start(&["release"])?.ended()?;
    ensure!(
        ended.code() == Some(0),
        "the release before the story ended with {}: {}",
        ended.status,
        ended.stderr
    );
    Ok(())
}

/// Copies a folder into another, with times and links as they are.
fn copy(folder: &Path, into: &Path) -> Result<()> {
    let status = Command::new("cp").arg("-RpP").arg(folder).arg(into).status()?;
    ensure!(
        status.success(),
        "cannot copy {} into {}",
        folder.display(),
        into.display()
    );
    Ok(())
}
