//! Lines, each added once to a file that several processes append to.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    time::Duration,
};

use runner_core::{
    effect::{Outcome, Response},
    fault::Fault,
};

use super::Files;

/// Between two attempts to lock a file that another process appends to.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

impl Files {
    /// Appends a line to a file, in the workspace or absolute, unless it has a line ending in the word, or words, `key`.
    /// The key is added to a line that does not end in it.
    pub fn append_line(&self, path: &str, line: &str, key: &str) -> Outcome {
        if key.trim().is_empty() || [line, key].iter().any(|text| text.contains(['\n', '\r'])) {
            return Err(Fault::failed(format!(
                "cannot append to `{path}`: the line must be one line, and its key one or more words"
            )));
        }
        let place = self.workspace.place(path)?;
        let failed = |error| Fault::failed(format!("cannot append to `{}`: {error}", place.display()));
        let mut file = open_to_append(&place).map_err(failed)?;
        self.lock(&file, path)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(failed)?;
        let content = String::from_utf8_lossy(&content);
        if content.lines().any(|line| ends_in(line, key)) {
            return Ok(Response::Done);
        }
        let before = if content.is_empty() || content.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let after = match ends_in(line, key) {
            true => String::new(),
            false => format!(" {key}"),
        };
        // One write: a reader sees all of the line or nothing of it.
        file.write_all(format!("{before}{}{after}\n", line.trim_end()).as_bytes())
            .map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(Response::Done)
    }

    /// Waits until no other process appends. The lock goes with the file's handle.
    fn lock(&self, file: &File, path: &str) -> Result<(), Fault> {
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::Error(error)) => {
                    return Err(Fault::failed(format!("cannot lock `{path}`: {error}")));
                }
                Err(TryLockError::WouldBlock) if self.stop.stopped() => {
                    return Err(Fault::Interrupted {
                        message: format!(
                            "`{path}` was locked by another process when `runner` was told to stop"
                        ),
                    });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            }
        }
    }
}

fn open_to_append(place: &Path) -> io::Result<File> {
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(place)?;
    file.rewind()?;
    Ok(file)
}

/// Whether a line's last word, or words, are `key`.
fn ends_in(line: &str, key: &str) -> bool {
    let before = line.trim_end().strip_suffix(key.trim_end());
    before.is_some_and(|before| before.is_empty() || before.ends_with(char::is_whitespace))
}
