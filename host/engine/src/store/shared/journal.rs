//! Journals in a shared store. A segment is one object with one or more events, named by the run and its first event, and
//! made only if there is none of that name: that is the fence between two who drive the same run.
//!
//! What must last is written before an append returns, with everything that waited; what need not waits for the next such
//! append, or for a second. Once a run has ended, its whole journal is kept as one object more, so that a history is not
//! read event by event.

mod line;
mod segment;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use runner_core::{
    event::{Event, Kind},
    id::RunId,
};

use super::bucket::{Bucket, Patience};
use crate::store::{Durability, StoreError};
use line::Record;
use segment::Segment;

/// How long an event that need not last waits for one that must.
const WAITS: Duration = Duration::from_secs(1);
/// Beyond so much, or so long, whoever appends waits until it is written.
const MOST: (usize, usize, Duration) = (200, 1 << 20, Duration::from_secs(20));

/// The journals of all runs, as one process sees them.
pub(super) struct Journals {
    /// Unique to this process, so that it knows its own segments again.
    token: String,
    patience: Patience,
    writers: Mutex<HashMap<RunId, Arc<Mutex<Writer>>>>,
    /// Segments of runs that have not ended. They never change.
    read: Mutex<HashMap<String, Arc<Segment>>>,
}

/// Appends to one run.
#[derive(Default)]
struct Writer {
    /// How many events the store has; none until it was asked.
    stored: Option<u64>,
    waiting: Vec<Record>,
    /// When the first of them was appended.
    since: Option<Instant>,
    /// The place that somebody else took while our events waited.
    lost: Option<u64>,
    /// The store was not to be reached at the last try.
    away: bool,
}

impl Writer {
    fn length(&self) -> u64 {
        self.stored.unwrap_or_default() + self.waiting.len() as u64
    }

    fn is_full(&self) -> bool {
        let (count, bytes, time) = MOST;
        let blobs = |record: &Record| record.blobs.iter().map(Vec::len).sum::<usize>();
        let size: usize = self.waiting.iter().map(|r| r.line.len() + blobs(r)).sum();
        self.waiting.len() >= count || size >= bytes || self.waited() > time
    }

