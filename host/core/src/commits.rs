//! Commits as a release reads them: what each one is, by Conventional Commits 1.0.0, and which ones
//! cancel out.
//!
//! The header's grammar is in [`header`], footers in [`footers`], reverts in [`reverts`]; this file owns the types
//! and decides the kind. Source of the rules: <https://www.conventionalcommits.org/en/v1.0.0/>.
//! Main types: [`RawCommit`] in, [`Commit`] out.

mod footers;
mod header;
mod merges;
mod reverts;

use serde::{Deserialize, Serialize};

pub use footers::Footer;
pub use header::NotConventional;
pub use reverts::{Cancelled, Settled, Target, settle};

/// Is a commit as git tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RawCommit {
    /// Its full object id in hex.
    pub id: String,
    /// The whole message: subject, body and trailers.
    pub message: String,
    /// Who wrote it, as `Name <address>`.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub at: u64,
    /// How many parents it has; two or more make it a merge.
    pub parents: usize,
}

/// Is a commit that has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Commit {
    /// Its full object id in hex.
    pub id: String,
    /// The first line of the message, as typed.
    pub subject: String,
    /// Who wrote it, as `Name <address>`.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub at: u64,
    /// What it is to a release.
    pub kind: Kind,
}

/// What a commit is to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `type(scope)!: description`, any type but `revert`.
    Conventional(Conventional),
    /// Takes earlier commits back: `Revert "..."`, `Reapply "..."` or the type `revert`.
    Revert(Revert),
    /// Joins two histories; the commits it brings are counted, itself is not.
    Merge(Merge),
    /// Anything else, with the reason; not counted.
    Other(NotConventional),
}

/// Is a commit that follows the convention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Conventional {
    /// The type in lower case (the convention ignores case), e.g. `feat`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The part of the product, as typed.
    pub scope: Option<String>,
    /// What breaks, if anything does.
    pub breaking: Option<Breaking>,
    /// The subject after the colon, less a trailing `(#45)`.
    pub description: String,
    /// The paragraphs between subject and footers.
    pub body: Option<String>,
    /// The footers in their order, breaking ones included.
    pub footers: Vec<Footer>,
    /// The number in a trailing `(#45)` of the subject.
    pub pull_request: Option<u64>,
}

/// How a breaking change was announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Breaking {
    /// By `!` alone: the description says what breaks.
    Mark,
    /// By footers: their texts, which may have several lines.
    Text(Vec<String>),
}

/// Is a commit that takes earlier ones back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Revert {
    /// What it takes back, as far as the message tells.
    pub targets: Vec<Target>,
    /// The part of the product, as typed in `revert(scope): ...`.
    pub scope: Option<String>,
    /// What breaks by taking it back, if the message announces it.
    pub breaking: Option<Breaking>,
    /// The subject that was taken back, or the revert's own description.
    pub description: String,
    /// The number in a trailing `(#46)` of the revert's own subject.
    pub pull_request: Option<u64>,
}

/// Is a commit that joins two histories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Merge {
    /// The number in `Merge pull request #45 from ...`.
    pub pull_request: Option<u64>,
    /// The branch or tag that was merged, if the subject names it.
    pub from: Option<String>,
}

impl Commit {
    /// Reads one commit. Any message gives a commit: what is not conventional is [`Kind::Other`].
    pub fn parse(raw: &RawCommit) -> Self {
        let message = raw.message.replace("\r\n", "\n");
        let message = message.trim_matches(|c: char| c == '\n' || c == '\r');
        let (subject, rest) = message.split_once('\n').unwrap_or((message, ""));
        let subject = subject.trim_end();
        Self {
            id: raw.id.clone(),
            subject: subject.to_string(),
            author: raw.author.clone(),
            at: raw.at,
            kind: kind(subject, rest, raw.parents),
        }
    }

    /// Returns the first seven characters of the id, as people quote it.
    pub fn short_id(&self) -> &str {
        self.id.get(..7).unwrap_or(&self.id)
    }

    /// Returns what breaks, if the commit says that something does.
    pub fn breaking(&self) -> Option<&Breaking> {
        match &self.kind {
            Kind::Conventional(conventional) => conventional.breaking.as_ref(),
            Kind::Revert(revert) => revert.breaking.as_ref(),
            Kind::Merge(_) | Kind::Other(_) => None,
        }
    }
}

fn kind(subject: &str, rest: &str, parents: usize) -> Kind {
    if let Some(merge) = merges::read(subject, parents) {
        return Kind::Merge(merge);
    }
    if let Some(revert) = reverts::read_git(subject, rest) {
        return Kind::Revert(revert);
    }
    match header::parse(subject) {
        Err(reason) => Kind::Other(reason),
        Ok(header) => conventional(header, rest),
    }
}

fn conventional(header: header::Header, rest: &str) -> Kind {
    let (body, footers) = footers::split(rest);
    let breaking = breaking(header.mark, &footers);
    let (description, pull_request) = header::split_pull_request(&header.description);
    if header.type_ == "revert" {
        let targets = reverts::conventional_targets(description, rest, &footers);
        return Kind::Revert(Revert {
            targets,
            scope: header.scope,
            breaking,
            description: description.to_string(),
            pull_request,
        });
    }
    Kind::Conventional(Conventional {
        type_: header.type_,
        scope: header.scope,
        breaking,
        description: description.to_string(),
        body,
        footers,
        pull_request,
    })
}

fn breaking(mark: bool, footers: &[Footer]) -> Option<Breaking> {
    let announced: Vec<&Footer> = footers.iter().filter(|footer| footer.is_breaking()).collect();
    let texts: Vec<String> = announced
        .iter()
        .map(|f| f.value.clone())
        .filter(|text| !text.is_empty())
        .collect();
    match (mark || !announced.is_empty(), texts.is_empty()) {
        (false, _) => None,
        (true, true) => Some(Breaking::Mark),
        (true, false) => Some(Breaking::Text(texts)),
    }
}

#[cfg(test)]
mod tests;
