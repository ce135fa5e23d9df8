//! How a release that lies on the server takes over from the one that runs.

pub(crate) mod blue_green;
pub(crate) mod canary;
pub(crate) mod restart;
pub(crate) mod slots;
