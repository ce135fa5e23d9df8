//! Who wrote the change: read from the `Co-Authored-By:` trailers of its commits.

use runner_sdk::Commit;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::AuthorWords;

/// Who wrote a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Author {
    Claude,
    Openai,
    /// Nobody else is named. A model that is not known counts as its person: both families look at it.
    Person,
}

/// Who made a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Family {
    Claude,
    Openai,
    /// Anyone else; it may review everything.
    Other,
}

impl Author {
    /// As in the config.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Openai => "openai",
            Self::Person => "person",
        }
    }

    /// For people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Claude => "Claude",
            Self::Openai => "OpenAI",
            Self::Person => "a person",
        }
    }
}

/// All who wrote the change, in a fixed order. Merges are nobody's work; without any commit it is a person's.
pub(crate) fn authors(commits: &[Commit], words: &AuthorWords) -> Vec<Author> {
    let mut authors: Vec<Author> = commits
        .iter()
        .filter(|commit| !commit.subject.starts_with("Merge "))
        .flat_map(|commit| of_commit(commit, words))
        .collect();
    authors.sort_unstable();
    authors.dedup();
    if authors.is_empty() {
        authors.push(Author::Person);
    }
    authors
}

fn of_commit(commit: &Commit, words: &AuthorWords) -> Vec<Author> {
    let named: Vec<String> = commit
        .trailers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case("co-authored-by"))
        .map(|(_, value)| value.to_lowercase())
        .collect();
    let is_named = |words: &[String]| {
        named
            .iter()
            .any(|name| words.iter().any(|word| name.contains(&word.to_lowercase())))
    };
    let mut authors = Vec::new();
    if is_named(&words.claude) {
        authors.push(Author::Claude);
    }
    if is_named(&words.openai) {
        authors.push(Author::Openai);
    }
    if authors.is_empty() {
        authors.push(Author::Person);
    }
    authors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(subject: &str, trailers: &[(&str, &str)]) -> Commit {
        Commit {
            id: "c".repeat(40),
            subject: subject.into(),
            body: String::new(),
            trailers: trailers
                .iter()
                .map(|&(key, value)| (key.into(), value.into()))
                .collect(),
            author: "Ann <ann@example.org>".into(),
            at: 0,
        }
    }

    fn who(commits: &[Commit]) -> String {
        let authors = authors(commits, &AuthorWords::default());
        authors
            .iter()
            .map(|author| author.word())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn is_named_in_a_trailer() {
        for (value, author) in [
            ("Claude <noreply@anthropic.com>", "claude"),
            ("Claude Opus <x@example.org>", "claude"),
            ("Codex <codex@openai.com>", "openai"),
            ("ChatGPT <noreply@example.org>", "openai"),
            ("GPT-9 <gpt@example.org>", "openai"),
            ("Bob <bob@example.org>", "person"),
            ("Copilot <copilot@example.org>", "person"),
        ] {
            for key in ["Co-Authored-By", "Co-authored-by", "CO-AUTHORED-BY"] {
                assert_eq!(who(&[commit("feat: x", &[(key, value)])]), author, "{value}");
            }
            assert_eq!(who(&[commit("feat: x", &[("Reviewed-by", value)])]), "person");
        }
    }

    #[test]
    fn several_who_wrote_all_count_and_merges_do_not() {
        let claude = commit("feat: x", &[("Co-Authored-By", "Claude <noreply@anthropic.com>")]);
        let codex = commit("fix: x", &[("Co-Authored-By", "Codex <codex@openai.com>")]);
        let merge = commit("Merge branch 'main' into x", &[]);
        assert_eq!(who(&[claude.clone(), merge.clone()]), "claude");
        assert_eq!(who(&[claude.clone(), codex]), "claude openai");
        assert_eq!(who(&[claude, commit("docs: y", &[])]), "claude person");
        assert_eq!(who(&[merge]), "person");
        assert_eq!(who(&[]), "person");
    }
}
