//! Whether a plugin keeps its word: what it calls idempotent is done again after a crash before whose end it was not written
//! down that it was done.

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::ops::Deref;

use super::call::Call;
use crate::machine_files::Entry;
use crate::services::{Service, State};
use crate::{
    Answer, Artifact, Command, Commit, Error, Exit, Host, Instant, Level, Nature, Question, Request, Response,
};

/// How many lines of a difference are shown.
const SHOWN_LINES: usize = 6;

/// A world in which one call is done twice: see [`twice`]. It is that world in all else.
pub struct Twice<H> {
    world: H,
    /// Counted from 0; none is done twice in the life that all others are compared with.
    at: Option<usize>,
    count: Cell<usize>,
    done_twice: RefCell<String>,
}

/// Plays a life in a world of its own, and then, for each program and each request of it that the plugin calls idempotent,
/// once more in a new world, with that one done twice: the plugin hears only of the second, as after a crash between the end
/// of the call and the journal. Returns how many such calls there are.
///
/// `life` calls the plugin, as often and in whichever roles, and returns all that must be the same: what the plugin answered,
/// and how the world ended. The world must remember, or it could not refuse what is done already: a host of the test's own, one
/// that really runs programs, or a [`ScriptedHost`](super::ScriptedHost) that answers by rules.
///
/// # Panics
///
/// Where a life ends otherwise; names the call.
///
/// ```should_panic
/// use runner_sdk::testing::{ScriptedHost, exited, twice};
/// use runner_sdk::{Command, Host};
///
/// let files = || {
///     let mut there = true;
///     ScriptedHost::new().programs(move |_| match std::mem::take(&mut there) {
///         true => Ok(exited(0, "")),
///         false => Ok(exited(1, "mv: cannot stat 'a': No such file or directory")),
///     })
/// };
/// // What was moved cannot be moved again: this call is not idempotent, unless the plugin then looks where the file is.
/// twice(files, |host| host.run(&Command::new(["mv", "a", "b"]).idempotent()).unwrap().success());
/// ```
pub fn twice<H: Host, T: PartialEq + Debug>(world: impl Fn() -> H, life: impl Fn(&Twice<H>) -> T) -> usize {
    let once = Twice::new(world(), None);
    let expected = life(&once);
    for at in 0..once.count.get() {
        let again = Twice::new(world(), Some(at));
        let ended = life(&again);
        assert!(
            ended == expected,
            "`{}` is called idempotent, and done twice it is not as done once{}",
            again.done_twice.borrow(),
            difference(&expected, &ended)
        );
    }
    once.count.get()
}

/// The first lines in which two lives differ.
fn difference(once: &impl Debug, twice: &impl Debug) -> String {
    let (once, twice) = (format!("{once:#?}"), format!("{twice:#?}"));
    let same = once
        .lines()
        .zip(twice.lines())
        .take_while(|(a, b)| a == b)
        .count();
    let shown = |name: &str, text: &str| {
        let lines = text.lines().skip(same).take(SHOWN_LINES);
        lines
            .map(|line| format!("\n  {name}  {line}"))
            .collect::<String>()
    };
    shown("once ", &once) + &shown("twice", &twice)
}

impl<H: Host> Twice<H> {
    fn new(world: H, at: Option<usize>) -> Self {
        Self {
            world,
            at,
            count: Cell::new(0),
            done_twice: RefCell::default(),
        }
    }

    /// Whether this call is the one that is done twice.
    fn is_next(&self, nature: Nature, calls: impl Fn() -> Vec<Call>) -> bool {
        if nature != Nature::Idempotent {
            return false;
        }
        let count = self.count.replace(self.count.get() + 1);
        let is_it = self.at == Some(count);
        if is_it {
            let lines: Vec<_> = calls().iter().map(Call::to_string).collect();
            *self.done_twice.borrow_mut() = lines.join("` beside `");
        }
        is_it
    }
}

impl<H> Deref for Twice<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.world
    }
}

/// What several programs at once do to the world: what the worst of them does.
fn worst(commands: &[Command]) -> Nature {
    let has = |nature| commands.iter().any(|command| command.nature == nature);
    match (has(Nature::Write), has(Nature::Idempotent)) {
        (true, _) => Nature::Write,
        (false, true) => Nature::Idempotent,
        (false, false) => Nature::Read,
    }
}

