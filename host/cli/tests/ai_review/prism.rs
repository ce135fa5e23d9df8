//! Every request of the plugin against a mock that Prism makes of `apis.openapi.json`: a validator that knows nothing of us.
//! Where it is: `RUNNER_TEST_PRISM`, else the path. Without it the tests are left out loudly; CI never leaves them out.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::send;
use super::pulls;
use super::server::{Received, Reply, serve};
use super::shop::{BY_CLAUDE, UNSAFE, project};
use super::strict::{ANTHROPIC_KEY, OPENAI_KEY};
use crate::env::TestEnv;

/// The calls that the plugin makes, written from each API's reference.
const APIS: &str = include_str!("apis.openapi.json");
/// Node is slow to start on a machine that is busy.
const LONGEST: Duration = Duration::from_secs(120);

/// A running mock; ended with the value.
struct Prism {
    child: Child,
    port: u16,
    _document: tempfile::NamedTempFile,
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn program() -> Option<String> {
    let program = std::env::var("RUNNER_TEST_PRISM").unwrap_or_else(|_| "prism".to_owned());
    let output = Command::new(&program).arg("--version").output();
    if output.is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "there is no `{program}`"
    );
    eprintln!(
        "LEFT OUT: there is no `{program}` to mock the APIs with: `npm install --global @stoplight/prism-cli@5.14.2`"
    );
    None
}

impl Prism {
    /// A mock that answers a list of reviews with the example of this name; nothing where there is no Prism.
    fn start(reviews: &str) -> Option<Self> {
        let program = program()?;
        let mut document: Value = serde_json::from_str(APIS).expect("the document is JSON");
        let listed =
            "/paths/~1repos~1{owner}~1{repo}~1pulls~1{pull_number}~1reviews/get/responses/200/content";
        let examples = document
            .pointer_mut(&format!("{listed}/application~1vnd.github+json/examples"))
            .and_then(Value::as_object_mut)
            .expect("the examples of a list of reviews");
        examples.retain(|name, _| name == reviews);
        assert_eq!(examples.len(), 1, "no example `{reviews}`");
        let file = tempfile::NamedTempFile::with_suffix(".json").expect("a file");
        std::fs::write(file.path(), document.to_string()).expect("written");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("a port")
            .port();
        let child = Command::new(program)
            .args([
                "mock",
                "--errors",
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ])
            .arg(file.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let prism = Self {
            child,
            port,
            _document: file,
        };
        let began = Instant::now();
        while send(port, &asked("GET", "/", &[], &Value::Null)).is_err() {
            assert!(began.elapsed() < LONGEST, "Prism does not answer");
            thread::sleep(Duration::from_millis(100));
        }
        Some(prism)
    }

    /// Stands before it and notes each request with its answer.
    fn watched(&self) -> (Arc<Mutex<Vec<String>>>, String) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (port, noted) = (self.port, Arc::clone(&seen));
        let url = serve(move |received| {
            let reply = send(port, received).unwrap_or_else(|error| Reply::new(502, error.to_string()));
            let path = received.path.split('?').next().unwrap_or_default();
            let why = reply.headers.iter().find(|(name, _)| name == "sl-violations");
            let why = why.map_or("", |(_, why)| why.as_str());
            let line = format!("{} {path} {} {why}", received.method, reply.status);
            noted
                .lock()
                .expect("no test panics here")
                .push(line.trim_end().to_owned());
            reply
        });
        (seen, url)
    }
}

fn asked(method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Received {
    let header = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Received {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.iter().map(header).collect(),
        body: if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        },
    }
}

/// A review for a pull request, of what somebody wrote.
fn review(env: &TestEnv, trailer: &str) {
    env.write("app/search.py", UNSAFE);
    env.commit(&format!("feat: search by name\n\n{trailer}"));
    let output = env.run(&["quality-gate", "--set", "gate.review.config.pull-request=12"]);
    // The document's models find something critical.
    assert_eq!(output.code, Some(10), "{output}");
    assert!(!output.stderr.contains("not-posted"), "{output}");
}

