//! Fault injection: `RUNNER_CRASH=before:17` or `after:17` kills this process (SIGKILL) right before or right after it
//! appends event 17 of its own, counted from 1. It is part of the product, so that what is promised about crashes is tested on the very
//! binary that users run.

use std::process;

/// Where to die.
#[derive(Debug, Default)]
pub(crate) struct Crash {
    at: Option<(bool, u64)>,
    count: u64,
}

impl Crash {
    /// What the environment asks for; nothing, normally.
    pub(crate) fn from_environment() -> Self {
        let at = std::env::var("RUNNER_CRASH").ok().and_then(|text| {
            let (side, number) = text.split_once(':')?;
            Some((side == "before", number.parse().ok()?))
        });
        Self { at, count: 0 }
    }

    /// Called before an append.
    pub(crate) fn before(&mut self) {
        self.count += 1;
        self.die(true);
    }

    /// Called after it.
    pub(crate) fn after(&self) {
        self.die(false);
    }

    fn die(&self, before: bool) {
        if self.at == Some((before, self.count)) {
            let _ = process::Command::new("kill")
                .args(["-KILL", &process::id().to_string()])
                .status();
            process::abort();
        }
    }
}
