//! Notifier `acme-wiki`: publishes the notes of a release as a page of Acme's wiki.
//!
//! The wiki's API, as far as it is needed: `PUT {url}/pages/{name}` with `{"title", "markdown", "labels"}` makes the page or
//! replaces it, and answers `{"url"}`, where people read it.

use runner_sdk::notifier::{Event, Notes};
use runner_sdk::{Context, Error, Host, Notifier, Request, Response, retry, wording};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How often a page is tried to be put.
const TRIES: u32 = 3;

/// Publishes the notes of a release as a page of Acme's wiki.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The wiki's API, without a slash at its end, e.g. `https://wiki.acme.example/api`.
    #[schemars(regex(pattern = r"^https?://.*[^/]$"))]
    url: String,
    /// The token of the wiki's robot, as `{{secret:NAME}}`: the host fills it in, it is never seen here.
    #[schemars(regex(pattern = r"^\{\{secret:[^{}]+\}\}$"))]
    token: String,
    /// Labels of the page.
    #[serde(default)]
    labels: Vec<String>,
}

/// A page as the wiki takes it.
#[derive(Serialize)]
struct Page<'a> {
    title: String,
    markdown: &'a str,
    labels: &'a [String],
}

/// What the wiki answers.
#[derive(Deserialize)]
struct Published {
    url: String,
}

/// The notifier.
pub struct AcmeWiki;

impl Notifier for AcmeWiki {
    type Config = Config;

    fn notify(host: &impl Host, context: &Context<Config>, event: &Event) -> Result<Option<String>, Error> {
        match event {
            Event::Released(notes) => publish(host, context, notes),
            // A wiki is for what lasts; a chat tells the rest.
            _ => Ok(None),
        }
    }
}

fn publish(host: &impl Host, context: &Context<Config>, notes: &Notes) -> Result<Option<String>, Error> {
    let config = &context.config;
    let page = Page {
        title: format!("{} {}", context.project, wording::tagged(context, &notes.version)),
        markdown: notes.markdown.trim(),
        labels: &config.labels,
    };
    // The version is the page's name, so putting it twice leaves one page: `put` is idempotent, and done again where a
    // crash leaves open whether it arrived.
    let request = Request::put(format!("{}/pages/{}", config.url, notes.version))
        .header("Authorization", format!("Bearer {}", config.token))
        .json(&page)
        .foresee(200);
    let response = retry(host, TRIES, || {
        host.send(&request)?.require_success("publishing the page")
    })?;
    Ok(place(&response))
}

/// Where people read the page. One that is published but not said where is published all the same.
fn place(response: &Response) -> Option<String> {
    response
        .json("the wiki")
        .ok()
        .map(|published: Published| published.url)
}

runner_sdk::export! { notifier: AcmeWiki }

#[cfg(test)]
mod tests;
