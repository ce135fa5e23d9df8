//! What the profile says: the items, and who answers those that no machine can check.

use runner_sdk::{Duration, Error};
use schemars::JsonSchema;
use serde::Deserialize;

/// How many items a checklist may have: the manifest wants the command of each by its place.
const MOST: usize = 40;

/// A go/no-go checklist.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The items.
    #[schemars(length(min = 1, max = 40))]
    pub(crate) items: Vec<Item>,
    /// Names of those who may answer what an item does not say otherwise; anyone when empty.
    #[serde(default)]
    pub(crate) people: Vec<String>,
}

/// One item. With one of `run`, `committed`, `not-committed` and `no-merge-markers` a machine checks it; `because` says why it
/// is so in every release that comes here; with none a person answers it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Item {
    /// Unique; answers name it: `runner approve --question prod/gate/go-no-go/ID --choice yes`.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9-]*$"))]
    pub(crate) id: String,
    pub(crate) group: Group,
    /// What must be so, e.g. `The regression tests are done`.
    #[schemars(length(min = 1))]
    pub(crate) text: String,
    /// Names of those who may answer; default: `people`.
    pub(crate) people: Option<Vec<String>>,
    /// It is so when this command ends with one of `exit`.
    pub(crate) run: Option<Vec<String>>,
    /// Working folder of `run`, relative to the workspace.
    pub(crate) cwd: Option<String>,
    /// How long `run` may take.
    pub(crate) timeout: Option<Duration>,
    /// Exit codes of `run` that say yes; default: 0.
    pub(crate) exit: Option<Vec<i32>>,
    /// It is so when git tracks a file that matches this glob; one without `/` is meant in every folder.
    pub(crate) committed: Option<String>,
    /// It is so when git tracks none.
    pub(crate) not_committed: Option<String>,
    /// It is so when no tracked file has merge markers.
    #[serde(default)]
    pub(crate) no_merge_markers: bool,
    /// It is so by the order of the release, e.g. `a failed test ends it before`. The sheet says that nobody looked.
    #[schemars(length(min = 1))]
    pub(crate) because: Option<String>,
}

/// What an item is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Group {
    Code,
    Staging,
    Production,
    Communication,
}

impl Group {
    pub(crate) const ALL: [Self; 4] = [Self::Code, Self::Staging, Self::Production, Self::Communication];

    /// For people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Code => "Code",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Communication => "Communication",
        }
    }
}

/// Who finds out, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Way<'a> {
    Run(&'a [String]),
    Committed(&'a str),
    NotCommitted(&'a str),
    NoMergeMarkers,
    Because(&'a str),
    Person,
}

impl Item {
    /// How it is found out. [`Config::check`] has seen that there is one way only.
    pub(crate) fn way(&self) -> Way<'_> {
        if let Some(run) = &self.run {
            Way::Run(run)
        } else if let Some(glob) = &self.committed {
            Way::Committed(glob)
        } else if let Some(glob) = &self.not_committed {
            Way::NotCommitted(glob)
        } else if self.no_merge_markers {
            Way::NoMergeMarkers
        } else if let Some(why) = &self.because {
            Way::Because(why)
        } else {
            Way::Person
        }
    }

    fn ways(&self) -> usize {
        [
            self.run.is_some(),
            self.committed.is_some(),
            self.not_committed.is_some(),
            self.no_merge_markers,
            self.because.is_some(),
        ]
        .into_iter()
        .filter(|&there| there)
        .count()
    }
}

impl Config {
    /// What the schema cannot say.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.items.is_empty() || self.items.len() > MOST {
            return Err(Error::InvalidConfig(format!(
                "`items` has {} items: a checklist has 1 to {MOST}",
                self.items.len()
            )));
        }
        for (place, item) in self.items.iter().enumerate() {
            let id = &item.id;
            let wrong = |what: &str| Err(Error::InvalidConfig(format!("the item `{id}` {what}")));
            if self.items[..place].iter().any(|other| other.id == *id) {
                return wrong("is there twice");
            }
            if item.ways() > 1 {
                return wrong(
                    "has several of `run`, `committed`, `not-committed`, `no-merge-markers` and `because`: write an item for each",
                );
            }
            if item.run.as_ref().is_some_and(Vec::is_empty) {
                return wrong("has a `run` without a program");
            }
            let of_run = item.cwd.is_some() || item.timeout.is_some() || item.exit.is_some();
            if of_run && item.run.is_none() {
                return wrong("has `cwd`, `timeout` or `exit` without a `run`");
            }
            if item.people.is_some() && item.way() != Way::Person {
                return wrong("has `people`, and nobody is asked about it");
            }
        }
        Ok(())
    }
}
