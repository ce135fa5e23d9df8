//! The changelog of a release: commits in sections, rendered as Markdown, and put into `CHANGELOG.md`.
//!
//! Sections are made in [`sections`](mod@sections), rendering is in [`template`], the file in [`file`]. Whatever people
//! typed is kept as they typed it: no escaping, any script.

mod file;
mod sections;
mod template;

pub use file::{Prepended, prepend, release_notes};
pub use sections::{Entry, Section, other_entries, sections};
pub use template::{DEFAULT_TEMPLATE, Release, TemplateError, render};

#[cfg(test)]
mod tests;
