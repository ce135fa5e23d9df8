//! The pure half of `runner`: nothing in this crate reads a file, a clock or a socket.

pub mod commits;
pub mod duration;
