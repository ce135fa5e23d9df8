//! The workflows of GitHub Actions for a profile: what `runner ci github` writes. Each has one job, which installs `runner`
//! and runs one command of it; all that a release is stays in the profile.
//!
//! Syntax: <https://docs.github.com/en/actions/reference/workflow-syntax-for-github-actions>.

mod variables;
mod workflow;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::profile::{Environment, Profile};

use workflow::{Job, On, workflow};

/// The plugin whose gates review a pull request.
const REVIEWER: &str = "ai-review";

/// What the workflows are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflows {
    /// The built-in profile that the commands name; none where `runner.toml` says all.
    pub profile: Option<String>,
    /// The shell line that installs `runner`.
    pub install: String,
    /// What is pushed to this branch goes to the first environment.
    pub branch: String,
    /// None where the gate has no review.
    pub review: Option<Review>,
    /// The environment that a push deploys.
    pub first: Deploy,
    /// The environment that a person deploys.
    pub last: Deploy,
    /// Whether machines are reached over SSH.
    pub ssh: bool,
    /// Variables that are no secrets.
    pub variables: Vec<String>,
    /// Variables with the credentials of the store that all machines see; none where there is no such store.
    pub store: Option<Vec<String>>,
}

/// The review of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Names of the gate's reviews.
    pub checks: Vec<String>,
    /// Variables that hold secrets.
    pub secrets: Vec<String>,
}

/// A deploy of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// Its name, in the profile and at GitHub.
    pub environment: String,
    /// Where it answers.
    pub url: Option<String>,
    /// Variables that hold secrets.
    pub secrets: Vec<String>,
    /// Whether `runner` itself waits for a person.
    pub approval: bool,
}

/// One file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Below the repository's root.
    pub path: &'static str,
    /// Its content, YAML.
    pub text: String,
}

/// A profile that no workflow can be made for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CiError {
    /// A machine of GitHub has no `runner`.
    #[error("the profile does not say how a job gets `runner`")]
    NoInstall,
    /// A line of a workflow cannot hold it.
    #[error("`ci.install` is more than one line")]
    ManyLines,
    /// Staging and production are two.
    #[error(
        "`release.environments` names {0}, and the workflows deploy two: the first on a push, the last by hand"
    )]
    Environments(usize),
    /// GitHub's rule: letters, digits and `_`, no digit first, not `GITHUB_`.
    #[error("`{variable}` cannot be the name of a secret or a variable at GitHub")]
    Variable {
        /// Its name.
        variable: String,
    },
}

impl CiError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::NoInstall | Self::ManyLines => {
                "add to runner.toml: ci.install = \"cargo install --locked --git URL --tag TAG runner-cli\""
                    .to_owned()
            }
            Self::Environments(_) => "release.environments = [\"staging\", \"production\"]".to_owned(),
            Self::Variable { variable } => {
                format!(
                    "use another name than `{variable}` in [secrets] and [ci]: letters, digits and `_`, not `GITHUB_...`"
                )
            }
        }
    }
}

impl Workflows {
    /// What a profile says; `profile` is the built-in one below it.
    ///
    /// # Errors
    /// The first thing that stands in the way.
    pub fn of(settings: &Profile, profile: Option<&str>) -> Result<Self, CiError> {
        let install = settings.ci.install.as_deref().map(str::trim).unwrap_or_default();
        if install.is_empty() {
            return Err(CiError::NoInstall);
        }
        if install.contains('\n') {
            return Err(CiError::ManyLines);
        }
        let (first, last) = match settings.release.environments.as_slice() {
            [first, .., last] => (first, last),
            few => return Err(CiError::Environments(few.len())),
        };
        let tree = serde_json::to_value(settings).expect("a profile is JSON");
        let deploy = |name: &str| -> Result<Deploy, CiError> {
            let environment = settings.environments.get(name);
            Ok(Deploy {
                environment: name.to_owned(),
                url: environment.and_then(|environment| environment.url.clone()),
                secrets: variables::of(settings, &used_by_deploy(&tree, name, environment))?,
                approval: environment.is_some_and(|environment| environment.approval.is_some()),
            })
        };
        Ok(Self {
            profile: profile.map(str::to_owned),
            install: install.to_owned(),
            branch: settings.ci.branch.clone(),
            review: review(settings, &tree)?,
            first: deploy(first)?,
            last: deploy(last)?,
            ssh: has_ssh(&tree),
            variables: variables::checked(set(settings.ci.variables.iter().cloned()))?,
            store: settings.store.as_deref().and_then(variables::of_store),
        })
    }

