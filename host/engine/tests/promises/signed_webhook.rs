//! The notifier `webhook`, as built, against a receiver that does what its manual says receivers do: checks signature and
//! age, and drops deliveries that it has seen.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use runner_core::{event::Command, id::StepId, step::Status};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    scratch::{Scratch, Seen, begin},
    server::{Received, Reply, serve},
    troubled::{Lost, Troubled},
};

pub(crate) const KEY: &str = "the key of the webhook";
/// Seconds that a message may be on its way.
const OLDEST: u64 = 300;

/// A receiver's memory.
#[derive(Default)]
struct Memory {
    seen: BTreeSet<String>,
    taken: Vec<Value>,
    repeated: usize,
    refused: Vec<String>,
    /// How many more requests fail for reasons of its own.
    down: u32,
}

/// A receiver of messages.
#[derive(Clone, Default)]
pub(crate) struct Receiver(Arc<Mutex<Memory>>);

impl Receiver {
    /// One with an empty memory, and its URL.
    pub(crate) fn start() -> (Self, String) {
        let receiver = Self::default();
        let serving = receiver.clone();
        let url = serve(move |received| serving.take(received));
        (receiver, format!("{url}/hooks/releases"))
    }

    /// Which events it took, and what it refused.
    pub(crate) fn told(&self) -> String {
        let memory = self.memory();
        let events: Vec<_> = memory.taken.iter().map(|body| &body["event"]).collect();
        format!("{events:?} {:?}", memory.refused)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().expect("no test panics here")
    }

    fn take(&self, received: &Received) -> Reply {
        let mut memory = self.memory();
        if let Err(why) = genuine(received) {
            memory.refused.push(why.clone());
            return Reply::new(401, why);
        }
        if memory.down > 0 {
            memory.down -= 1;
            let mut reply = Reply::new(503, "back soon");
            reply.headers.push(("Retry-After".to_owned(), "1".to_owned()));
            return reply;
        }
        let delivery = received
            .header("x-runner-delivery")
            .unwrap_or_default()
            .to_owned();
        match memory.seen.insert(delivery) {
            true => memory
                .taken
                .push(serde_json::from_slice(&received.body).expect("JSON")),
            false => memory.repeated += 1,
        }
        Reply::new(204, "")
    }
}

fn genuine(received: &Received) -> Result<(), String> {
    let header = |name| received.header(name).ok_or_else(|| format!("no {name}"));
    let timestamp = header("x-runner-timestamp")?;
    let age = timestamp
        .parse::<u64>()
        .map(|then| (runner_engine::clock::now() / 1000).abs_diff(then))
        .map_err(|error| error.to_string())?;
    if age > OLDEST {
        return Err(format!("{age} s old"));
    }
    let signature = header("x-runner-signature")?.strip_prefix("v1=").ok_or("no v1")?;
    let signature = hex::decode(signature).map_err(|error| error.to_string())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("any key will do");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(&received.body);
    mac.verify_slice(&signature)
        .map_err(|_| "the signature is wrong".to_owned())
}

/// A gate that tells the webhook, with this key to sign.
pub(crate) fn process(scratch: &Scratch, url: &str, key: &str) -> Value {
    scratch.write("key", key);
    json!({
        "project": { "name": "scratch" },
        "secrets": { "hook": { "file": "key" } },
        "gate": { "true": { "plugin": "command", "config": { "run": ["true"] } } },
        "notify": { "hook": { "plugin": "webhook", "config": { "url": url, "secret": "{{secret:hook}}" } } },
    })
}

#[test]
fn what_is_sent_is_genuine_and_tried_again_until_it_is_taken() {
    let (receiver, url) = Receiver::start();
    receiver.memory().down = 2;
    let scratch = Scratch::new();
    let session = begin(
        &scratch.setup(),
        &process(&scratch, &url, KEY),
        Command::QualityGate { checks: Vec::new() },
        &Seen::default(),
    );
    session.drive().expect("ends");
    let memory = receiver.memory();
    assert_eq!(memory.refused, [""; 0]);
    assert_eq!(memory.taken.len(), 1);
    let body = &memory.taken[0];
    assert_eq!(
        (&body["event"], &body["passed"], &body["total"]),
        (&json!("gate"), &json!(1), &json!(1))
    );
    assert_eq!(body["run"], json!(session.id().as_str()));
}

#[test]
fn signed_with_another_key_it_is_refused_and_that_is_told() {
    let (receiver, url) = Receiver::start();
    let scratch = Scratch::new();
    let process = process(&scratch, &url, "another key");
    let session = begin(
        &scratch.setup(),
        &process,
        Command::QualityGate { checks: Vec::new() },
        &Seen::default(),
    );
    session.drive().expect("ends");
    match session.state().status(&StepId::from("notify/gate/hook")) {
        Status::Failed(error, _) => {
            assert!(
                error.message.contains("answered 401: the signature is wrong"),
                "{}",
                error.message
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(receiver.memory().refused, ["the signature is wrong"]);
}

#[test]
fn a_delivery_that_is_repeated_after_a_crash_is_the_same_one() {
    let mut repeated = 0;
    for from in 2.. {
        let (receiver, url) = Receiver::start();
        let scratch = Scratch::new();
        let store = Troubled::failing(Arc::clone(&scratch.store), from, Lost::Event);
        let process = process(&scratch, &url, KEY);
        let session = begin(
            &scratch.setup_over(store),
            &process,
            Command::QualityGate { checks: Vec::new() },
            &Seen::default(),
        );
        if session.drive().is_ok() {
            break;
        }
        drop(session);
        let (end, _) = scratch.resume();
        assert_eq!(end.expect("ends").word(), "released");
        let memory = receiver.memory();
        assert_eq!(memory.taken.len(), 1, "append {from}");
        assert_eq!(memory.refused, [""; 0], "append {from}");
        repeated += memory.repeated;
    }
    assert_eq!(repeated, 1, "one append stands between sending and knowing it");
}
