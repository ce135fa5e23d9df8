//! The lock: one file that is created or not.

use runner_sdk::lock::Holder;
use runner_sdk::{Error, Host, WithContext};
use serde::{Deserialize, Serialize};

/// Longer than any lock, in bytes.
const LONGEST: u32 = 64 * 1024;

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
pub(crate) fn acquire(
    host: &impl Host,
    path: &str,
    holder: &Holder,
    replaces: Option<&str>,
) -> Result<Option<Holder>, Error> {
    let content = content(holder)?;
    if create(host, path, &content)? {
        return Ok(None);
    }
    match read(host, path)? {
        // A run that was broken off before it knew.
        Some(there) if there.run_id == holder.run_id => return Ok(None),
        // The store's lease on the environment is ours, so nobody else who knows that run to be dead is here.
        Some(there) if Some(there.run_id.as_str()) == replaces => host.machine_remove(None, path)?,
        Some(there) => return Ok(Some(there)),
        // Given back in between.
        None => {}
    }
    if create(host, path, &content)? {
        return Ok(None);
    }
    let there = read(host, path)?.context(format!("`{path}` comes and goes: another run is about here"))?;
    Ok((there.run_id != holder.run_id).then_some(there))
}

/// Gives it back if it is this run's.
pub(crate) fn release(host: &impl Host, path: &str, run_id: &str) -> Result<(), Error> {
    match read(host, path)? {
        Some(there) if there.run_id == run_id => host.machine_remove(None, path),
        _ => Ok(()),
    }
}

fn create(host: &impl Host, path: &str, content: &[u8]) -> Result<bool, Error> {
    match host.machine_create(None, path, content) {
        // Whether it was made is asked of the file.
        Err(Error::Interrupted(_)) => Ok(false),
        done => done,
    }
}

fn content(holder: &Holder) -> Result<Vec<u8>, Error> {
    let written = Written {
        owner: holder.owner.clone(),
        run_id: holder.run_id.clone(),
        reason: holder.reason.clone(),
        since: holder.since,
    };
    Ok(serde_json::to_vec(&written)?)
}

fn read(host: &impl Host, path: &str) -> Result<Option<Holder>, Error> {
    let Some(bytes) = host.machine_read(None, path, LONGEST)? else {
        return Ok(None);
    };
    let written: Written = serde_json::from_slice(&bytes).context(format!(
        "`{path}` is no lock of `runner`; remove it if nobody deploys here"
    ))?;
    Ok(Some(Holder {
        owner: written.owner,
        run_id: written.run_id,
        reason: written.reason,
        since: written.since,
    }))
}
