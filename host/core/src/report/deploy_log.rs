//! `deploy-log-{environment}-{timestamp}.md`: what was done in an environment, for whoever looks into it later.

use minijinja::{context, value::Serde};

use super::{
    File,
    facts::{Environment, Facts},
    file_name, templates, time,
};

pub(super) fn file(facts: &Facts, environment: &Environment) -> File {
    let name = file_name(&environment.name);
    File {
        path: format!("deploy-log-{name}-{}.md", time::basic(environment.first)),
        media_type: "text/markdown",
        content: templates::render(
            "deploy-log.md",
            context! { run => Serde(facts), env => Serde(environment) },
        ),
    }
}
