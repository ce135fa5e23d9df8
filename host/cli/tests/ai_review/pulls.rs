//! A stand-in for the reviews of GitHub's pull requests: it keeps reviews and their comments, gives pages, and refuses what
//! GitHub refuses. Facts: docs.github.com/rest (pulls/reviews, pulls/comments, best practices, rate limits).

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::server::{Received, Reply, serve};

/// May write pull requests, in the name of [`LOGIN`].
pub(super) const TOKEN: &str = "ghs_of_the_stand_in";
const LOGIN: &str = "review-bot";
/// The only pull request, of the only repository.
pub(super) const NUMBER: u32 = 12;
const PULLS: &str = "/repos/shop/shop/pulls/";

/// A review, as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) login: String,
    pub(super) body: String,
    pub(super) commit: Option<String>,
}

/// A comment on a line.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) review: u64,
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) body: String,
}

/// Why the next request is not answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    /// Too much at once: 403 and so many seconds.
    Secondary(u32),
    /// The hour's requests are used up: 403 until a time.
    UsedUp,
    /// The token may only read.
    Forbidden,
    /// A server fell over, after it did what was asked.
    DoneAnd502,
}

/// What is known behind the API.
#[derive(Default)]
pub(super) struct State {
    pub(super) reviews: Vec<Review>,
    pub(super) comments: Vec<Comment>,
    /// The lines of the pull request that can be commented on.
    diff: BTreeMap<String, RangeInclusive<u32>>,
    head: String,
    next: VecDeque<(&'static str, Refusal)>,
    /// Method and path of each request, with what it was answered.
    pub(super) log: Vec<String>,
}

/// The stand-in.
#[derive(Clone, Default)]
pub(super) struct Pulls(Arc<Mutex<State>>);

impl Pulls {
    pub(super) fn start() -> (Self, String) {
        let pulls = Self::default();
        let serving = pulls.clone();
        let url = serve(move |received| serving.answer(received));
        (pulls, url)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics here")
    }

    /// The pull request has this commit as its newest, and these lines.
    pub(super) fn pushed(&self, head: &str, path: &str, lines: RangeInclusive<u32>) {
        let mut state = self.state();
        head.trim().clone_into(&mut state.head);
        state.diff = BTreeMap::from([(path.to_owned(), lines)]);
    }

    /// The next request with this method is refused.
    pub(super) fn refuse(&self, method: &'static str, refusal: Refusal) {
        self.state().next.push_back((method, refusal));
    }

    /// Somebody else writes a review.
    pub(super) fn written_by(&self, login: &str, body: &str) {
        let mut state = self.state();
        let id = state.id();
        state.reviews.push(Review {
            id,
            login: login.to_owned(),
            body: body.to_owned(),
            commit: None,
        });
    }

    /// Those of the gate.
    pub(super) fn ours(&self) -> Vec<Review> {
        let state = self.state();
        state
            .reviews
            .iter()
            .filter(|review| review.login == LOGIN)
            .cloned()
            .collect()
    }

    /// Methods and paths, without the host, since the last time.
    pub(super) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.state().log)
    }

    fn answer(&self, received: &Received) -> Reply {
        let mut state = self.state();
        let mut reply = state.respond(received);
        let path = received.path.trim_start_matches(PULLS);
        state
            .log
            .push(format!("{} {path} {}", received.method, reply.status));
        for (name, value) in [
            ("X-RateLimit-Limit", "5000"),
            ("X-GitHub-Media-Type", "github.v3; format=json"),
        ] {
            reply.headers.push((name.to_owned(), value.to_owned()));
        }
        reply
    }
}

impl State {
    fn id(&self) -> u64 {
        100 + (self.reviews.len() + self.comments.len()) as u64 + self.log.len() as u64
    }

