//! What the processes wrote: each has a file, which only grows. Programs write times as they like; those that say their zone
//! are understood.

use std::collections::BTreeMap;

use runner_sdk::logs::{self, Page, Part};
use runner_sdk::{Error, Host, Instant};

use crate::site::Site;

/// How far each file was read, in bytes, by the name of its process.
type Cursor = BTreeMap<String, u64>;

/// The newest lines of these processes.
pub(crate) fn recent(
    host: &impl Host,
    site: &Site<'_>,
    sources: &[String],
    since: Option<Instant>,
    max: u32,
) -> Result<Page, Error> {
    read(host, site, sources, |name, size, part_of| {
        let part = logs::newest(size, max, part_of)?;
        let lines = logs::lines(name, part.lines.iter().cloned(), None, since);
        Ok((lines, part))
    })
}

/// What they wrote since.
pub(crate) fn more(
    host: &impl Host,
    site: &Site<'_>,
    sources: &[String],
    cursor: &str,
) -> Result<Page, Error> {
    let cursor: Cursor = serde_json::from_str(cursor)
        .map_err(|error| Error::failed(format!("`{cursor}` is no cursor of this plugin's: {error}")))?;
    read(host, site, sources, |name, size, part_of| {
        // A file that is shorter than it was is another one, or was emptied: its beginning is new.
        let before = cursor.get(name).copied().filter(|before| *before <= size);
        let part = logs::after(size, before.unwrap_or_default(), part_of)?;
        let lines = logs::lines(name, part.lines.iter().cloned(), None, None);
        Ok((lines, part))
    })
}

/// Reads each file by `part`, which gets its name, its size, and how to read it.
fn read<H: Host>(
    host: &H,
    site: &Site<'_>,
    sources: &[String],
    part: impl Fn(
        &str,
        u64,
        &mut dyn FnMut(u64, u64) -> Result<Vec<u8>, Error>,
    ) -> Result<(Vec<logs::Line>, Part), Error>,
) -> Result<Page, Error> {
    let (mut cursor, mut page) = (
        Cursor::new(),
        Page {
            lines: Vec::new(),
            notes: Vec::new(),
            cursor: String::new(),
        },
    );
    for name in sources {
        let path = path(site, name)?;
        let Some(size) = size(host, &path)? else {
            page.notes.push(format!("`{name}` has written nothing yet"));
            continue;
        };
        let mut part_of = |start: u64, length: u64| {
            let max = u32::try_from(length).unwrap_or(u32::MAX);
            Ok(host
                .machine_read_part(None, &path, start, max)?
                .unwrap_or_default())
        };
        let (lines, part) = part(name, size, &mut part_of)?;
        if part.left_out > 0 {
            page.notes.push(format!(
                "{} bytes of `{name}` are left out: it writes faster than it is read",
                part.left_out
            ));
        }
        page.lines.extend(lines);
        cursor.insert(name.clone(), part.end);
    }
    page.cursor = serde_json::to_string(&cursor).map_err(|error| Error::failed(error.to_string()))?;
    Ok(page)
}

/// The file of a process's output.
fn path(site: &Site<'_>, name: &str) -> Result<String, Error> {
    let service = site.context.config.services.get(name);
    let service = service.ok_or_else(|| Error::failed(format!("there is no service `{name}`")))?;
    Ok(site.path(&service.log_file(name)))
}

fn size(host: &impl Host, path: &str) -> Result<Option<u64>, Error> {
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    let entries = host.machine_list(None, folder)?.unwrap_or_default();
    Ok(entries
        .into_iter()
        .find(|entry| entry.name == name)
        .map(|entry| entry.size))
}
