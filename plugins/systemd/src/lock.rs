//! The lock: one file on the server, that is created or not.

use runner_sdk::lock::Holder;
use runner_sdk::{Error, Host, WithContext};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// What is in the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Written {
    owner: String,
    run_id: String,
    reason: String,
    /// Milliseconds since 1970.
    since: u64,
}

/// Takes it, or says who has it.
pub(crate) fn acquire<H: Host>(
    machine: &Machine<'_, H>,
    path: &str,
    holder: &Holder,
    replaces: Option<&str>,
) -> Result<Option<Holder>, Error> {
    let written = Written {
        owner: holder.owner.clone(),
        run_id: holder.run_id.clone(),
        reason: holder.reason.clone(),
        since: holder.since,
    };
    let content = serde_json::to_vec(&written)?;
    if create(machine, path, &content)? {
        return Ok(None);
    }
    match read(machine, path)? {
        // A run that was broken off before it knew.
        Some(there) if there.run_id == holder.run_id => return Ok(None),
        // The store's lease on the environment is ours, so nobody else who knows that run to be dead is here.
        Some(there) if Some(there.run_id.as_str()) == replaces => machine.remove(path)?,
        Some(there) => return Ok(Some(there)),
        // Given back in between.
        None => {}
    }
    if create(machine, path, &content)? {
        return Ok(None);
    }
    let there =
        read(machine, path)?.context(format!("`{path}` comes and goes: another run is about here"))?;
    Ok((there.run_id != holder.run_id).then_some(there))
}

/// Gives it back if it is this run's.
pub(crate) fn release<H: Host>(machine: &Machine<'_, H>, path: &str, run_id: &str) -> Result<(), Error> {
    match read(machine, path)? {
        Some(there) if there.run_id == run_id => machine.remove(path),
        _ => Ok(()),
    }
}

fn create<H: Host>(machine: &Machine<'_, H>, path: &str, content: &[u8]) -> Result<bool, Error> {
    match machine.create(path, content) {
        // Whether it was made is asked of the file.
        Err(Error::Interrupted(_) | Error::Transient(_)) => Ok(false),
        done => done,
    }
}

fn read<H: Host>(machine: &Machine<'_, H>, path: &str) -> Result<Option<Holder>, Error> {
    let Some(text) = machine.text(path)? else {
        return Ok(None);
    };
    let about = format!("`{path}` is no lock of `runner`; remove it if nobody deploys here");
    let Written {
        owner,
        run_id,
        reason,
        since,
    } = serde_json::from_str(&text).context(about)?;
    Ok(Some(Holder {
        owner,
        run_id,
        reason,
        since,
    }))
}