    fn respond(&mut self, received: &Received) -> Reply {
        if received.header("user-agent").is_none() {
            return Reply::new(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
            );
        }
        if received.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return said(401, "Bad credentials", &[]);
        }
        if received.header("x-github-api-version") != Some("2022-11-28") {
            return said(400, "The API version is not supported", &[]);
        }
        if received.header("accept") != Some("application/vnd.github+json") {
            return said(415, "Must accept 'application/json'", &[]);
        }
        let due = self.next.front().filter(|(method, _)| *method == received.method);
        let refusal = due.map(|(_, refusal)| *refusal);
        if refusal.is_some() {
            self.next.pop_front();
        }
        match refusal {
            Some(Refusal::Secondary(seconds)) => {
                let mut reply = said(
                    403,
                    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
                    &[],
                );
                reply
                    .headers
                    .push(("Retry-After".to_owned(), seconds.to_string()));
                return reply;
            }
            Some(Refusal::UsedUp) => {
                let mut reply = said(403, "API rate limit exceeded for installation ID 7.", &[]);
                for (name, value) in [
                    ("X-RateLimit-Remaining", "0"),
                    ("X-RateLimit-Reset", "4102444800"),
                ] {
                    reply.headers.push((name.to_owned(), value.to_owned()));
                }
                return reply;
            }
            Some(Refusal::Forbidden) => return said(403, "Resource not accessible by integration", &[]),
            Some(Refusal::DoneAnd502) => {
                self.act(received);
                return Reply::new(502, "<html>502 Bad Gateway</html>");
            }
            None => {}
        }
        self.act(received)
    }

    fn act(&mut self, received: &Received) -> Reply {
        let (path, query) = received.path.split_once('?').unwrap_or((&received.path, ""));
        let Some(path) = path.strip_prefix(PULLS) else {
            return said(404, "Not Found", &[]);
        };
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let number = NUMBER.to_string();
        let segments: Vec<&str> = path.split('/').collect();
        match (received.method.as_str(), segments.as_slice()) {
            ("GET", [pull, "reviews"]) if *pull == number => {
                let all = self.reviews.iter().map(review);
                page(all.collect(), path, query)
            }
            ("POST", [pull, "reviews"]) if *pull == number => self.create(&body),
            ("PUT", [pull, "reviews", id]) if *pull == number => self.update(id, &body),
            ("GET", [pull, "reviews", id, "comments"]) if *pull == number => {
                let own = self
                    .comments
                    .iter()
                    .filter(|comment| comment.review.to_string() == *id);
                page(own.map(comment).collect(), path, query)
            }
            ("DELETE", ["comments", id]) => {
                let before = self.comments.len();
                self.comments.retain(|comment| comment.id.to_string() != *id);
                match self.comments.len() == before {
                    true => said(404, "Not Found", &[]),
                    false => Reply::new(204, ""),
                }
            }
            _ => said(404, "Not Found", &[]),
        }
    }

    fn create(&mut self, body: &Value) -> Reply {
        if let Err(reply) = permitted(body, &["commit_id", "body", "event", "comments"]) {
            return reply;
        }
        if body["event"] != "COMMENT" {
            return said(
                422,
                "Unprocessable Entity",
                &["Can not approve your own pull request"],
            );
        }
        let Some(text) = good(&body["body"]) else {
            return said(422, "Unprocessable Entity", &["Body can't be blank"]);
        };
        let commit = body["commit_id"].as_str().map(str::to_owned);
        if commit.as_ref().is_some_and(|commit| *commit != self.head) {
            return said(
                422,
                "Unprocessable Entity",
                &["commit_id is not part of the pull request"],
            );
        }
        let comments = body["comments"].as_array().cloned().unwrap_or_default();
        for comment in &comments {
            if let Err(reply) = permitted(
                comment,
                &[
                    "path",
                    "position",
                    "body",
                    "line",
                    "side",
                    "start_line",
                    "start_side",
                ],
            ) {
                return reply;
            }
            let lines = comment["path"].as_str().and_then(|path| self.diff.get(path));
            let line = comment["line"].as_u64().and_then(|line| u32::try_from(line).ok());
            let Some(lines) = lines else {
                return said(422, "Unprocessable Entity", &["Path could not be resolved"]);
            };
            if !line.is_some_and(|line| lines.contains(&line)) {
                return said(422, "Unprocessable Entity", &["Line could not be resolved"]);
            }
            if comment["side"] != "RIGHT" || good(&comment["body"]).is_none() {
                return said(422, "Unprocessable Entity", &["Body can't be blank"]);
            }
        }
        let id = self.id();
        let made = Review {
            id,
            login: LOGIN.to_owned(),
            body: text,
            commit,
        };
        let answer = review(&made).to_string();
        self.reviews.push(made);
        for (place, comment) in comments.iter().enumerate() {
            self.comments.push(Comment {
                id: id * 1000 + place as u64,
                review: id,
                path: comment["path"].as_str().unwrap_or_default().to_owned(),
                line: comment["line"].as_u64().unwrap_or_default() as u32,
                body: comment["body"].as_str().unwrap_or_default().to_owned(),
            });
        }
        Reply::new(200, answer)
    }

    fn update(&mut self, id: &str, body: &Value) -> Reply {
        if let Err(reply) = permitted(body, &["body"]) {
            return reply;
        }
        let Some(text) = good(&body["body"]) else {
            return said(422, "Unprocessable Entity", &["Body can't be blank"]);
        };
        match self.reviews.iter_mut().find(|review| review.id.to_string() == id) {
            None => said(404, "Not Found", &[]),
            Some(review) if review.login != LOGIN => said(403, "Resource not accessible by integration", &[]),
            Some(there) => {
                there.body = text;
                Reply::new(200, review(there).to_string())
            }
        }
    }
}

