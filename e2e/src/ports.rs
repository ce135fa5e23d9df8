//! Two ports for a scratch repository's environments, which nobody else of these tests has meanwhile.

use std::{
    env,
    fs::{File, OpenOptions},
    net::TcpListener,
};

use anyhow::{Context as _, Result};

/// Below what systems hand out by themselves (Linux 32768, macOS 49152).
const FIRST: u16 = 21_000;
const PAIRS: u16 = 400;

/// The ports, for as long as this lives.
#[derive(Debug)]
pub struct Ports {
    /// Of the environment `staging`.
    pub staging: u16,
    /// Of the environment `prod`.
    pub prod: u16,
    _ours: File,
}

impl Ports {
    /// Takes two that are free.
    pub fn take() -> Result<Self> {
        for pair in 0..PAIRS {
            let path = env::temp_dir().join(format!("runner-e2e-ports-{pair}"));
            let options = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path);
            let Ok(file) = options else { continue };
            if file.try_lock().is_err() {
                continue;
            }
            let staging = FIRST + 2 * pair;
            let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
            if free(staging) && free(staging + 1) {
                return Ok(Self {
                    staging,
                    prod: staging + 1,
                    _ours: file,
                });
            }
        }
        None.with_context(|| format!("none of the ports from {FIRST} to {} is free", FIRST + 2 * PAIRS))
    }
}
