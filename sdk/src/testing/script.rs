//! The script: what a plugin is expected to ask for, in order, and the answers.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt::Write as _;

use serde_json::Value;

use super::call::Call;
use super::contexts::START;
use crate::machine_files::Entry;
use crate::services::State;
use crate::{Answer as PersonsAnswer, Artifact, Command, Commit, Error, Exit, Level, Request, Response};

/// Answers in the place of the script.
type Rule<Q, A> = RefCell<Option<Box<dyn FnMut(&Q) -> Result<A, Error>>>>;

/// A host that follows a script: see the [module](super).
#[must_use]
pub struct ScriptedHost {
    script: RefCell<VecDeque<Expectation>>,
    calls: RefCell<Vec<Call>>,
    pub(super) programs: Rule<Command, Exit>,
    pub(super) requests: Rule<Request, Response>,
    pub(super) clock: Cell<u64>,
    pub(super) pauses: RefCell<Vec<u64>>,
    pub(super) logs: RefCell<Vec<(Level, String)>>,
}

/// One line of the script.
pub(super) struct Expectation {
    pub(super) call: Call,
    checks: Vec<Check>,
    pub(super) answer: Result<Answer, Error>,
    /// How long the call takes, by the clock of the script, in milliseconds.
    pub(super) takes_ms: u64,
}

/// What must hold of a call beyond its line and machine.
pub(super) enum Check {
    Detail(String, String),
    Payload(Vec<u8>),
    Contains(String),
    Json(Value),
}

/// What the host answers.
pub(super) enum Answer {
    Exit(Exit),
    Response(Response),
    Bytes(Vec<u8>),
    MaybeBytes(Option<Vec<u8>>),
    Entries(Option<Vec<Entry>>),
    Names(Vec<String>),
    Commits(Vec<Commit>),
    Text(String),
    Flag(bool),
    State(State),
    Artifact(Artifact),
    Person(PersonsAnswer),
    Nothing,
}

impl Default for ScriptedHost {
    fn default() -> Self {
        Self::new()
    }
}

impl ScriptedHost {
    /// An empty script: the plugin may ask for nothing.
    pub fn new() -> Self {
        Self {
            script: RefCell::default(),
            calls: RefCell::default(),
            programs: RefCell::default(),
            requests: RefCell::default(),
            clock: Cell::new(START),
            pauses: RefCell::default(),
            logs: RefCell::default(),
        }
    }

    // ----- rules -----

    /// Every program is answered by this rule, which may keep state, and no script is needed for any. See
    /// [`exited`](super::exited).
    pub fn programs(self, rule: impl FnMut(&Command) -> Result<Exit, Error> + 'static) -> Self {
        *self.programs.borrow_mut() = Some(Box::new(rule));
        self
    }

    /// Every HTTP request is answered by this rule, which may keep state, and no script is needed for any. See
    /// [`answered`](super::answered).
    pub fn requests(self, rule: impl FnMut(&Request) -> Result<Response, Error> + 'static) -> Self {
        *self.requests.borrow_mut() = Some(Box::new(rule));
        self
    }

    /// The rule's answer, where there is a rule.
    pub(super) fn by_rule<Q, A>(
        &self,
        rule: &Rule<Q, A>,
        asked: &Q,
        call: impl Fn(&Q) -> Call,
    ) -> Option<Result<A, Error>> {
        let answer = rule.borrow_mut().as_mut().map(|rule| rule(asked))?;
        self.calls.borrow_mut().push(call(asked));
        Some(answer)
    }

    // ----- what was asked -----

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    /// How long the plugin slept, each time, in milliseconds.
    pub fn pauses(&self) -> Vec<u64> {
        self.pauses.borrow().clone()
    }

    /// What the plugin logged.
    pub fn logs(&self) -> Vec<(Level, String)> {
        self.logs.borrow().clone()
    }

    pub(super) fn check(mut self, check: Check) -> Self {
        self.last().checks.push(check);
        self
    }

    pub(super) fn then(mut self, call: Call, answer: Answer) -> Self {
        self.script.get_mut().push_back(Expectation {
            call,
            checks: Vec::new(),
            answer: Ok(answer),
            takes_ms: 0,
        });
        self
    }

    pub(super) fn last(&mut self) -> &mut Expectation {
        self.script
            .get_mut()
            .back_mut()
            .expect("something is expected already")
    }

