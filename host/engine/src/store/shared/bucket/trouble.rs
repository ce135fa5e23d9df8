//! Errors of a shared store: which pass, and what is told of the others.

use object_store::Error;

use crate::store::StoreError;

/// Whether another try may be answered better: the network, a server in trouble, too many requests.
pub(super) fn passes(error: &Error) -> bool {
    match error {
        Error::JoinError { .. } => true,
        // A full disk does not empty itself.
        Error::Generic { store, .. } if *store == "LocalFileSystem" => false,
        Error::Generic { .. } => match status(error) {
            Some(status) => status >= 500 || [408, 429].contains(&status),
            // No answer at all.
            None => !error.to_string().contains("redirect"),
        },
        _ => false,
    }
}

/// The status of the answer, which the crate tells in words only.
fn status(error: &Error) -> Option<u16> {
    let text = error.to_string();
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// With what was tried, and what to do where that is known.
pub(super) fn of(what: &str, address: &str, error: &Error) -> StoreError {
    let unusable = |why: String, hint: &str| StoreError::Unusable {
        address: address.to_owned(),
        why,
        hint: hint.to_owned(),
    };
    let text = error.to_string();
    if text.contains("NoSuchBucket") {
        return unusable(
            "there is no such bucket".to_owned(),
            "make the bucket, or see whether AWS_ENDPOINT and AWS_REGION are the right ones",
        );
    }
    if text.contains("redirect") || status(error).is_some_and(|status| status / 100 == 3) {
        return unusable(
            "its bucket is in another region".to_owned(),
            "set AWS_REGION to the region of the bucket",
        );
    }
    if matches!(
        error,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
    ) {
        let hint = match text.contains("RequestTimeTooSkewed") {
            true => "set the clock of this machine",
            false => {
                "see whether AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN are those of somebody who \
                 may read, write and list there"
            }
        };
        return unusable(format!("cannot {what}: {}", spoken(error)), hint);
    }
    StoreError::Io {
        what: format!("{what} in `{address}`"),
        source: spoken(error).into(),
    }
}

/// What a server said, without its XML; else the innermost cause.
pub(in super::super) fn spoken(error: &Error) -> String {
    let text = error.to_string();
    let within = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        rest.split_once(&format!("</{tag}>")).map(|(inside, _)| inside)
    };
    if let Some(code) = within("Code") {
        return match within("Message") {
            Some(message) => format!("{code}: {message}"),
            None => code.to_owned(),
        };
    }
    let mut last: &dyn std::error::Error = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    last.to_string()
}
