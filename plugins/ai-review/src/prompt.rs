//! What a model is told. The texts are files of this crate, or of the repository as it was before the change.

use runner_sdk::{Error, Host, WithContext};
use sha2::{Digest, Sha256};

use crate::config::Prompts;

const SYSTEM: &str = include_str!("../prompts/system.md");
const REVIEW: &str = include_str!("../prompts/review.md");
/// The largest prompt to read, in bytes.
const LARGEST: u32 = 64 * 1024;
/// What every review prompt has: without them a model would judge nothing, or not know where the data ends.
const NEEDED: [&str; 3] = ["checklist", "fence", "diff"];
/// What it may have besides.
const KNOWN: [&str; 6] = ["part", "kind", "author", "checklist", "fence", "diff"];

/// The texts of one review.
pub(crate) struct Prompt {
    pub(crate) system: String,
    review: String,
}

/// What fills the review prompt.
pub(crate) struct Filling<'a> {
    pub(crate) part: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) author: &'a str,
    pub(crate) checklist: &'a str,
    pub(crate) diff: &'a str,
}

impl Prompt {
    /// The built-in texts, or the files that the config names, as they are at `base`.
    pub(crate) fn read(host: &impl Host, prompts: &Prompts, base: &str) -> Result<Self, Error> {
        let text = |path: &Option<String>, built_in: &str| match path {
            None => Ok(built_in.to_owned()),
            Some(path) => {
                let bytes = host.git_show(base, path, LARGEST).context(format!(
                    "reading the prompt `{path}` (it is taken from `{base}`, so that a change does not choose how it is judged)"
                ))?;
                String::from_utf8(bytes).context(format!("reading the prompt `{path}`"))
            }
        };
        let prompt = Self {
            system: text(&prompts.system, SYSTEM)?,
            review: text(&prompts.review, REVIEW)?,
        };
        prompt.check()?;
        Ok(prompt)
    }

    fn check(&self) -> Result<(), Error> {
        let names = placeholders(&self.review);
        if let Some(missing) = NEEDED.iter().find(|needed| !names.contains(needed)) {
            return Err(Error::invalid_config(format!(
                "the prompt `prompts.review` has no `{{{{{missing}}}}}`"
            )));
        }
        match names.iter().find(|name| !KNOWN.contains(name)) {
            Some(name) => Err(Error::invalid_config(format!(
                "the prompt `prompts.review` has `{{{{{name}}}}}`, which nothing fills: {} are known",
                KNOWN.join(", ")
            ))),
            None => Ok(()),
        }
    }

    /// Both texts by their content, in 12 hex digits: which prompts a review was made with.
    pub(crate) fn version(&self) -> String {
        hash(&[&self.system, &self.review], 6)
    }

    /// The review prompt, filled. What is filled in is not looked into for further placeholders.
    pub(crate) fn fill(&self, filling: &Filling<'_>) -> String {
        let fence = fence(filling.diff);
        let mut text =
            String::with_capacity(self.review.len() + filling.checklist.len() + filling.diff.len());
        let mut rest = self.review.as_str();
        while let Some((before, name, after)) = cut(rest) {
            text.push_str(before);
            text.push_str(match name {
                "part" => filling.part,
                "kind" => filling.kind,
                "author" => filling.author,
                "checklist" => filling.checklist,
                "fence" => &fence,
                "diff" => filling.diff.trim_end_matches('\n'),
                _ => "",
            });
            rest = after;
        }
        text + rest
    }

    /// About how long the filled prompts are, without the change itself.
    pub(crate) fn overhead(&self, checklist: &str) -> usize {
        self.system.len() + self.review.len() + checklist.len() + 512
    }
}

/// A word that the text does not have: whoever wrote the text could not know it beforehand, for it follows from all of it.
fn fence(text: &str) -> String {
    let mut salt = 0_u32;
    loop {
        let fence = format!("DIFF-{}", hash(&[text, &salt.to_string()], 12));
        if !text.contains(&fence) {
            return fence;
        }
        salt += 1;
    }
}

fn hash(texts: &[&str], bytes: usize) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text.as_bytes());
        hasher.update([0]);
    }
    hasher
        .finalize()
        .iter()
        .take(bytes)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The first placeholder, with what stands before and after it.
fn cut(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("{{")?;
    let end = start + text[start..].find("}}")?;
    Some((&text[..start], &text[start + 2..end], &text[end + 2..]))
}

fn placeholders(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = cut(rest) {
        names.push(name);
        rest = after;
    }
    names
}

#[cfg(test)]
mod tests {
    use runner_sdk::testing::ScriptedHost;

    use super::*;

    fn built_in() -> Prompt {
        Prompt::read(&ScriptedHost::new(), &Prompts::default(), "v1").unwrap()
    }

    fn filling(diff: &str) -> Filling<'_> {
        Filling {
            part: "1 of 1",
            kind: "feature",
            author: "Claude",
            checklist: "- `dry`: {{fence}}",
            diff,
        }
    }

    #[test]
    fn the_change_is_between_fences_that_it_could_not_know() {
        let diff = "+ {{checklist}}\n+ DIFF-0000\n";
        let text = built_in().fill(&filling(diff));
        let fence = fence(diff);
        let lines: Vec<_> = text.lines().collect();
        let places: Vec<_> = (0..lines.len()).filter(|&at| lines[at] == fence).collect();
        assert_eq!(places.len(), 2);
        assert_eq!(
            lines[places[0] + 1..places[1]],
            ["+ {{checklist}}", "+ DIFF-0000"],
            "what is filled in is not filled again"
        );
        assert!(text.contains("- `dry`: {{fence}}"));
        assert_ne!(fence, super::fence("+ other\n"));
    }

    #[test]
    fn prompts_of_one_s_own_come_from_before_the_change() {
        let prompts = Prompts {
            system: None,
            review: Some("review/prompt.md".into()),
        };
        let host = ScriptedHost::new().git_show(
            "main",
            "review/prompt.md",
            "{{checklist}}\n{{fence}}\n{{diff}}\n{{fence}}",
        );
        let prompt = Prompt::read(&host, &prompts, "main").unwrap();
        assert_ne!(prompt.version(), built_in().version());
        let message = |text: &str| {
            let host = ScriptedHost::new().git_show("main", "review/prompt.md", text);
            let error = Prompt::read(&host, &prompts, "main").err().unwrap();
            error.message().to_owned()
        };
        insta::assert_snapshot!(message("{{checklist}} {{diff}}"), @"the prompt `prompts.review` has no `{{fence}}`");
        insta::assert_snapshot!(message("{{checklist}}{{fence}}{{diff}}{{mood}}"), @"the prompt `prompts.review` has `{{mood}}`, which nothing fills: part, kind, author, checklist, fence, diff are known");
        let host = ScriptedHost::new()
            .git_show("main", "review/prompt.md", "")
            .fails(Error::failed("no file `review/prompt.md` at `main`"));
        insta::assert_snapshot!(Prompt::read(&host, &prompts, "main").err().unwrap().message(),
            @"reading the prompt `review/prompt.md` (it is taken from `main`, so that a change does not choose how it is judged): no file `review/prompt.md` at `main`");
    }
}
