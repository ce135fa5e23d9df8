//! What the profile says: who reviews whom, by what, and for how much.

mod check;
mod defaults;

use std::collections::BTreeMap;

use runner_sdk::{Duration, Severity};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::author::{Author, Family};
use crate::checklist::Checklist;
use crate::kind::Kind;
use crate::price::Price;

/// Language models review the change.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// What the change is compared with: their last common commit. Default: the last tag before `head`.
    pub(crate) base: Option<String>,
    /// The newest commit of the change. Default: the release's, or what is checked out where there is no release yet.
    pub(crate) head: Option<String>,
    /// Globs of files that are not reviewed. One without `/` is meant in every folder.
    #[serde(default = "defaults::excluded")]
    pub(crate) exclude: Vec<String>,
    /// Who reviews, by who wrote the change and what kind it is.
    pub(crate) reviewers: Reviewers,
    /// The models, by the names that their makers give them.
    pub(crate) models: BTreeMap<String, Model>,
    /// Anthropic's Messages API.
    pub(crate) anthropic: Option<Anthropic>,
    /// OpenAI's API, or one that speaks like it.
    pub(crate) openai: Option<OpenAi>,
    /// What the change is judged by.
    pub(crate) checklist: Checklist,
    /// Severities that block.
    #[serde(default = "defaults::critical")]
    pub(crate) blocking: Vec<Level>,
    /// Words in a `Co-Authored-By:` trailer by which a model is known, whatever their case.
    #[serde(default)]
    pub(crate) authors: AuthorWords,
    /// Globs by which the kind of a change is known.
    #[serde(default)]
    pub(crate) kinds: KindGlobs,
    /// Globs of files where what looks like a secret is none, e.g. the fixtures of a test. It is not sent all the same.
    #[serde(default)]
    pub(crate) secrets_allowed_in: Vec<String>,
    /// Prompts of one's own.
    #[serde(default)]
    pub(crate) prompts: Prompts,
    /// What reviews may cost. Without it they may cost anything.
    pub(crate) budget: Option<Budget>,
    /// The file with a line for what each call costs, as `runner costs` reads it; relative to the workspace, or absolute.
    #[serde(default = "defaults::ledger")]
    #[schemars(length(min = 1))]
    pub(crate) ledger: String,
    /// Where the review is posted.
    pub(crate) github: Option<GitHub>,
    /// The pull request that it is posted at, by its number; without it nothing is posted. CI says it:
    /// `--set gate.NAME.config.pull-request=12`.
    #[schemars(range(min = 1))]
    pub(crate) pull_request: Option<u32>,
    /// How long a model may take for an answer.
    #[serde(default = "defaults::five_minutes")]
    pub(crate) timeout: Duration,
}

/// Who reviews. A change that several wrote is reviewed by all that one of them alone would have.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Reviewers {
    /// What Claude wrote; none of these may be of Claude's family.
    claude: ByKind,
    /// What OpenAI's models wrote; none of these may be of their family.
    openai: ByKind,
    /// What people wrote without either.
    person: ByKind,
}

/// Models by kind of change, each a key of `models`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ByKind {
    /// Kinds that are not named here.
    default: Vec<String>,
    architecture: Option<Vec<String>>,
    bug_fix: Option<Vec<String>>,
    feature: Option<Vec<String>>,
    refactoring: Option<Vec<String>>,
    security: Option<Vec<String>>,
    tests: Option<Vec<String>>,
    docs: Option<Vec<String>>,
}

/// A model.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Model {
    /// Whose API it is asked through.
    pub(crate) provider: Provider,
    /// Who made it, where that is not whose API it is.
    pub(crate) family: Option<Family>,
    /// How much it reads and writes at most, in tokens.
    #[schemars(range(min = 4096))]
    pub(crate) context_tokens: u32,
    /// How much it may write, in tokens, thinking included.
    #[serde(default = "defaults::eight_thousand")]
    #[schemars(range(min = 256))]
    pub(crate) max_output_tokens: u32,
    /// Without it the cost is unknown, and no budget can be kept.
    pub(crate) price: Option<Price>,
}

/// Whose API a model is asked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Provider {
    Anthropic,
    Openai,
}

