//! What a program prints: scrubbed, then shown by line, kept in the log, and its last bytes handed to the plugin.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use runner_core::event::{Level, Stream};

use super::running::Sink;
use crate::{
    capability::Progress,
    secret::{ScrubStream, Secrets},
};

/// A line without an end is shown in pieces of this size.
const LONGEST_LINE: usize = 64 * 1024;

/// The file that gets the lines of both streams.
pub(super) struct Log<'a> {
    file: Option<(File, &'a Path)>,
    progress: &'a dyn Progress,
}

impl<'a> Log<'a> {
    /// None keeps nothing.
    pub(super) fn new(file: Option<(File, &'a Path)>, progress: &'a dyn Progress) -> Self {
        Self { file, progress }
    }

    fn write(&mut self, line: &[u8]) {
        let Some((file, path)) = &mut self.file else {
            return;
        };
        if let Err(error) = file.write_all(line) {
            let message = format!("the log `{}` ends here: cannot write it: {error}", path.display());
            self.progress.log(Level::Warn, &message);
            self.file = None;
        }
    }
}

/// One of a program's two outputs.
pub(super) struct Output<'a> {
    stream: Stream,
    scrub: ScrubStream<'a>,
    log: &'a Mutex<Log<'a>>,
    progress: &'a dyn Progress,
    line: Vec<u8>,
    tail: Tail,
}

/// The last bytes of an output.
pub(super) struct Tail {
    /// At most as many as asked for; text is not cut within a character.
    pub(super) tail: Vec<u8>,
    /// Whether there was more.
    pub(super) truncated: bool,
    capture: usize,
}

impl<'a> Output<'a> {
    pub(super) fn new(
        stream: Stream,
        secrets: &'a Secrets,
        log: &'a Mutex<Log<'a>>,
        progress: &'a dyn Progress,
        capture: u32,
    ) -> Self {
        Self {
            stream,
            scrub: secrets.stream(),
            log,
            progress,
            line: Vec::new(),
            tail: Tail {
                tail: Vec::new(),
                truncated: false,
                capture: capture as usize,
            },
        }
    }

    /// Ends the output.
    pub(super) fn finish(mut self) -> Tail {
        let rest = self.scrub.finish();
        self.take(&rest);
        if !self.line.is_empty() {
            self.end_line();
        }
        self.tail.cut();
        self.tail
    }

    fn take(&mut self, scrubbed: &[u8]) {
        self.tail.push(scrubbed);
        for piece in scrubbed.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.line.len() >= LONGEST_LINE {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(&line);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        // A progress bar goes back to the start of its line: the last state is what a terminal would show.
        let shown = text.rsplit('\r').next().unwrap_or_default();
        self.progress.line(self.stream, shown);
    }
}

impl Sink for Output<'_> {
    fn push(&mut self, bytes: &[u8]) {
        let scrubbed = self.scrub.push(bytes);
        self.take(&scrubbed);
    }
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        // Not at each piece: cutting moves everything that stays.
        if self.tail.len() > 2 * self.capture + LONGEST_LINE {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let Some(excess) = self
            .tail
            .len()
            .checked_sub(self.capture)
            .filter(|excess| *excess > 0)
        else {
            return;
        };
        let continues = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
        let within = self.tail[excess..].iter().take(3).take_while(continues).count();
        self.tail.drain(..excess + within);
        self.truncated = true;
    }
}