fn good(text: &Value) -> Option<String> {
    let text = text.as_str().filter(|text| !text.trim().is_empty());
    text.filter(|text| text.chars().count() <= 65_536)
        .map(str::to_owned)
}

fn permitted(body: &Value, keys: &[&str]) -> Result<(), Reply> {
    let Some(properties) = body.as_object() else {
        return Err(said(400, "Problems parsing JSON", &[]));
    };
    match properties.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => {
            let message = format!("Invalid request.\n\n\"{key}\" is not a permitted key.");
            Err(said(422, &message, &[]))
        }
        None => Ok(()),
    }
}

fn review(review: &Review) -> Value {
    json!({
        "id": review.id, "node_id": "PRR_x", "user": { "login": review.login }, "body": review.body, "state": "COMMENTED",
        "commit_id": review.commit, "html_url": format!("https://github.example/shop/shop/pull/{NUMBER}#{}", review.id),
    })
}

fn comment(comment: &Comment) -> Value {
    json!({
        "id": comment.id, "pull_request_review_id": comment.review, "path": comment.path, "line": comment.line,
        "side": "RIGHT", "body": comment.body, "user": { "login": LOGIN },
    })
}

/// 30 of a list, or as many as are asked for, but not more than 100.
fn page(all: Vec<Value>, path: &str, query: &str) -> Reply {
    let asked = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(key, _)| *key == name)
            .find_map(|(_, value)| value.parse::<usize>().ok())
    };
    let (size, page) = (
        asked("per_page").unwrap_or(30).clamp(1, 100),
        asked("page").unwrap_or(1).max(1),
    );
    let (start, end) = (size * (page - 1), size * page);
    let more = all.len() > end;
    let some: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    let mut reply = Reply::new(200, Value::from(some).to_string());
    if more {
        let link = format!(
            "<https://api.github.com{PULLS}{path}?per_page={size}&page={}>; rel=\"next\"",
            page + 1
        );
        reply.headers.push(("Link".to_owned(), link));
    }
    reply
}

fn said(status: u16, message: &str, errors: &[&str]) -> Reply {
    let mut body = json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() });
    if !errors.is_empty() {
        body["errors"] = json!(errors);
    }
    let mut reply = Reply::new(status, body.to_string());
    reply.headers.push((
        "Content-Type".to_owned(),
        "application/json; charset=utf-8".to_owned(),
    ));
    reply
}
