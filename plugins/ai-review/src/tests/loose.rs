//! A host that keeps a ledger and answers requests in order, for reviews of which the conversation is not the point.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use runner_sdk::machine_files::Entry;
use runner_sdk::services::{Service, State};
use runner_sdk::{
    Answer, Artifact, Command, Commit, Error, Exit, Host, Instant, Level, Question, Request, Response,
};
use serde_json::Value;

/// The host.
pub(super) struct Loose {
    diff: String,
    commits: Vec<Commit>,
    answers: RefCell<VecDeque<Response>>,
    clock: Cell<u64>,
    pub(super) ledger: RefCell<String>,
    /// Bodies of requests.
    pub(super) sent: RefCell<Vec<String>>,
    pub(super) urls: RefCell<Vec<String>>,
    /// Of the requests that no answer was there for: what they were reserved for, and their models.
    pub(super) sizes: RefCell<Vec<u64>>,
    pub(super) models: RefCell<Vec<String>>,
}

impl Loose {
    pub(super) fn new(diff: &str, commits: Vec<Commit>) -> Self {
        Self {
            diff: diff.to_owned(),
            commits,
            answers: RefCell::default(),
            clock: Cell::new(runner_sdk::testing::START),
            ledger: RefCell::default(),
            sent: RefCell::default(),
            urls: RefCell::default(),
            sizes: RefCell::default(),
            models: RefCell::default(),
        }
    }

    /// The next request is answered so.
    pub(super) fn answer(&self, status: u16, body: Value) {
        self.answers.borrow_mut().push_back(Response {
            status,
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
            truncated: false,
        });
    }

    pub(super) fn say(&self, body: Value) {
        self.answer(200, body);
    }
}

macro_rules! never {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $(_: $argument),*) -> $result {
            panic!("a review does not ask for `{}`", stringify!($name))
        })*
    };
}

impl Host for Loose {
    fn run(&self, command: &Command) -> Result<Exit, Error> {
        assert_eq!(command.argv[..2], ["git", "diff-tree"]);
        Ok(Exit {
            code: Some(0),
            signal: None,
            stdout: self.diff.clone().into_bytes(),
            stderr: Vec::new(),
            truncated: false,
            wall_ms: 1,
        })
    }
    fn send(&self, request: &Request) -> Result<Response, Error> {
        let Some(answer) = self.answers.borrow_mut().pop_front() else {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            self.sizes
                .borrow_mut()
                .push((request.body.len() as u64).div_ceil(3));
            self.models
                .borrow_mut()
                .push(body["model"].as_str().unwrap().to_owned());
            return Err(Error::Planned(request.url.clone()));
        };
        self.urls
            .borrow_mut()
            .push(format!("{} {}", request.method, request.url));
        self.sent
            .borrow_mut()
            .push(String::from_utf8(request.body.clone()).unwrap());
        Ok(answer)
    }
    fn read_file(&self, _: &str, _: u32) -> Result<Vec<u8>, Error> {
        Ok(self.ledger.borrow().clone().into_bytes())
    }
    fn glob(&self, pattern: &str) -> Result<Vec<String>, Error> {
        Ok(vec![pattern.to_owned()])
    }
    fn write_report(&self, name: &str, _: &str, _: &[u8]) -> Result<String, Error> {
        Ok(name.to_owned())
    }
    fn append_line(&self, _: &str, line: &str, key: &str) -> Result<(), Error> {
        assert!(line.ends_with(&format!(" {key}")), "{line}");
        let mut ledger = self.ledger.borrow_mut();
        ledger.push_str(line);
        ledger.push('\n');
        Ok(())
    }
    fn git_commits(&self, _: Option<&str>, _: &str) -> Result<Vec<Commit>, Error> {
        Ok(self.commits.clone())
    }
    fn log(&self, _: Level, _: &str) {}
    fn progress(&self, _: u64, _: Option<u64>, _: &str) {}
    fn now(&self) -> Instant {
        self.clock.get()
    }
    fn sleep(&self, ms: u64) {
        self.clock.set(self.clock.get() + ms);
    }

    never! {
        run_all(&[Command]) -> Vec<Result<Exit, Error>>;
        machine_read(Option<&str>, &str, u32) -> Result<Option<Vec<u8>>, Error>;
        machine_read_part(Option<&str>, &str, u64, u32) -> Result<Option<Vec<u8>>, Error>;
        machine_list(Option<&str>, &str) -> Result<Option<Vec<Entry>>, Error>;
        machine_write(Option<&str>, &str, &[u8], u32) -> Result<(), Error>;
        machine_create(Option<&str>, &str, &[u8]) -> Result<bool, Error>;
        machine_link(Option<&str>, &str, &str) -> Result<(), Error>;
        machine_remove(Option<&str>, &str) -> Result<(), Error>;
        machine_fetch(&Artifact, Option<&str>, &str, u32) -> Result<(), Error>;
        service_start(Option<&str>, &Service) -> Result<State, Error>;
        service_stop(Option<&str>, &str, u64) -> Result<(), Error>;
        service_status(Option<&str>, &str) -> Result<State, Error>;
        git_changed_files(&str, &str) -> Result<Vec<String>, Error>;
        git_show(&str, &str, u32) -> Result<Vec<u8>, Error>;
        git_tracked_files() -> Result<Vec<String>, Error>;
        artifact_put(Option<&str>, &str, &str) -> Result<Artifact, Error>;
        artifact_get(&Artifact, Option<&str>, &str) -> Result<(), Error>;
        artifact_verify(&Artifact) -> Result<(), Error>;
        ask(&Question) -> Result<Answer, Error>;
        random(u32) -> Vec<u8>;
    }
}
