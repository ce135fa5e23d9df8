//! Who gets a lease: the one rule, for every store.

use super::{Lease, StoreError, Taken};

/// What becomes of `wanted` while `held` is in the store. The store writes `wanted` when it is ours.
pub(crate) fn settle(held: Option<Lease>, wanted: &Lease, now: u64) -> Taken {
    match held {
        None => Taken::Ours { replaced: None },
        Some(held) if held.token == wanted.token => Taken::Ours { replaced: None },
        Some(held) if now > held.expires => Taken::Ours { replaced: Some(held) },
        Some(held) => Taken::Theirs(held),
    }
}

/// The lease with its end moved, unless it is not `token`'s any more. One that expired and that nobody took is still ours.
pub(crate) fn renewed(
    name: &str,
    held: Option<Lease>,
    token: &str,
    expires: u64,
) -> Result<Lease, StoreError> {
    let lost = |why| StoreError::LeaseLost {
        name: name.to_owned(),
        why,
    };
    match held {
        None => Err(lost("nobody has it".to_owned())),
        Some(held) if held.token != token => {
            Err(lost(format!("`{}` has it for run `{}`", held.owner, held.run)))
        }
        Some(held) => Ok(Lease { expires, ..held }),
    }
}