#[test]
fn every_request_of_a_first_review_is_valid() {
    let Some(prism) = Prism::start("none") else { return };
    let (seen, url) = prism.watched();
    let openai = format!("openai = {{ key = \"{{{{secret:openai}}}}\", url = \"{url}\" }}");
    review(&project(&openai, &url, &url), "");
    insta::assert_snapshot!(seen.lock().expect("no test panics here").join("\n"), @r"
    POST /v1/messages 200
    POST /v1/responses 200
    GET /repos/shop/shop/pulls/12/reviews 200
    POST /repos/shop/shop/pulls/12/reviews 200
    ");
}

#[test]
fn every_request_of_a_later_review_is_valid() {
    let Some(prism) = Prism::start("ours") else { return };
    let (seen, url) = prism.watched();
    let openai = format!("openai = {{ key = \"{{{{secret:openai}}}}\", url = \"{url}\", api = \"chat\" }}");
    review(&project(&openai, &url, &url), BY_CLAUDE);
    insta::assert_snapshot!(seen.lock().expect("no test panics here").join("\n"), @r"
    POST /v1/chat/completions 200
    GET /repos/shop/shop/pulls/12/reviews 200
    PUT /repos/shop/shop/pulls/12/reviews/100 200
    GET /repos/shop/shop/pulls/12/reviews/100/comments 200
    DELETE /repos/shop/shop/pulls/comments/100000 204
    ");
}

/// What the tests above lean on: a request that is not as the document says is refused.
#[test]
fn what_is_not_valid_is_refused() {
    let Some(prism) = Prism::start("none") else { return };
    let status = |request: &Received| send(prism.port, request).expect("an answer").status;
    let claude = [
        ("content-type", "application/json"),
        ("x-api-key", ANTHROPIC_KEY),
        ("anthropic-version", "2023-06-01"),
    ];
    let bearer = format!("Bearer {OPENAI_KEY}");
    let gpt = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    let form = json!({ "type": "object", "additionalProperties": false, "required": [], "properties": {} });
    let message = json!({
        "model": "claude-x", "max_tokens": 10, "system": "s", "messages": [{ "role": "user", "content": "c" }],
        "output_config": { "format": { "type": "json_schema", "schema": form } },
    });
    let response = json!({
        "model": "gpt-x", "instructions": "s", "input": "c", "max_output_tokens": 16, "store": false,
        "text": { "format": { "type": "json_schema", "name": "n", "strict": true, "schema": form } },
    });
    let with = |body: &Value, key: &str, value: Value| {
        let mut body = body.clone();
        body[key] = value;
        body
    };
    let (messages, responses) = ("/v1/messages", "/v1/responses");
    let token = format!("Bearer {}", pulls::TOKEN);
    let github = [
        ("content-type", "application/json"),
        ("authorization", token.as_str()),
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        ("user-agent", "runner"),
    ];
    let reviews = "/repos/shop/shop/pulls/12/reviews";
    let posted = json!({ "event": "COMMENT", "body": "b" });
    let statuses = [
        status(&asked("POST", messages, &claude, &message)),
        status(&asked("POST", messages, &claude[..2], &message)),
        status(&asked("POST", messages, &gpt, &message)),
        status(&asked(
            "POST",
            messages,
            &claude,
            &with(&message, "max_tokens", json!("10")),
        )),
        status(&asked(
            "POST",
            messages,
            &claude,
            &with(&message, "prompt", json!("c")),
        )),
        status(&asked("POST", responses, &gpt, &response)),
        status(&asked("POST", responses, &gpt[..1], &response)),
        status(&asked(
            "POST",
            responses,
            &gpt,
            &with(&response, "messages", json!([])),
        )),
        status(&asked("POST", reviews, &github, &posted)),
        status(&asked("POST", reviews, &github[..4], &posted)),
        status(&asked(
            "POST",
            reviews,
            &github,
            &with(&posted, "event", json!("LOOKS_GOOD")),
        )),
        status(&asked(
            "POST",
            reviews,
            &github,
            &with(&posted, "comments", json!([{ "line": 3 }])),
        )),
        status(&asked(
            "GET",
            "/repos/shop/shop/pulls/twelve/reviews",
            &github,
            &Value::Null,
        )),
        status(&asked("PATCH", reviews, &github, &posted)),
    ];
    assert_eq!(
        statuses,
        [
            200, 422, 401, 422, 422, 200, 401, 422, 200, 422, 422, 422, 422, 405
        ]
    );
}
