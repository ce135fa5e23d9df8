//! One review at the pull request: made by the first run, and the same one changed by each later run.
//!
//! GitHub takes comments on lines only together with a new review. So a later run changes the text, which names every finding,
//! and removes the comments of what is not found any more; what is new stands in the text alone.

use runner_sdk::{Error, Host, Request, Response, retry};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::config::GitHub;
use crate::model::harmless;
use crate::noted::Noted;
use crate::sheet;

/// The review is known again by this start of its text; nobody sees it.
const MARKER: &str = "<!-- runner:ai-review -->";
/// GitHub takes 65,536 characters.
const LONGEST: usize = 60_000;
const PAGE: usize = 100;
const PAGES: usize = 20;
const TRIES: u32 = 3;
/// The longest pause before a review is posted again.
const LONGEST_PAUSE_MS: u64 = 60_000;

/// A pull request.
pub(crate) struct PullRequest<'a, H> {
    host: &'a H,
    github: &'a GitHub,
    /// E.g. `https://api.github.com/repos/o/n/pulls/12`.
    url: String,
}

/// What is posted.
pub(crate) struct Post<'a> {
    pub(crate) markdown: &'a str,
    /// Full id of the commit that was reviewed.
    pub(crate) commit: &'a str,
    pub(crate) notes: &'a [Noted],
}

#[derive(Deserialize)]
struct Review {
    id: u64,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    body: Option<String>,
}

impl<'a, H: Host> PullRequest<'a, H> {
    pub(crate) fn new(host: &'a H, github: &'a GitHub, number: u32) -> Self {
        let url = format!(
            "{}/repos/{}/pulls/{number}",
            github.url.trim_end_matches('/'),
            github.repository
        );
        Self { host, github, url }
    }

    /// Makes the review, or brings the one that is there up to date.
    pub(crate) fn post(&self, post: &Post<'_>) -> Result<(), Error> {
        let body = body(post.markdown);
        if let Some(id) = self.find()?
            && self.update(id, &body, post)?
        {
            return Ok(());
        }
        self.create(&body, post)
    }

    /// The newest review of ours.
    fn find(&self) -> Result<Option<u64>, Error> {
        let reviews: Vec<Review> = self.all(&format!("{}/reviews", self.url), "reading the reviews")?;
        let ours = |review: &&Review| {
            review
                .body
                .as_deref()
                .is_some_and(|body| body.starts_with(MARKER))
        };
        Ok(reviews.iter().rev().find(ours).map(|review| review.id))
    }

    /// False where it is not ours after all: somebody may have written the marker.
    fn update(&self, id: u64, body: &str, post: &Post<'_>) -> Result<bool, Error> {
        let url = format!("{}/reviews/{id}", self.url);
        let request = self.with(Request::put(&url).body(harmless(&json!({ "body": body }))));
        let response = self.send(&request, "changing the review")?;
        if matches!(response.status, 403 | 404 | 422) {
            return Ok(false);
        }
        success(response, "changing the review")?;
        let comments: Vec<Comment> = self.all(&format!("{url}/comments"), "reading the review's comments")?;
        let found: Vec<String> = post.notes.iter().map(key).collect();
        for comment in comments {
            let text = comment.body.unwrap_or_default();
            let Some((_, key)) = text.rsplit_once("<!-- runner:ai-review ") else {
                continue;
            };
            let key = key.trim_end().trim_end_matches(" -->");
            if !found.iter().any(|found| found == key) {
                let pulls = self
                    .url
                    .rsplit_once('/')
                    .map_or(self.url.as_str(), |(pulls, _)| pulls);
                let request = self.with(Request::delete(format!("{pulls}/comments/{}", comment.id)));
                let response = self.send(&request, "removing a comment")?;
                if response.status != 404 {
                    success(response, "removing a comment")?;
                }
            }
        }
        Ok(true)
    }

