//! One workflow as YAML. What comes from the profile is written as JSON strings, which YAML reads as they are; what comes
//! from outside, such as a branch's name, goes through variables and never into a line of the shell.

use std::fmt::Write as _;

use super::variables::source;
use super::{Deploy, Workflows, set};

/// Pinned by commit, since a tag can be moved. Tag v6.0.2 of <https://github.com/actions/checkout>.
const CHECKOUT: &str = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2";
/// Named, so that it does not change under a release.
const MACHINE: &str = "ubuntu-24.04";

/// What starts a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// Each state of a pull request.
    PullRequest,
    /// A push to the branch.
    Push,
    /// A person.
    Dispatch,
}

/// The one job of a workflow.
pub(super) struct Job<'a> {
    /// The workflow's name.
    pub(super) name: &'static str,
    /// For the page of the run.
    pub(super) title: &'static str,
    pub(super) on: On,
    pub(super) environment: Option<&'a Deploy>,
    pub(super) minutes: u32,
    /// Without `--profile`.
    pub(super) command: String,
    pub(super) secrets: &'a [String],
    pub(super) ssh: bool,
}

/// The whole file.
pub(super) fn workflow(all: &Workflows, job: &Job<'_>) -> String {
    let mut text = String::from(
        "# Written by `runner ci github --write`. Change the profile, not this file: `runner ci github --check` compares them.\n",
    );
    text.push_str(job.note(all));
    let _ = write!(text, "name: {}\n\non:\n{}\n", job.name, job.trigger(all));
    text.push_str("# Nothing, but what a job asks for.\npermissions: {}\n\n");
    text.push_str(&job.concurrency());
    let _ = write!(
        text,
        "\njobs:\n  runner:\n    name: {}\n    runs-on: {MACHINE}\n    timeout-minutes: {}\n",
        job.title, job.minutes
    );
    text.push_str(&job.github_environment());
    text.push_str(job.permissions());
    text.push_str("    steps:\n");
    text.push_str(&job.checkout());
    let _ = write!(
        text,
        "      - name: Install runner\n        run: |\n          {}\n",
        all.install
    );
    if job.ssh {
        text.push_str(SSH);
    }
    text.push_str(&job.run(all));
    text
}

/// `printf` is the shell's own, so the key is in no list of processes.
const SSH: &str = r#"      - name: Let ssh know the machines
        env:
          SSH_KEY: ${{ secrets.RUNNER_SSH_KEY }}
          SSH_KNOWN_HOSTS: ${{ vars.RUNNER_SSH_KNOWN_HOSTS }}
        run: |
          umask 077
          mkdir -p ~/.ssh
          printf '%s\n' "$SSH_KEY" > ~/.ssh/id_ed25519
          printf '%s\n' "$SSH_KNOWN_HOSTS" > ~/.ssh/known_hosts
"#;

impl Job<'_> {
    fn note(&self, all: &Workflows) -> &'static str {
        match (self.on, all.store.is_some()) {
            (On::PullRequest, _) => {
                "# A pull request from a fork has no secrets: its review fails, and says why.\n"
            }
            (On::Dispatch, true) => {
                "# Who may let it begin: the required reviewers of this environment, in the repository's settings.\n"
            }
            (On::Dispatch, false) => {
                "# Who may let it begin: the required reviewers of this environment, in the repository's settings.\n\
                 # Without a shared `store` in the profile this machine knows of no deploy but its own: set one.\n"
            }
            (On::Push, true) => "# A deploy that is cut off goes on with `runner resume`, on any machine.\n",
            (On::Push, false) => {
                "# Without a shared `store` in the profile the journal is gone with this machine: nothing can be resumed.\n"
            }
        }
    }

    fn trigger(&self, all: &Workflows) -> String {
        match self.on {
            On::PullRequest => "  pull_request:\n".to_owned(),
            On::Push => format!("  push:\n    branches: [{}]\n", quoted(&all.branch)),
            On::Dispatch => "  workflow_dispatch:\n    inputs:\n      version:\n        description: \
                             The version; without it, the newest that was good before\n        type: string\n        required: \
                             false\n"
                .to_owned(),
        }
    }

    /// A newer review takes the place of an older one; a deploy is waited for.
    fn concurrency(&self) -> String {
        let (group, cancel) = match self.environment {
            Some(deploy) => (quoted(&format!("runner-{}", deploy.environment)), false),
            None => (
                format!("{}-${{{{ github.event.pull_request.number }}}}", self.name),
                true,
            ),
        };
        format!("concurrency:\n  group: {group}\n  cancel-in-progress: {cancel}\n")
    }

    fn github_environment(&self) -> String {
        let Some(deploy) = self.environment else {
            return String::new();
        };
        let mut text = format!("    environment:\n      name: {}\n", quoted(&deploy.environment));
        if let Some(url) = &deploy.url {
            let _ = writeln!(text, "      url: {}", quoted(url));
        }
        text
    }

    fn permissions(&self) -> &'static str {
        match self.on {
            On::PullRequest => "    permissions:\n      contents: read\n      pull-requests: write\n",
            On::Push | On::Dispatch => "    permissions:\n      contents: read\n",
        }
    }

    /// All commits and tags, since the version comes from them. The credentials do not stay: a deploy pushes nothing.
    fn checkout(&self) -> String {
        // By itself it would be the merge, which nobody has written.
        let head = match self.on {
            On::PullRequest => "          ref: ${{ github.event.pull_request.head.sha }}\n",
            On::Push | On::Dispatch => "",
        };
        format!(
            "      - uses: {CHECKOUT}\n        with:\n{head}          fetch-depth: 0\n          persist-credentials: false\n"
        )
    }

    fn run(&self, all: &Workflows) -> String {
        let mut variables: Vec<_> = match self.on {
            On::PullRequest => vec![
                (
                    "PULL_REQUEST",
                    "${{ github.event.pull_request.number }}".to_owned(),
                ),
                ("BASE", "${{ github.base_ref }}".to_owned()),
            ],
            On::Dispatch => vec![("VERSION", "${{ inputs.version }}".to_owned())],
            On::Push => Vec::new(),
        };
        let secrets = self.secrets.iter().chain(all.store.iter().flatten());
        let secrets = set(secrets.cloned());
        variables.extend(secrets.iter().map(|name| (name.as_str(), source(name))));
        let usual = all.variables.iter().filter(|name| !secrets.contains(name));
        variables.extend(usual.map(|name| (name.as_str(), format!("${{{{ vars.{name} }}}}"))));
        let mut text = format!("      - name: {}\n", self.title);
        if !variables.is_empty() {
            text.push_str("        env:\n");
        }
        for (name, value) in variables {
            let _ = writeln!(text, "          {name}: {value}");
        }
        let profile = all.profile.as_ref().map(|name| format!(" --profile {name}"));
        let command = format!("{}{}", self.command, profile.unwrap_or_default());
        let _ = write!(text, "        run: |\n          {command}\n");
        text
    }
}

/// As a string of JSON; plain where YAML takes the same text for a string without quotes.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b" -_./@".contains(&b);
    let letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = !matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
    );
    if letter && word && !text.ends_with(' ') && text.bytes().all(plain) {
        return text.to_owned();
    }
    serde_json::to_string(text).expect("a string is JSON")
}
