//! Files on a machine over SSH. Paths are absolute and plain; what is written is compared there before it gets its name.

use std::{fs::File, io::Read, path::Path};

use runner_core::{
    digest::Digest,
    effect::{Entry, EntryKind, Nature},
    fault::Fault,
};

use super::{
    carrier,
    remote::{Remote, Task},
};
use crate::{atomic_file::PREFIX, capability::process::Sink};

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capability) enum Kind {
    File,
    Executable,
    Folder,
}

/// What is written.
pub(in crate::capability) struct Content<'a> {
    /// Opens it, at each attempt.
    pub(in crate::capability) open: &'a dyn Fn() -> Result<Box<dyn Read>, Fault>,
    pub(in crate::capability) size: u64,
    pub(in crate::capability) digest: &'a Digest,
}

impl Remote {
    fn task<'a>(&self, what: &'a str, nature: Nature, effect: &'a str) -> Task<'a> {
        Task {
            what,
            nature,
            effect,
            limit: None,
        }
    }

    /// A file, at most `max` bytes; none when there is nothing.
    pub(in crate::capability) fn read(&self, path: &str, max: u32) -> Result<Option<Vec<u8>>, Fault> {
        let what = format!("read `{path}`");
        let task = self.task(&what, Nature::Read, "");
        let said = self.script(&task, include_str!("sh/read.sh"), &[path, &max.to_string()])?;
        match said.word.split_once(' ').unwrap_or((&said.word, "")) {
            ("0", _) => Ok(Some(said.stdout)),
            ("none", _) => Ok(None),
            ("odd", _) => Err(self.failed(&what, "it is not a file")),
            ("long", size) => Err(self.failed(
                &what,
                &format!("it has {size} bytes, more than the {max} asked for"),
            )),
            _ => Err(self.refused(&task, &said.word, &said.stderr)),
        }
    }

    /// At most `max` bytes of a file behind its first `start`; none when there is nothing.
    pub(in crate::capability) fn read_part(
        &self,
        path: &str,
        start: u64,
        max: u32,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let what = format!("read `{path}`");
        let task = self.task(&what, Nature::Read, "");
        let (first, max) = (start.saturating_add(1).to_string(), max.to_string());
        let said = self.script(&task, include_str!("sh/read_part.sh"), &[path, &first, &max])?;
        match said.word.as_str() {
            "0" => Ok(Some(said.stdout)),
            "none" => Ok(None),
            "odd" => Err(self.failed(&what, "it is not a file")),
            _ => Err(self.refused(&task, &said.word, &said.stderr)),
        }
    }

    /// What a folder holds, in no order; none when there is nothing.
    pub(in crate::capability) fn list(&self, path: &str) -> Result<Option<Vec<Entry>>, Fault> {
        let what = format!("list `{path}`");
        let task = self.task(&what, Nature::Read, "");
        let said = self.script(&task, include_str!("sh/list.sh"), &[path])?;
        match said.word.as_str() {
            "0" => Ok(Some(entries(&said.stdout))),
            "none" => Ok(None),
            "odd" => Err(self.failed(&what, "it is not a folder")),
            _ => Err(self.refused(&task, &said.word, &said.stderr)),
        }
    }

    /// Writes a file, over what is there; without a mode it gets the one of new files.
    pub(in crate::capability) fn write(
        &self,
        what: &str,
        path: &str,
        content: &Content<'_>,
        mode: Option<u32>,
        effect: &str,
    ) -> Result<(), Fault> {
        let task = self.task(what, Nature::Idempotent, effect);
        self.place(&task, path, content, "replace", mode).map(drop)
    }

    /// Writes a file where nothing is; tells whether it did.
    pub(in crate::capability) fn create(
        &self,
        path: &str,
        content: &Content<'_>,
        effect: &str,
    ) -> Result<bool, Fault> {
        let what = format!("create `{path}`");
        // A second attempt could not tell whether the first made it.
        let task = self.task(&what, Nature::Write, effect);
        self.place(&task, path, content, "create", None)
    }

    fn place(
        &self,
        task: &Task<'_>,
        path: &str,
        content: &Content<'_>,
        how: &str,
        mode: Option<u32>,
    ) -> Result<bool, Fault> {
        let mode = mode
            .map(|mode| format!("{:o}", mode & 0o7777))
            .unwrap_or_default();
        let size = content.size.to_string();
        let words = [path, &beside(path, ""), &size, content.digest.hex(), how, &mode];
        let said = self.script_with(task, include_str!("sh/write.sh"), &words, || (content.open)())?;
        match said.word.as_str() {
            "0" => Ok(true),
            "exists" => Ok(false),
            _ => Err(self.refused(task, &said.word, &said.stderr)),
        }
    }

