//! The files of nginx for one site. They are rotated by being renamed: what was not read yet then stands in the renamed one,
//! to which nginx goes on writing until it has opened the new one.

use std::collections::BTreeMap;

use runner_sdk::logs::{self, Part};
use runner_sdk::{Error, Host};
use serde::{Deserialize, Serialize};

use crate::machine::{Machine, command, sudo};
use crate::site::Site;

/// The source of requests.
pub(super) const ACCESS: &str = "nginx-access";
/// The source of errors.
pub(super) const ERRORS: &str = "nginx-error";
/// Bytes of room for what stands in place of a secret.
const ROOM: u64 = 64 * 1024;

/// Where reading of a file stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Its inode, which it keeps when it is renamed.
    inode: u64,
    /// In bytes.
    offset: u64,
}

/// Files that are there: inode and size in bytes, by path.
type There = BTreeMap<String, (u64, u64)>;

/// What was read of a file.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) lines: Vec<String>,
    pub(super) position: Position,
    pub(super) left_out: u64,
    pub(super) is_missing: bool,
}

impl Read {
    fn add(&mut self, part: Part, inode: u64) {
        self.lines.extend(part.lines);
        self.left_out += part.left_out;
        self.position = Position {
            inode,
            offset: part.end,
        };
    }
}

/// The files among these sources: source and path.
pub(super) fn of(site: &Site<'_>, sources: &[String]) -> Vec<(String, String)> {
    let all = [
        (ACCESS.to_owned(), site.access_log()),
        (ERRORS.to_owned(), site.error_log()),
    ];
    all.into_iter()
        .filter(|(source, _)| sources.contains(source))
        .collect()
}

fn renamed(path: &str) -> String {
    format!("{path}.1")
}

/// Looks for the files, and for those that they may have become.
pub(super) fn look<H: Host>(machine: &Machine<'_, H>, files: &[(String, String)]) -> Result<There, Error> {
    let paths: Vec<String> = files
        .iter()
        .flat_map(|(_, path)| [path.clone(), renamed(path)])
        .collect();
    let words: Vec<&str> = ["stat", "--format", "%i %s %n", "--"]
        .into_iter()
        .chain(paths.iter().map(String::as_str))
        .collect();
    // Ends with 1 where one is missing, and tells of the others.
    let text = machine.ask_root(&words)?.stdout_text();
    let one = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let (inode, size) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some((words.next()?.to_owned(), (inode, size)))
    };
    Ok(text.lines().filter_map(one).collect())
}

/// The newest lines, of the renamed file too where the other has too few.
pub(super) fn recent<H: Host>(
    machine: &Machine<'_, H>,
    there: &There,
    path: &str,
    max: u32,
) -> Result<Read, Error> {
    let newest = |path: &str| match there.get(path) {
        None => Ok(None),
        Some(&(inode, size)) => {
            let part = logs::newest(size, max, |start, length| bytes(machine, path, start, length))?;
            Ok::<_, Error>(Some((part, inode)))
        }
    };
    let Some((part, inode)) = newest(path)? else {
        return Ok(Read {
            is_missing: true,
            ..Read::default()
        });
    };
    let mut read = Read::default();
    if part.lines.len() < max as usize
        && let Some((older, inode)) = newest(&renamed(path))?
    {
        read.add(older, inode);
        if there.get(path).is_some_and(|(_, size)| *size == 0) {
            // Renamed just now, perhaps: nginx may still write to the old one.
            return Ok(read);
        }
    }
    read.add(part, inode);
    Ok(read)
}

/// What was written since.
pub(super) fn more<H: Host>(
    machine: &Machine<'_, H>,
    there: &There,
    path: &str,
    before: Position,
) -> Result<Read, Error> {
    let mut read = Read {
        position: before,
        ..Read::default()
    };
    let Some(&(inode, size)) = there.get(path) else {
        return Ok(read);
    };
    let after = |path: &str, size: u64, offset: u64| {
        logs::after(size, offset, |start, length| bytes(machine, path, start, length))
    };
    if inode == before.inode {
        // Shorter than it was: it was emptied.
        let offset = if size < before.offset { 0 } else { before.offset };
        read.add(after(path, size, offset)?, inode);
        return Ok(read);
    }
    let old = renamed(path);
    if let Some(&(inode, size)) = there.get(&old).filter(|(inode, _)| *inode == before.inode) {
        read.add(after(&old, size, before.offset)?, inode);
        if there.get(path).is_some_and(|(_, size)| *size == 0) {
            // nginx may still write to the old one.
            return Ok(read);
        }
    }
    read.add(after(path, size, 0)?, inode);
    Ok(read)
}

/// Bytes of a file of root's: `curl` reads exactly a part of one, and can write nothing this way.
fn bytes<H: Host>(machine: &Machine<'_, H>, path: &str, start: u64, length: u64) -> Result<Vec<u8>, Error> {
    if length == 0 {
        return Ok(Vec::new());
    }
    let (range, url) = (
        format!("{start}-{}", start + length - 1),
        format!("file://{path}"),
    );
    let words = ["curl", "--silent", "--show-error", "--range", &range, &url];
    let capture = u32::try_from(2 * length + ROOM).unwrap_or(u32::MAX);
    let asked = command(&sudo(&words))
        .read()
        .timeout(std::time::Duration::from_secs(60))
        .capture(capture);
    let exit = machine.run(&asked)?;
    Ok(exit.require_success(&format!("reading `{path}`"))?.stdout)
}
