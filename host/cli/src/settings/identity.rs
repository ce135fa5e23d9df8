//! Who runs the program, as approvals know people: `RUNNER_ACTOR`, or git's `user.email`, or the login name.

use runner_engine::session::Identity;

use super::{Repository, git};
use crate::error::{CommandError, Done};

/// Names the person, or the CI job.
const ACTOR: &str = "RUNNER_ACTOR";

pub(super) fn find(repository: &Repository) -> Done<Identity> {
    let variable = |name: &str| std::env::var(name).ok();
    let email = || git(&repository.root, &["config", "user.email"]).ok();
    let names = [variable(ACTOR), email(), variable("USER"), variable("LOGNAME")];
    let by = names
        .into_iter()
        .flatten()
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty());
    let by = by.ok_or_else(|| {
        CommandError::config("it is not known who you are")
            .hint("git config user.email you@example.org, or set RUNNER_ACTOR")
    })?;
    Ok(Identity { by, host: host() })
}

/// The name of this machine.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
