//! The pure half of `runner`: what a release is, what comes next, what is allowed. No clock, no files, no network, no
//! terminal, so everything here is tested in milliseconds and a live run cannot differ from a resumed one.

pub mod backup;
pub mod bytes;
pub mod changelog;
pub mod ci;
pub mod commits;
pub mod costs;
pub mod digest;
pub mod duration;
pub mod effect;
pub mod event;
pub mod fault;
#[cfg(test)]
pub(crate) mod fixture;
pub mod grant;
pub mod id;
pub mod lifecycle;
pub mod logs;
pub mod manifest;
pub mod news;
pub mod output;
pub mod plan;
pub mod profile;
pub mod release;
pub mod report;
pub mod rules;
pub mod run;
pub mod schedule;
pub mod secret;
pub mod step;
pub mod version;