    /// Compares a call with the next line of the script, and answers.
    pub(super) fn take(&self, call: Call) -> Result<Answer, Error> {
        let expected = self.script.borrow_mut().pop_front();
        let wrong = match &expected {
            None => Some("nothing more".to_owned()),
            Some(expected) => expected.differs(&call),
        };
        if let Some(wrong) = wrong {
            panic!("{}", self.difference(&wrong, &call));
        }
        self.calls.borrow_mut().push(call);
        let expected = expected.expect("just compared");
        self.clock.set(self.clock.get() + expected.takes_ms);
        expected.answer
    }

    fn difference(&self, wrong: &str, call: &Call) -> String {
        let calls = self.calls.borrow();
        let mut text = format!("call {} is not in the script\n", calls.len() + 1);
        let _ = writeln!(text, "  expected  {wrong}\n  asked     {call}");
        for (name, value) in &call.details {
            let _ = writeln!(text, "            {name}: {value}");
        }
        if !call.payload.is_empty() {
            let _ = writeln!(text, "            payload: {}", call.text());
        }
        for (index, before) in calls.iter().enumerate() {
            let _ = writeln!(text, "  call {:<4} {before}", index + 1);
        }
        text
    }
}

impl Expectation {
    /// What was expected, if the call is not it.
    fn differs(&self, call: &Call) -> Option<String> {
        if (&call.line, &call.machine) != (&self.call.line, &self.call.machine) {
            return Some(self.call.to_string());
        }
        self.checks.iter().find_map(|check| {
            let (holds, wanted) = match check {
                Check::Detail(name, value) => (
                    call.value(name) == Some(value.as_str()),
                    format!("{name}: {value}"),
                ),
                Check::Payload(payload) => (
                    call.payload == *payload,
                    format!("payload: {}", String::from_utf8_lossy(payload)),
                ),
                Check::Contains(text) => (call.text().contains(text), format!("a payload with: {text}")),
                Check::Json(value) => (
                    serde_json::from_slice::<Value>(&call.payload).is_ok_and(|got| got == *value),
                    format!("payload: {value}"),
                ),
            };
            (!holds).then(|| format!("{}\n            {wanted}", self.call))
        })
    }
}

impl Drop for ScriptedHost {
    fn drop(&mut self) {
        let rest = self.script.get_mut();
        if !rest.is_empty() && !std::thread::panicking() {
            let rest: Vec<String> = rest.iter().map(|left| format!("  {}", left.call)).collect();
            panic!(
                "the plugin did not ask for all that the script has; left over:\n{}",
                rest.join("\n")
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::{Command, Host};

    fn panics(f: impl FnOnce()) -> String {
        let cause = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        cause.downcast_ref::<String>().cloned().expect("a message")
    }

    fn ask(host: &impl Host, command: &Command) -> Exit {
        host.run(command).unwrap()
    }

    #[test]
    fn another_program_is_shown_beside_the_script() {
        let text = panics(|| {
            let host = ScriptedHost::new().run(["a"]).run(["make", "x y"]).on("vps");
            ask(&host, &Command::new(["a"]));
            ask(&host, &Command::new(["make", "z"]).cwd(Some("web")).stdin("in"));
        });
        insta::assert_snapshot!(text, @r#"
        call 2 is not in the script
          expected  run make "x y" (on vps)
          asked     run make z
                    nature: write
                    timeout-ms: 600000
                    foresee-success: false
                    capture: 262144
                    cwd: web
                    payload: in
          call 1    run a
        "#);
    }

    #[test]
    fn a_detail_that_differs_is_shown() {
        let text = panics(|| {
            let host = ScriptedHost::new().run(["a"]).with_env("CI", "1");
            ask(&host, &Command::new(["a"]).env("CI", "2").read());
        });
        insta::assert_snapshot!(text, @r"
        call 1 is not in the script
          expected  run a
                    env CI: 1
          asked     run a
                    nature: read
                    timeout-ms: 600000
                    foresee-success: false
                    capture: 262144
                    env CI: 2
        ");
    }

    #[test]
    fn what_is_left_over_is_shown() {
        let text = panics(|| drop(ScriptedHost::new().get("https://x").read_file("a.txt", "")));
        insta::assert_snapshot!(text, @r"
        the plugin did not ask for all that the script has; left over:
          GET https://x
          read a.txt
        ");
    }

    #[test]
    fn time_passes_only_by_sleep() {
        let host = ScriptedHost::new();
        assert_eq!(host.now(), START);
        host.sleep(1500);
        assert_eq!(host.now(), START + 1500);
        assert_eq!(host.random(3), host.random(3));
    }
}