    /// A new review. One line that GitHub does not know refuses all of it: then without comments, for the text has them all.
    fn create(&self, body: &str, post: &Post<'_>) -> Result<(), Error> {
        let what = "posting the review";
        let mut content = json!({ "commit_id": post.commit, "event": "COMMENT", "body": body, "comments": comments(post.notes) });
        let mut last = Error::failed(what);
        for pause in [1000, 4000, 0] {
            let request = self.with(Request::post(format!("{}/reviews", self.url)).body(harmless(&content)));
            match self.host.send(&request) {
                Ok(response) if response.success() => return Ok(()),
                Ok(response) if response.status == 422 && content.get("comments").is_some() => {
                    content = json!({ "event": "COMMENT", "body": body });
                    continue;
                }
                Ok(response) => match success(response, what) {
                    Err(error @ Error::Transient(_)) => last = error,
                    Err(error) => return Err(error),
                    Ok(_) => return Ok(()),
                },
                Err(error @ (Error::Interrupted(_) | Error::Transient(_))) => last = error,
                Err(error) => return Err(error),
            }
            let asked = match &last {
                Error::Transient(again) if pause > 0 => again.after_ms,
                _ => None,
            };
            // It may be there all the same.
            self.host.sleep(asked.unwrap_or(pause).min(LONGEST_PAUSE_MS));
            if self.find()?.is_some() {
                return Ok(());
            }
        }
        Err(last)
    }

    fn all<T: serde::de::DeserializeOwned>(&self, url: &str, what: &str) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let request = self.with(Request::get(format!("{url}?per_page={PAGE}&page={page}")));
            let response = success(self.send(&request, what)?, what)?;
            let some: Vec<T> = response.json(what)?;
            let last = some.len() < PAGE;
            all.extend(some);
            if last {
                break;
            }
        }
        Ok(all)
    }

    /// Sends what may be sent twice.
    fn send(&self, request: &Request, what: &str) -> Result<Response, Error> {
        retry(self.host, TRIES, || {
            let response = self.host.send(request)?;
            match response.status {
                429 | 500.. => success(response, what),
                403 if limit(&response).is_some() => success(response, what),
                _ => Ok(response),
            }
        })
    }

    fn with(&self, request: Request) -> Request {
        request
            .header("Authorization", format!("Bearer {}", self.github.token))
            .header("Accept", "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .header("User-Agent", "runner")
            .header("Content-Type", "application/json")
    }
}

/// Which of its limits GitHub refuses by, where it is one: it answers them with 403, as it does what a token may not do.
enum Limit {
    /// Too much at once; milliseconds until it may be tried again.
    Pause(u64),
    /// The token's requests of this hour.
    UsedUp,
}

fn limit(response: &Response) -> Option<Limit> {
    let seconds = response
        .header("retry-after")
        .and_then(|text| text.trim().parse::<u64>().ok());
    match (seconds, response.header("x-ratelimit-remaining")) {
        (Some(seconds), _) => Some(Limit::Pause(seconds.saturating_mul(1000))),
        (None, Some("0")) => Some(Limit::UsedUp),
        (None, _) => None,
    }
}

fn success(response: Response, what: &str) -> Result<Response, Error> {
    let limit = limit(&response).filter(|_| response.status == 403);
    let hint = match response.status {
        _ if matches!(limit, Some(Limit::UsedUp)) => "; the token's requests of this hour are used up",
        401 => "; the token is wrong or has expired",
        403 | 404 => {
            "; check `github.repository` and `pull-request`, and that the token may write pull requests"
        }
        _ => "",
    };
    response
        .require_success(what)
        .map_err(|error| match (error, limit) {
            (Error::Failed(message), Some(Limit::Pause(pause))) => Error::transient_after(message, pause),
            (Error::Failed(message), _) => Error::Failed(message + hint),
            (other, _) => other,
        })
}

fn body(markdown: &str) -> String {
    let text: String = markdown.chars().take(LONGEST).collect();
    let cut = match text.len() < markdown.len() {
        true => "\n\nCut here: the run's report has all of it.\n",
        false => "",
    };
    format!("{MARKER}\n{text}{cut}")
}

/// Comments on the lines that the change shows.
fn comments(notes: &[Noted]) -> Vec<Value> {
    let comment = |noted: &Noted| {
        let (path, line) = (noted.path.as_ref()?, noted.line?);
        let body = format!("{}\n<!-- runner:ai-review {} -->", sheet::item(noted), key(noted));
        Some(json!({ "path": path, "line": line, "side": "RIGHT", "body": body }))
    };
    notes.iter().filter_map(comment).collect()
}

/// What a finding is known by again, although lines move and models choose other words: its file and its item.
fn key(noted: &Noted) -> String {
    let text = format!("{}\0{}", noted.path.as_deref().unwrap_or_default(), noted.item);
    let hash = Sha256::digest(text);
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
