//! Where a story is told again and again, always from the same beginning.

mod server;
mod shop;

use anyhow::Result;
use runner_e2e::{Load, Repository};

use crate::story::Story;

/// A repository, where it goes, and how both are at the beginning.
pub(crate) trait Stage: Send + Sync {
    /// What is released.
    fn repository(&self) -> &dyn Repository;

    /// Everything as it was at the beginning.
    fn reset(&self) -> Result<()>;

    /// Clients who come all the while, and must not notice; none where there is nobody to serve yet.
    fn clients(&self) -> Result<Option<Load>> {
        Ok(None)
    }

    /// How many sessions over SSH there were since the beginning. Each can be cut.
    fn sessions(&self) -> u64 {
        0
    }

    /// Cuts that one.
    fn cut_at(&self, _session: u64) -> Result<()> {
        anyhow::bail!("there is no connection to cut")
    }

    /// Whether one of them was cut.
    fn was_cut(&self) -> bool {
        false
    }

    /// Waits for what goes on after the end of a run.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
}

/// One for each job, one after the other: they are built with all processors.
pub(crate) fn prepare(story: Story, jobs: usize) -> Result<Vec<Box<dyn Stage>>> {
    let one = |job| -> Result<Box<dyn Stage>> {
        Ok(match story {
            Story::Release | Story::Rollback => Box::new(shop::Shop::prepare(story, job)?),
            Story::Server | Story::ServerRollback => Box::new(server::Server::prepare(story, job)?),
        })
    };
    (0..jobs).map(one).collect()
}
