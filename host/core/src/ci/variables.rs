//! The variables that hold what a job must know and nobody else may.

use serde_json::Value;

use super::{CiError, set};
use crate::profile::{Profile, SecretSource};
use crate::secret;

/// Variables of the secrets that these parts of a profile speak of. One that comes from a file or a program needs none.
pub(super) fn of(settings: &Profile, used: &[&Value]) -> Result<Vec<String>, CiError> {
    let mut names = Vec::new();
    used.iter().for_each(|value| spoken_of(value, &mut names));
    let variables = names.iter().filter_map(|name| match settings.secrets.get(name)? {
        SecretSource::Env(variable) => Some(variable.clone()),
        SecretSource::File(_) | SecretSource::Command(_) => None,
    });
    checked(set(variables))
}

/// The same, once all of them can be held by GitHub.
pub(super) fn checked(variables: Vec<String>) -> Result<Vec<String>, CiError> {
    match variables.iter().find(|variable| !is_name(variable)) {
        Some(wrong) => Err(CiError::Variable {
            variable: wrong.clone(),
        }),
        None => Ok(variables),
    }
}

/// Where the value of a variable comes from: the job's own token, or a secret of that name.
pub(super) fn source(variable: &str) -> String {
    match is_token(variable) {
        true => "${{ github.token }}".to_owned(),
        false => format!("${{{{ secrets.{variable} }}}}"),
    }
}

/// Credentials of a store that all machines see: what `object_store` reads for its address.
pub(super) fn of_store(store: &str) -> Option<Vec<String>> {
    let (scheme, _) = store.split_once("://")?;
    let names: &[&str] = match scheme {
        "gs" => &["GOOGLE_SERVICE_ACCOUNT_KEY"],
        "az" | "abfs" | "abfss" => &["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCOUNT_NAME"],
        _ => &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    };
    Some(names.iter().map(|&name| name.to_owned()).collect())
}

fn is_token(variable: &str) -> bool {
    variable == "GITHUB_TOKEN" || variable == "GH_TOKEN"
}

/// GitHub's rule for the names of secrets; a token of its own is none.
fn is_name(variable: &str) -> bool {
    let letters = variable.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let starts = variable.starts_with(|c: char| !c.is_ascii_digit());
    is_token(variable) || letters && starts && !variable.to_ascii_uppercase().starts_with("GITHUB_")
}

fn spoken_of(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text) => names.extend(secret::names(text.as_bytes()).map(str::to_owned)),
        Value::Array(values) => values.iter().for_each(|value| spoken_of(value, names)),
        Value::Object(table) => table.values().for_each(|value| spoken_of(value, names)),
        _ => {}
    }
}