    /// Makes or switches a symbolic link.
    pub(in crate::capability) fn link(&self, path: &str, to: &str, effect: &str) -> Result<(), Fault> {
        let what = format!("link `{path}`");
        let task = self.task(&what, Nature::Idempotent, effect);
        let words = [path, &beside(path, ""), to];
        let said = self.script(&task, include_str!("sh/link.sh"), &words)?;
        match said.word.as_str() {
            "0" => Ok(()),
            "folder" => Err(self.failed(
                &format!("make `{path}` a link"),
                "it is a folder; move or remove that first",
            )),
            _ => Err(self.refused(&task, &said.word, &said.stderr)),
        }
    }

    /// Removes a file, a link, or a folder with all that it holds.
    pub(in crate::capability) fn remove(&self, path: &str, effect: &str) -> Result<(), Fault> {
        let what = format!("remove `{path}`");
        let task = self.task(&what, Nature::Idempotent, effect);
        let said = self.script(&task, include_str!("sh/remove.sh"), &[path])?;
        self.done(&task, &said)
    }

    /// Unpacks an archive as the folder `path`, in the place of one that is there.
    pub(in crate::capability) fn unpack(
        &self,
        what: &str,
        path: &str,
        content: &Content<'_>,
        effect: &str,
    ) -> Result<(), Fault> {
        let task = self.task(what, Nature::Idempotent, effect);
        let (new, old) = (beside(path, "-new"), beside(path, "-old"));
        let size = content.size.to_string();
        let words = [path, &beside(path, ""), &size, content.digest.hex(), &new, &old];
        let said = self.script_with(&task, include_str!("sh/unpack.sh"), &words, || (content.open)())?;
        self.done(&task, &said)
    }

    /// Copies a file, or a folder as an archive, to `to`; tells what it was.
    pub(in crate::capability) fn take(&self, what: &str, path: &str, to: &Path) -> Result<Kind, Fault> {
        let task = self.task(what, Nature::Read, "");
        let said = self.script(&task, include_str!("sh/look.sh"), &[path])?;
        let (kind, as_what) = match said.word.as_str() {
            "file" => (Kind::File, "file"),
            "executable" => (Kind::Executable, "file"),
            "folder" => (Kind::Folder, "folder"),
            "none" => return Err(self.failed(what, "there is no such file or folder")),
            "odd" => return Err(self.failed(what, "it is neither a file nor a folder")),
            _ => return Err(self.refused(&task, &said.word, &said.stderr)),
        };
        let mut stderr = Vec::new();
        let mut written = Ok(());
        let script = carrier::Script {
            text: include_str!("sh/give.sh"),
            words: vec![path, as_what],
            prelude: "",
            effect: "",
        };
        let (word, why) = self.attempt(&task, || {
            stderr.clear();
            let file = File::create(to).map_err(|error| self.failed(what, &error.to_string()))?;
            let mut sink = Kept { file, error: None };
            let after = super::remote::After::Bytes(Box::new(std::io::empty()));
            let attempt = self.once(&script, after, None, &mut sink, &mut stderr)?;
            written = sink.error.map_or(Ok(()), Err);
            Ok(attempt)
        })?;
        written.map_err(|error| self.failed(what, &error.to_string()))?;
        match (why, word.as_str()) {
            (None, "0") => Ok(kind),
            (Some(_), _) => Err(self.stopped(&task)),
            _ => Err(self.refused(&task, &word, &stderr)),
        }
    }

    fn failed(&self, what: &str, why: &str) -> Fault {
        Fault::failed(format!("cannot {what} on machine `{}`: {why}", self.name()))
    }
}

/// A name beside a path that nothing has.
fn beside(path: &str, end: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{PREFIX}{}{end}", carrier::nonce())
}

fn entries(printed: &[u8]) -> Vec<Entry> {
    let texts: Vec<_> = printed
        .split(|byte| *byte == 0)
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .collect();
    let entry = |of: &[String]| {
        let [name, kind, size, target] = of else {
            return None;
        };
        let kind = match kind.as_str() {
            "l" => EntryKind::Link,
            "d" => EntryKind::Folder,
            _ => EntryKind::File,
        };
        Some(Entry {
            name: name.clone(),
            kind,
            size: match kind {
                EntryKind::File => size.parse().unwrap_or(0),
                _ => 0,
            },
            target: (kind == EntryKind::Link).then(|| target.clone()),
        })
    };
    texts.chunks(4).filter_map(entry).collect()
}

/// Writes what comes to a file, as long as that can be written.
struct Kept {
    file: File,
    error: Option<std::io::Error>,
}

impl Sink for Kept {
    fn push(&mut self, bytes: &[u8]) {
        if self.error.is_none() {
            self.error = std::io::Write::write_all(&mut self.file, bytes).err();
        }
    }
}