/// Anthropic's Messages API.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Anthropic {
    /// The key, as `{{secret:NAME}}`.
    pub(crate) key: String,
    /// Where it is.
    #[serde(default = "defaults::anthropic_url")]
    pub(crate) url: String,
}

/// OpenAI's API, or one that speaks like it.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct OpenAi {
    /// The key, as `{{secret:NAME}}`.
    pub(crate) key: String,
    /// Where it is.
    #[serde(default = "defaults::openai_url")]
    pub(crate) url: String,
    /// How it is spoken to.
    #[serde(default)]
    pub(crate) api: OpenAiApi,
}

/// How OpenAI's API is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OpenAiApi {
    /// `/v1/responses`.
    #[default]
    Responses,
    /// `/v1/chat/completions`, which most others speak as well.
    Chat,
}

/// A severity, as the profile and the models write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// Words by which a model is known.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct AuthorWords {
    pub(crate) claude: Vec<String>,
    pub(crate) openai: Vec<String>,
}

/// Globs by which a kind is known; one without `/` is meant in every folder.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct KindGlobs {
    /// One such file makes it a change of security.
    pub(crate) security: Vec<String>,
    /// One such file makes it a change of architecture.
    pub(crate) architecture: Vec<String>,
    /// Only such files, and documents, are a change of tests.
    pub(crate) tests: Vec<String>,
    /// Only such files are a change of documents.
    pub(crate) docs: Vec<String>,
}

/// Files of the repository that replace the built-in prompts. They are read as they are at `base`: a change does not choose
/// how it is judged.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Prompts {
    /// What the model is told about its task.
    pub(crate) system: Option<String>,
    /// What goes around the change; has `{{part}}`, `{{kind}}`, `{{author}}`, `{{checklist}}`, `{{fence}}` and `{{diff}}`.
    pub(crate) review: Option<String>,
}

/// What reviews may cost, in US dollars.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Budget {
    /// All that the ledger has of a month (UTC).
    #[schemars(range(min = 0.0))]
    pub(crate) per_month: f64,
    /// One review.
    #[schemars(range(min = 0.0))]
    pub(crate) per_review: Option<f64>,
}

/// Where the review is posted.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct GitHub {
    /// `owner/name`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$"))]
    pub(crate) repository: String,
    /// The token, as `{{secret:NAME}}`: it may write pull requests.
    pub(crate) token: String,
    /// Where its API is.
    #[serde(default = "defaults::github_url")]
    pub(crate) url: String,
}

impl Level {
    /// The contract's word.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        }
    }

    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Model {
    /// Who made it.
    fn family(&self) -> Family {
        self.family.unwrap_or(match self.provider {
            Provider::Anthropic => Family::Claude,
            Provider::Openai => Family::Openai,
        })
    }
}

impl ByKind {
    fn of(&self, kind: Kind) -> &[String] {
        let own = match kind {
            Kind::Architecture => &self.architecture,
            Kind::BugFix => &self.bug_fix,
            Kind::Feature => &self.feature,
            Kind::Refactoring => &self.refactoring,
            Kind::Security => &self.security,
            Kind::Tests => &self.tests,
            Kind::Docs => &self.docs,
        };
        own.as_ref().unwrap_or(&self.default)
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        let kinds = Kind::ALL.into_iter().flat_map(|kind| self.of(kind));
        self.default.iter().chain(kinds)
    }
}

impl Reviewers {
    fn by(&self, author: Author) -> &ByKind {
        match author {
            Author::Claude => &self.claude,
            Author::Openai => &self.openai,
            Author::Person => &self.person,
        }
    }
}

impl Config {
    /// The models that review what these wrote, each once.
    pub(crate) fn reviewers(&self, authors: &[Author], kind: Kind) -> Vec<(&str, &Model)> {
        let mut chosen: Vec<(&str, &Model)> = Vec::new();
        for name in authors
            .iter()
            .flat_map(|&author| self.reviewers.by(author).of(kind))
        {
            if let Some((name, model)) = self.models.get_key_value(name)
                && !chosen.iter().any(|(there, _)| there == name)
            {
                chosen.push((name, model));
            }
        }
        chosen
    }
}
