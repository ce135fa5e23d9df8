//! The ledger of what language models cost, on a machine that has just been made: where the store is shared, the journals in
//! it hold every line, so the file is completed out of them before a run. A budget is then held against what all machines
//! spent. Two that run at the same time do not see what the other reserves.

use std::{collections::BTreeSet, io::Write as _};

use runner_core::{costs, fault::Fault, id::RunId, profile::Profile};

use crate::{
    store::{Store, StoreError},
    workspace::Workspace,
};

/// Runs that began within so many days are looked into: the longest month, and runs that waited over its beginning.
const DAYS: i64 = 38;

/// Every line that the runs of a store wrote, or were about to write, to the ledger at `path`, in their order. Only runs that
/// began on `since` or later, e.g. `20261101`.
///
/// # Errors
/// The store cannot be read.
pub fn noted(store: &dyn Store, path: &str, since: Option<&str>) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    for run in store.runs()? {
        if since.is_none_or(|since| day(&run) >= since) {
            lines.extend(costs::noted(&store.events(&run, 0)?, path));
        }
    }
    Ok(lines)
}

/// Completes the ledgers that the checks of a profile keep; nothing where nobody shares the store.
pub(crate) fn complete(store: &dyn Store, workspace: &Workspace, profile: &Profile) -> Result<(), Fault> {
    let paths = costs::ledgers(profile);
    if store.shelf().is_none() || paths.is_empty() {
        return Ok(());
    }
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * DAYS);
    let since = since.strftime("%Y%m%d").to_string();
    for path in paths {
        let lines = noted(store, &path, Some(&since)).map_err(|error| Fault::failed(error.to_string()))?;
        append(workspace, &path, &lines)?;
    }
    Ok(())
}

/// Adds those that are not there yet, in one write.
fn append(workspace: &Workspace, path: &str, lines: &[String]) -> Result<(), Fault> {
    let place = workspace.place(path)?;
    let failed = |error: std::io::Error| Fault::failed(format!("`{}`: {error}", place.display()));
    let there = match std::fs::read_to_string(&place) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read.map_err(failed)?,
    };
    let known: BTreeSet<&str> = there.lines().collect();
    let missing = lines.iter().filter(|line| !known.contains(line.as_str()));
    let mut text: String = missing.map(|line| format!("{line}\n")).collect();
    if text.is_empty() {
        return Ok(());
    }
    if !(there.is_empty() || there.ends_with('\n')) {
        text.insert(0, '\n');
    }
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.append(true).create(true).open(&place).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)
}

/// When a run began: `20260315` of `r-20260315-100000-3f2a`.
fn day(run: &RunId) -> &str {
    run.as_str().split('-').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_added_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = Workspace::open(folder.path()).expect("a folder");
        let lines = ["a".to_owned(), "b".to_owned()];
        append(&workspace, ".runner/costs", &lines[..1]).expect("written");
        std::fs::write(folder.path().join(".runner/costs"), "a\nc").expect("written");
        append(&workspace, ".runner/costs", &lines).expect("written");
        append(&workspace, ".runner/costs", &lines).expect("written");
        let text = std::fs::read_to_string(folder.path().join(".runner/costs"));
        assert_eq!(text.expect("there"), "a\nc\nb\n");
        assert_eq!(day(&RunId::from("r-20260315-100000-3f2a")), "20260315");
    }
}
