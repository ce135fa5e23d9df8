//! Ctrl-C: what waits stops waiting, and what is under way is broken off as a crash would, to be resumed.

use tokio::sync::watch;

/// A flag that many can wait for.
#[derive(Clone, Debug)]
pub struct Stop {
    sender: watch::Sender<bool>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(false),
        }
    }
}

impl Stop {
    /// Asks everything to stop.
    pub fn stop(&self) {
        self.sender.send_replace(true);
    }

    /// Takes it back: what follows is not to be broken off.
    pub fn reset(&self) {
        self.sender.send_replace(false);
    }

    /// Whether somebody asked.
    pub fn stopped(&self) -> bool {
        *self.sender.borrow()
    }

    /// Returns once somebody has asked.
    pub async fn wait(&self) {
        let mut receiver = self.sender.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        let _ = receiver.wait_for(|stopped| *stopped).await;
    }
}