    /// The files, in the order of the process.
    pub fn files(&self) -> Vec<File> {
        let review = self.review.as_ref().map(|review| File {
            path: ".github/workflows/ai-code-review.yml",
            text: workflow(self, &self.review_job(review)),
        });
        let deploys = [
            File {
                path: ".github/workflows/deploy-staging.yml",
                text: workflow(self, &self.deploy_job(&self.first, On::Push)),
            },
            File {
                path: ".github/workflows/deploy-prod.yml",
                text: workflow(self, &self.deploy_job(&self.last, On::Dispatch)),
            },
        ];
        review.into_iter().chain(deploys).collect()
    }

    fn review_job<'a>(&'a self, review: &'a Review) -> Job<'a> {
        // What the pull request adds to the branch that it is meant for, and no more.
        let set = |name: &String| {
            let config = format!("--set gate.{name}.config");
            format!(" {config}.pull-request=\"$PULL_REQUEST\" {config}.base=\"origin/$BASE\"")
        };
        let settings: String = review.checks.iter().map(set).collect();
        Job {
            name: "ai-code-review",
            title: "Review",
            on: On::PullRequest,
            environment: None,
            minutes: 30,
            command: format!("runner quality-gate {}{settings}", review.checks.join(" ")),
            secrets: &review.secrets,
            ssh: false,
        }
    }

    fn deploy_job<'a>(&'a self, deploy: &'a Deploy, on: On) -> Job<'a> {
        let environment = &deploy.environment;
        let (name, version) = match on {
            On::Dispatch => ("deploy-prod", " ${VERSION:+--version \"$VERSION\"}"),
            _ => ("deploy-staging", ""),
        };
        Job {
            name,
            title: "Deploy",
            on,
            environment: Some(deploy),
            // The longest that GitHub lets a job take, where it waits for a person.
            minutes: if deploy.approval { 360 } else { 120 },
            command: format!("runner deploy {environment}{version}"),
            secrets: &deploy.secrets,
            ssh: self.ssh,
        }
    }
}

fn review(settings: &Profile, tree: &Value) -> Result<Option<Review>, CiError> {
    let reviews = |name: &&String| settings.gate[*name].plugin == REVIEWER;
    let checks: Vec<_> = settings.gate.keys().filter(reviews).cloned().collect();
    if checks.is_empty() {
        return Ok(None);
    }
    let used: Vec<_> = checks
        .iter()
        .filter_map(|name| tree["gate"].get(name.as_str()))
        .collect();
    Ok(Some(Review {
        secrets: variables::of(settings, &used)?,
        checks,
    }))
}

/// The parts of the profile that a deploy of an environment uses.
fn used_by_deploy<'t>(tree: &'t Value, name: &str, environment: Option<&Environment>) -> Vec<&'t Value> {
    let mut used = vec![
        &tree["environments"][name],
        &tree["metrics"],
        &tree["notify"],
        &tree["machines"],
    ];
    let gate = environment.and_then(|environment| environment.gate.as_ref());
    match gate {
        Some(names) => used.extend(names.iter().filter_map(|name| tree["gate"].get(name))),
        None => used.push(&tree["gate"]),
    }
    if let Some(environment) = environment {
        used.extend(
            environment
                .before
                .iter()
                .filter_map(|name| tree["gate"].get(name)),
        );
        used.extend(
            environment
                .smoke
                .iter()
                .filter_map(|name| tree["smoke"].get(name)),
        );
        used.extend(
            environment
                .backup
                .iter()
                .filter_map(|name| tree["backup"].get(name)),
        );
    }
    used
}

/// Whether a machine of the profile has the key `ssh`.
fn has_ssh(tree: &Value) -> bool {
    let machines = tree.get("machines").and_then(Value::as_object);
    machines.is_some_and(|machines| {
        machines
            .values()
            .any(|machine| machine.get("ssh").is_some_and(Value::is_string))
    })
}

/// Sorted, each once.
fn set(names: impl IntoIterator<Item = String>) -> Vec<String> {
    names.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests;