impl<H: Host> Host for Twice<H> {
    fn run(&self, command: &Command) -> Result<Exit, Error> {
        if self.is_next(command.nature, || vec![Call::command(command)]) {
            let _ = self.world.run(command);
        }
        self.world.run(command)
    }
    fn run_all(&self, commands: &[Command]) -> Vec<Result<Exit, Error>> {
        if self.is_next(worst(commands), || commands.iter().map(Call::command).collect()) {
            self.world.run_all(commands);
        }
        self.world.run_all(commands)
    }
    fn send(&self, request: &Request) -> Result<Response, Error> {
        if self.is_next(request.nature, || vec![Call::request(request)]) {
            let _ = self.world.send(request);
        }
        self.world.send(request)
    }

    // That these may be done twice is the host's word.
    fn read_file(&self, path: &str, max: u32) -> Result<Vec<u8>, Error> {
        self.world.read_file(path, max)
    }
    fn glob(&self, pattern: &str) -> Result<Vec<String>, Error> {
        self.world.glob(pattern)
    }
    fn write_report(&self, name: &str, media_type: &str, content: &[u8]) -> Result<String, Error> {
        self.world.write_report(name, media_type, content)
    }
    fn append_line(&self, path: &str, line: &str, key: &str) -> Result<(), Error> {
        self.world.append_line(path, line, key)
    }
    fn machine_read(&self, machine: Option<&str>, path: &str, max: u32) -> Result<Option<Vec<u8>>, Error> {
        self.world.machine_read(machine, path, max)
    }
    fn machine_read_part(
        &self,
        machine: Option<&str>,
        path: &str,
        start: u64,
        max: u32,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.world.machine_read_part(machine, path, start, max)
    }
    fn machine_list(&self, machine: Option<&str>, path: &str) -> Result<Option<Vec<Entry>>, Error> {
        self.world.machine_list(machine, path)
    }
    fn machine_write(
        &self,
        machine: Option<&str>,
        path: &str,
        content: &[u8],
        mode: u32,
    ) -> Result<(), Error> {
        self.world.machine_write(machine, path, content, mode)
    }
    fn machine_create(&self, machine: Option<&str>, path: &str, content: &[u8]) -> Result<bool, Error> {
        self.world.machine_create(machine, path, content)
    }
    fn machine_link(&self, machine: Option<&str>, path: &str, to: &str) -> Result<(), Error> {
        self.world.machine_link(machine, path, to)
    }
    fn machine_remove(&self, machine: Option<&str>, path: &str) -> Result<(), Error> {
        self.world.machine_remove(machine, path)
    }
    fn machine_fetch(
        &self,
        artifact: &Artifact,
        machine: Option<&str>,
        path: &str,
        mode: u32,
    ) -> Result<(), Error> {
        self.world.machine_fetch(artifact, machine, path, mode)
    }
    fn service_start(&self, machine: Option<&str>, service: &Service) -> Result<State, Error> {
        self.world.service_start(machine, service)
    }
    fn service_stop(&self, machine: Option<&str>, name: &str, grace_ms: u64) -> Result<(), Error> {
        self.world.service_stop(machine, name, grace_ms)
    }
    fn service_status(&self, machine: Option<&str>, name: &str) -> Result<State, Error> {
        self.world.service_status(machine, name)
    }
    fn git_commits(&self, since: Option<&str>, until: &str) -> Result<Vec<Commit>, Error> {
        self.world.git_commits(since, until)
    }
    fn git_changed_files(&self, base: &str, head: &str) -> Result<Vec<String>, Error> {
        self.world.git_changed_files(base, head)
    }
    fn git_show(&self, revision: &str, path: &str, max: u32) -> Result<Vec<u8>, Error> {
        self.world.git_show(revision, path, max)
    }
    fn git_tracked_files(&self) -> Result<Vec<String>, Error> {
        self.world.git_tracked_files()
    }
    fn artifact_put(&self, machine: Option<&str>, path: &str, name: &str) -> Result<Artifact, Error> {
        self.world.artifact_put(machine, path, name)
    }
    fn artifact_get(&self, artifact: &Artifact, machine: Option<&str>, path: &str) -> Result<(), Error> {
        self.world.artifact_get(artifact, machine, path)
    }
    fn artifact_verify(&self, artifact: &Artifact) -> Result<(), Error> {
        self.world.artifact_verify(artifact)
    }
    fn ask(&self, question: &Question) -> Result<Answer, Error> {
        self.world.ask(question)
    }
    fn log(&self, level: Level, message: &str) {
        self.world.log(level, message);
    }
    fn progress(&self, done: u64, total: Option<u64>, what: &str) {
        self.world.progress(done, total, what);
    }
    fn now(&self) -> Instant {
        self.world.now()
    }
    fn random(&self, bytes: u32) -> Vec<u8> {
        self.world.random(bytes)
    }
    fn sleep(&self, ms: u64) {
        self.world.sleep(ms);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;

    use super::*;
    use crate::testing::{ScriptedHost, answered, exited};

    /// A counter that programs and requests move on, and its display.
    fn counter() -> (Rc<Cell<u32>>, ScriptedHost) {
        let count = Rc::new(Cell::new(0));
        let (by_program, by_request) = (Rc::clone(&count), Rc::clone(&count));
        let host = ScriptedHost::new()
            .programs(move |command| {
                match command.argv[0].as_str() {
                    "add" => by_program.set(by_program.get() + 1),
                    "set" => by_program.set(7),
                    _ => {}
                }
                Ok(exited(0, by_program.get().to_string()))
            })
            .requests(move |_| {
                by_request.set(by_request.get() + 1);
                Ok(answered(204, ""))
            });
        (count, host)
    }

    fn run(host: &impl Host, word: &str, nature: Nature) -> String {
        host.run(&Command::new([word]).nature(nature))
            .unwrap()
            .stdout_text()
    }

    fn panics(life: impl Fn(&Twice<ScriptedHost>) -> String) -> String {
        let cause = catch_unwind(AssertUnwindSafe(|| twice(|| counter().1, life))).unwrap_err();
        cause.downcast_ref::<String>().cloned().expect("a message")
    }

    #[test]
    fn reads_and_writes_are_done_once_and_every_idempotent_call_twice() {
        let lives = RefCell::new(Vec::new());
        let tried = twice(
            || counter().1,
            |host| {
                let said = [
                    run(host, "add", Nature::Write),
                    run(host, "set", Nature::Idempotent),
                    run(host, "tell", Nature::Read),
                    run(host, "reset", Nature::Idempotent),
                ];
                let lines = host.calls().into_iter().map(|call| call.line);
                let life: Vec<_> = lines.map(|line| line.replace("run ", "")).collect();
                lives.borrow_mut().push(life.join(" "));
                said
            },
        );
        assert_eq!(tried, 2);
        assert_eq!(
            lives.take(),
            [
                "add set tell reset",
                "add set set tell reset",
                "add set tell reset reset"
            ]
        );
    }

    #[test]
    fn the_call_that_is_not_idempotent_is_named() {
        let text = panics(|host| {
            run(host, "set", Nature::Idempotent);
            run(host, "add", Nature::Idempotent)
        });
        insta::assert_snapshot!(text, @r#"
        `run add` is called idempotent, and done twice it is not as done once
          once   "8"
          twice  "9"
        "#);
    }

    #[test]
    fn requests_and_programs_at_once_are_held_to_it_too() {
        let text = panics(|host| {
            host.send(&Request::put("https://x/y")).unwrap();
            run(host, "tell", Nature::Read)
        });
        assert!(
            text.starts_with("`PUT https://x/y` is called idempotent"),
            "{text}"
        );
        let text = panics(|host| {
            let both = [Command::new(["tell"]).read(), Command::new(["add"]).idempotent()];
            let last = host.run_all(&both).pop().unwrap();
            last.unwrap().stdout_text()
        });
        assert!(
            text.starts_with("`run tell` beside `run add` is called idempotent"),
            "{text}"
        );
    }

    #[test]
    fn programs_at_once_with_a_write_among_them_are_never_done_twice() {
        let tried = twice(
            || counter().1,
            |host| {
                let both = [Command::new(["add"]), Command::new(["set"]).idempotent()];
                host.run_all(&both).len()
            },
        );
        assert_eq!(tried, 0);
    }
}
