//! Who answers the host calls of a component outside of a run: by a rule, keeping what was asked for.

use std::sync::{Arc, Mutex};

use runner_core::{
    effect::{Outcome, Request, Response},
    event::Level,
    fault::Fault,
    release::{Artifact, Release},
};
use runner_engine::{
    effects::Halt,
    plugin::{CallContext, Calls},
};

/// Answers each request, given its place in the conversation.
pub(crate) type Rule = Box<dyn FnMut(usize, &Request) -> Outcome + Send>;

/// A conversation that follows a rule.
pub(crate) struct Conversation {
    rule: Rule,
    asked: Arc<Mutex<Vec<Request>>>,
    said: Arc<Mutex<Vec<String>>>,
}

/// What became of a conversation.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    asked: Arc<Mutex<Vec<Request>>>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Conversation {
    /// A conversation, and the ear on it.
    pub(crate) fn by(rule: impl FnMut(usize, &Request) -> Outcome + Send + 'static) -> (Box<Self>, Heard) {
        let heard = Heard::default();
        let conversation = Self {
            rule: Box::new(rule),
            asked: Arc::clone(&heard.asked),
            said: Arc::clone(&heard.said),
        };
        (Box::new(conversation), heard)
    }
}

impl Heard {
    /// Every request, in order.
    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().expect("no test panics here").clone()
    }

    /// Every line of the log, in order.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().expect("no test panics here").clone()
    }
}

impl Calls for Conversation {
    fn perform(&mut self, request: Request) -> Result<Outcome, Halt> {
        let mut asked = self.asked.lock().expect("no test panics here");
        let outcome = (self.rule)(asked.len(), &request);
        asked.push(request);
        Ok(outcome)
    }

    fn log(&mut self, _: Level, message: &str) {
        self.said
            .lock()
            .expect("no test panics here")
            .push(message.to_owned());
    }

    fn progress(&mut self, _: u64, _: Option<u64>, _: &str) {}
}

/// Nothing but time, chance and a pause: what needs no grant.
pub(crate) fn of_runtime(n: usize, request: &Request) -> Option<Outcome> {
    match request {
        Request::Now => Some(Ok(Response::Instant(1_767_225_600_000 + n as u64))),
        Request::Random { bytes } => Some(Ok(Response::Random(vec![n as u8; *bytes as usize].into()))),
        Request::Sleep { .. } => Some(Ok(Response::Done)),
        _ => None,
    }
}

/// Answers no effect at all.
pub(crate) fn nothing(n: usize, request: &Request) -> Outcome {
    of_runtime(n, request).unwrap_or_else(|| Err(Fault::failed("nothing is to be had here")))
}

/// A release of one artifact.
pub(crate) fn release(version: &str) -> Release {
    Release {
        version: version.to_owned(),
        tag: format!("v{version}"),
        commit: "5f0e1c7a9d3b2486ace013579bdf02468ace1357".to_owned(),
        notes: "### Features\n\n- a cart\n".to_owned(),
        artifacts: vec![artifact("app", version.as_bytes())],
    }
}

/// An artifact of these bytes.
pub(crate) fn artifact(name: &str, bytes: &[u8]) -> Artifact {
    Artifact {
        name: name.to_owned(),
        digest: runner_core::digest::Digest::of(bytes),
        size: bytes.len() as u64,
        location: format!("files/{name}"),
    }
}

/// What a call is about: the release 1.2.3 to `staging`, where 1.2.2 runs.
pub(crate) fn context(config: &serde_json::Value, plan: bool) -> CallContext {
    CallContext {
        run: "r-20260101-000000-test".to_owned(),
        step: "staging/step".to_owned(),
        plan,
        project: "shop".to_owned(),
        release: Some(release("1.2.3")),
        previous: Some(release("1.2.2")),
        environment: Some(("staging".to_owned(), Some("http://shop.example".to_owned()))),
        gradual: config["strategy"] == "canary",
        config: config.to_string(),
    }
}
