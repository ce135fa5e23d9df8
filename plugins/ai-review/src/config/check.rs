//! What the schema of the config cannot say.

use runner_sdk::Error;

use super::{Config, Model, Provider};
use crate::author::{Author, Family};

impl Config {
    /// What the schema cannot say: names that lead somewhere, nobody who judges their own work, secrets that are names.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (author, own) in [
            (Author::Claude, Some(Family::Claude)),
            (Author::Openai, Some(Family::Openai)),
            (Author::Person, None),
        ] {
            for name in self.reviewers.by(author).all() {
                let table = author.word();
                let Some(model) = self.models.get(name) else {
                    return invalid(format!(
                        "`reviewers.{table}` names the model `{name}`, and there is no [models.\"{name}\"]"
                    ));
                };
                if own == Some(model.family()) {
                    return invalid(format!(
                        "`reviewers.{table}` names `{name}`, which is of the family that wrote the change: name a model of another"
                    ));
                }
            }
        }
        self.models
            .iter()
            .try_for_each(|(name, model)| self.check_model(name, model))?;
        let keys = [
            ("anthropic.key", self.anthropic.as_ref().map(|api| &api.key)),
            ("openai.key", self.openai.as_ref().map(|api| &api.key)),
            ("github.token", self.github.as_ref().map(|github| &github.token)),
        ];
        for (path, key) in keys {
            if key.is_some_and(|key| !is_secret(key)) {
                return invalid(format!(
                    "`{path}` is not `{{{{secret:NAME}}}}`: put it into [secrets], and its name here"
                ));
            }
        }
        if self.pull_request.is_some() && self.github.is_none() {
            return invalid("`pull-request` is set, and `github` does not say where it is".to_owned());
        }
        self.checklist.check().or_else(invalid)
    }

    fn check_model(&self, name: &str, model: &Model) -> Result<(), Error> {
        let (there, table) = match model.provider {
            Provider::Anthropic => (self.anthropic.is_some(), "anthropic"),
            Provider::Openai => (self.openai.is_some(), "openai"),
        };
        if !there {
            return invalid(format!(
                "the model `{name}` is asked through `{table}`, and there is no such table with a key"
            ));
        }
        if model.max_output_tokens >= model.context_tokens {
            return invalid(format!(
                "the model `{name}` may write all that it can hold: `max-output-tokens` must be less than `context-tokens`"
            ));
        }
        match (&model.price, self.budget) {
            (None, Some(_)) => invalid(format!(
                "the model `{name}` has no `price`, so no budget can be kept: add it, or remove `budget`"
            )),
            (Some(price), _) if !price.is_sane() => {
                invalid(format!("a price of the model `{name}` is below zero"))
            }
            _ => Ok(()),
        }
    }
}

fn invalid<T>(message: String) -> Result<T, Error> {
    Err(Error::InvalidConfig(message))
}

/// Whether a text is exactly one secret's name.
fn is_secret(text: &str) -> bool {
    text.strip_prefix("{{secret:")
        .and_then(|rest| rest.strip_suffix("}}"))
        .is_some_and(|name| !name.is_empty() && !name.contains(['{', '}']))
}
