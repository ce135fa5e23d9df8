//! Machines: the one that `runner` runs on, and those that are reached over SSH.
//!
//! One of the profile's may be the one that `runner` runs on, e.g. when a timer of the server starts it: then `sh` takes the
//! place of `ssh`, and nothing else differs. What is done on a machine is asked of [`Machines::of`] in one place per capability; the ways part there and nowhere
//! else. Over SSH everything goes through the user's own `ssh` program, as sh scripts that are fixed (`machine/sh`).

mod carrier;
mod connection;
mod diagnosis;
mod files;
mod program;
mod remote;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use runner_core::{
    digest::Digest,
    fault::Fault,
    profile::{LOCAL, Machine},
};
use serde::Serialize;
use tokio::runtime::Handle;

pub(super) use files::{Content, Kind};
pub(super) use program::{End, NotRun, Program};
pub(super) use remote::{Remote, Task};

use crate::{secret::Secrets, stop::Stop, workspace::Workspace};

/// The machines of a profile.
#[derive(Clone, Debug, Default)]
pub struct Machines {
    run: String,
    remote: BTreeMap<String, Arc<Remote>>,
}

/// Where something is done.
pub(super) enum Place<'a> {
    /// Here.
    Local,
    /// Over SSH.
    Ssh(&'a Remote),
}

impl Machines {
    /// The machines of a profile, for the run of this id. Nothing is connected before it is needed; what was is closed
    /// when the last clone is dropped. `here` is the name of the one that `runner` runs on, if it is one of them.
    pub fn new(
        run: &str,
        machines: &BTreeMap<String, Machine>,
        here: Option<&str>,
        workspace: &Workspace,
        secrets: &Arc<Secrets>,
        handle: &Handle,
        stop: &Stop,
    ) -> Self {
        let remote = machines.iter().map(|(name, machine)| {
            let secrets = Arc::clone(secrets);
            let remote = Remote::new(
                name,
                machine,
                here == Some(name.as_str()),
                workspace,
                secrets,
                handle.clone(),
                stop.clone(),
            );
            (name.clone(), Arc::new(remote))
        });
        Self {
            run: run.to_owned(),
            remote: remote.collect(),
        }
    }

    /// The machine of a name; none is the one that `runner` runs on.
    pub(super) fn of(&self, name: Option<&str>) -> Result<Place<'_>, Fault> {
        let Some(name) = name.filter(|name| *name != LOCAL) else {
            return Ok(Place::Local);
        };
        match self.remote.get(name) {
            Some(remote) => Ok(Place::Ssh(remote)),
            None => Err(Fault::failed(format!(
                "no machine `{name}` in the profile: leave it out, or write `{LOCAL}`, for the machine that `runner` runs on, or \
                 add `[machines.{name}]`"
            ))),
        }
    }

    /// Fails unless the machine is the one that `runner` runs on.
    pub(crate) fn local(&self, name: Option<&str>) -> Result<(), Fault> {
        match self.of(name)? {
            Place::Local => Ok(()),
            Place::Ssh(remote) => Err(Fault::failed(format!(
                "`runner` supervises processes on the machine that it runs on only: on machine `{}` let systemd do it, with a \
                 unit and `systemctl`",
                remote.name()
            ))),
        }
    }

    /// What an effect is about, as a file name: its attempts in this run are one at a time.
    pub(super) fn effect(&self, about: &impl Serialize) -> String {
        Digest::of_json(&(&self.run, about)).hex().to_owned()
    }
}