    fn waited(&self) -> Duration {
        self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// As before anything was known.
    fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Journals {
    pub(super) fn new(token: String, patience: Patience) -> Self {
        Self {
            token,
            patience,
            writers: Mutex::default(),
            read: Mutex::default(),
        }
    }

    /// Appends; true when it has to be written yet.
    pub(super) fn append(
        &self,
        bucket: &Bucket,
        event: &Event,
        durability: Durability,
    ) -> Result<bool, StoreError> {
        let run = &event.run;
        let writer = self.writer(run);
        let mut writer = lock(&writer);
        if let Some(seq) = writer.lost {
            writer.forget();
            return Err(conflict(run, seq));
        }
        self.place(bucket, &mut writer, event)?;
        let last = matches!(event.kind, Kind::RunFinished { .. });
        writer.waiting.push(line::record(event)?);
        writer.since.get_or_insert_with(Instant::now);
        let must = durability == Durability::Power || event.seq == Some(0) || last;
        if !must && !writer.is_full() {
            return Ok(true);
        }
        let patience = if writer.away {
            self.patience.once()
        } else {
            self.patience
        };
        match self.write(bucket, run, &mut writer, patience) {
            Ok(()) => {}
            Err(error @ StoreError::Conflict { .. }) => {
                writer.forget();
                return Err(error);
            }
            Err(error) => {
                // It was told that it is not kept; whether the store has it all the same is seen at the next try.
                writer.waiting.pop();
                writer.away = true;
                return Err(error);
            }
        }
        if last {
            self.seal(bucket, run);
        }
        Ok(false)
    }

    /// Checks that the event's place is the next one, as far as is known here; the fence decides.
    fn place(&self, bucket: &Bucket, writer: &mut Writer, event: &Event) -> Result<(), StoreError> {
        let (run, seq) = (&event.run, event.seq);
        if seq == Some(0) && writer.stored.is_none() {
            return Ok(());
        }
        let known = writer.stored.is_some();
        if !known {
            writer.stored = Some(self.stored(bucket, run)?);
        } else if writer.waiting.is_empty() && seq.is_some_and(|seq| seq > writer.length()) {
            // Others may have appended since.
            writer.stored = Some(self.stored(bucket, run)?);
        }
        let length = writer.length();
        match seq {
            Some(seq) if seq == length => Ok(()),
            Some(seq) if seq < length => Err(conflict(run, seq)),
            seq => Err(StoreError::Gap {
                run: run.clone(),
                length,
                seq,
            }),
        }
    }

    /// Writes what waits, as one segment.
    fn write(
        &self,
        bucket: &Bucket,
        run: &RunId,
        writer: &mut Writer,
        patience: Patience,
    ) -> Result<(), StoreError> {
        while !writer.waiting.is_empty() {
            let first = writer.stored.unwrap_or_default();
            for blob in writer.waiting.iter().flat_map(|record| &record.blobs) {
                bucket.keep_blob(blob, patience)?;
            }
            let segment = Segment {
                first,
                writer: self.token.clone(),
                lines: writer.waiting.iter().map(|record| record.line.clone()).collect(),
            };
            let key = segment::key(run, first);
            let what = "append to the journal";
            if bucket.create(what, &key, &segment.bytes(), patience)? {
                writer.waiting.clear();
                writer.stored = Some(first + segment.lines.len() as u64);
                self.remember(key, segment);
            } else {
                let theirs = self.segment(bucket, &key, patience)?;
                let ours = theirs.writer == self.token && segment.lines.starts_with(&theirs.lines);
                if !ours {
                    return Err(conflict(run, first));
                }
                // An earlier try of ours that was given up has arrived after all, without what was appended since.
                writer.waiting.drain(..theirs.lines.len());
                writer.stored = Some(first + theirs.lines.len() as u64);
            }
        }
        writer.since = None;
        writer.away = false;
        Ok(())
    }

    /// Writes what has waited long enough, with one try; called every now and then.
    pub(super) fn write_waiting(&self, bucket: &Bucket, at_once: bool) {
        let writers: Vec<_> = all(&self.writers)
            .iter()
            .map(|(run, writer)| (run.clone(), Arc::clone(writer)))
            .collect();
        for (run, writer) in writers {
            let mut writer = lock(&writer);
            if writer.waiting.is_empty() || (!at_once && writer.waited() < WAITS) {
                continue;
            }
            match self.write(bucket, &run, &mut writer, self.patience.once()) {
                Ok(()) => {}
                Err(StoreError::Conflict { seq, .. }) => {
                    writer.forget();
                    writer.lost = Some(seq);
                }
                Err(error) => tracing::debug!(%error, "what waits is not written yet"),
            }
        }
    }

    /// How many events the store has of a run.
    fn stored(&self, bucket: &Bucket, run: &RunId) -> Result<u64, StoreError> {
        let what = "look at the journal";
        let later = bucket.list(what, &segment::folder(run), self.patience)?;
        match later.last() {
            Some(last) => {
                let key = format!("{}/{}", segment::folder(run), last.name);
                let segment = self.segment(bucket, &key, self.patience)?;
                Ok(segment.first + segment.lines.len() as u64)
            }
            None => {
                let first = bucket.size(what, &segment::key(run, 0), self.patience)?;
                Ok(u64::from(first.is_some()))
            }
        }
    }

    /// The events of a run from a place on.
    pub(super) fn events(&self, bucket: &Bucket, run: &RunId, from: u64) -> Result<Vec<Event>, StoreError> {
        if let Some(writer) = all(&self.writers).get(run).cloned() {
            let mut writer = lock(&writer);
            if let Err(StoreError::Conflict { seq, .. }) = self.write(bucket, run, &mut writer, self.patience)
            {
                writer.forget();
                writer.lost = Some(seq);
            }
        }
        let what = "read the journal";
        let lines = match bucket.get(what, &segment::sealed(run), self.patience)? {
            Some(sealed) => Segment::parse(&segment::sealed(run), &sealed.bytes)?.lines,
            None => self.lines(bucket, run)?,
        };
        let skipped = usize::try_from(from).unwrap_or(usize::MAX);
        let lines = lines.iter().skip(skipped);
        lines
            .zip(from..)
            .map(|(line, seq)| line::parse(bucket, self.patience, run, seq, line))
            .collect()
    }

    /// All lines of a run, from its segments.
    fn lines(&self, bucket: &Bucket, run: &RunId) -> Result<Vec<String>, StoreError> {
        let what = "read the journal";
        let folder = segment::folder(run);
        let listed = bucket.list(what, &folder, self.patience)?;
        let mut keys = vec![segment::key(run, 0)];
        keys.extend(
            listed
                .into_iter()
                .map(|object| format!("{folder}/{}", object.name)),
        );
        if keys.len() == 1 && bucket.size(what, &keys[0], self.patience)?.is_none() {
            return Ok(Vec::new());
        }
        let known = |key: &String| {
            self.read
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .contains_key(key)
        };
        let new: Vec<_> = keys.iter().filter(|key| !known(key)).cloned().collect();
        let read = bucket.get_all(what, new.clone(), self.patience)?;
        for (key, bytes) in new.into_iter().zip(read) {
            let segment = Segment::parse(&key, &bytes)?;
            self.remember(key, segment);
        }
        let mut lines = Vec::new();
        for key in keys {
            let segment = self.segment(bucket, &key, self.patience)?;
            if segment.first != lines.len() as u64 {
                return Err(StoreError::Corrupt {
                    what: format!("event {} of run `{run}`", lines.len()),
                    why: "it is not there, and later ones are".to_owned(),
                });
            }
            lines.extend(segment.lines.iter().cloned());
        }
        Ok(lines)
    }

    /// Keeps the whole journal as one object more. If that fails it is read from its segments.
    fn seal(&self, bucket: &Bucket, run: &RunId) {
        let sealed = self.lines(bucket, run).and_then(|lines| {
            let whole = Segment {
                first: 0,
                writer: self.token.clone(),
                lines,
            };
            let patience = self.patience.once();
            bucket.create(
                "keep the whole journal",
                &segment::sealed(run),
                &whole.bytes(),
                patience,
            )
        });
        if let Err(error) = sealed {
            tracing::debug!(%error, "the whole journal is not kept as one object");
        }
        let folder = segment::folder(run);
        let ours = |key: &String| key.starts_with(&folder) || *key == segment::key(run, 0);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.retain(|key, _| !ours(key));
    }

    /// All runs, newest first: by when their first event was written, by the store's clock.
    pub(super) fn runs(&self, bucket: &Bucket) -> Result<Vec<RunId>, StoreError> {
        let mut runs = bucket.list("list the runs", segment::RUNS, self.patience)?;
        runs.sort_by(|a, b| (b.modified, &b.name).cmp(&(a.modified, &a.name)));
        Ok(runs.into_iter().map(|run| RunId(run.name)).collect())
    }

    /// Runs that have not been kept as ended, newest first.
    pub(super) fn unfinished(&self, bucket: &Bucket) -> Result<Vec<RunId>, StoreError> {
        let ended = bucket.list("list the runs", segment::ENDED, self.patience)?;
        let ended: std::collections::HashSet<_> = ended.into_iter().map(|run| run.name).collect();
        let mut runs = self.runs(bucket)?;
        runs.retain(|run| !ended.contains(run.as_str()));
        Ok(runs)
    }

    fn segment(&self, bucket: &Bucket, key: &str, patience: Patience) -> Result<Arc<Segment>, StoreError> {
        let known = self
            .read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned();
        if let Some(segment) = known {
            return Ok(segment);
        }
        let found = bucket.get("read the journal", key, patience)?;
        let found = found.ok_or_else(|| StoreError::Corrupt {
            what: format!("`{key}`"),
            why: "it is gone".to_owned(),
        })?;
        Ok(self.remember(key.to_owned(), Segment::parse(key, &found.bytes)?))
    }

    fn remember(&self, key: String, segment: Segment) -> Arc<Segment> {
        let segment = Arc::new(segment);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(key, Arc::clone(&segment));
        segment
    }

    fn writer(&self, run: &RunId) -> Arc<Mutex<Writer>> {
        Arc::clone(all(&self.writers).entry(run.clone()).or_default())
    }
}

fn all<T>(writers: &Mutex<T>) -> MutexGuard<'_, T> {
    writers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

fn conflict(run: &RunId, seq: u64) -> StoreError {
    StoreError::Conflict {
        run: run.clone(),
        seq,
    }
}
