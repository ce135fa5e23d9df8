//! The scripted host as a host: each call is compared with the script.

use super::call::Call;
use super::script::{Answer, ScriptedHost};
use crate::machine_files::Entry;
use crate::services::{Service, State};
use crate::{
    Answer as PersonsAnswer, Artifact, Command, Commit, Error, Exit, Host, Instant, Level, Question, Request,
    Response,
};

/// The answer of the script, which has the kind of the call since the script's own methods made both.
macro_rules! answer {
    ($host:ident, $kind:ident, $call:expr) => {
        match $host.take($call)? {
            Answer::$kind(answer) => Ok(answer),
            _ => unreachable!("the script answers a call with its own kind of answer"),
        }
    };
}

impl ScriptedHost {
    fn done(&self, call: Call) -> Result<(), Error> {
        self.take(call).map(|_| ())
    }
}

impl Host for ScriptedHost {
    fn run(&self, command: &Command) -> Result<Exit, Error> {
        if let Some(answer) = self.by_rule(&self.programs, command, Call::command) {
            return answer;
        }
        answer!(self, Exit, Call::command(command))
    }
    fn run_all(&self, commands: &[Command]) -> Vec<Result<Exit, Error>> {
        commands.iter().map(|command| Host::run(self, command)).collect()
    }
    fn send(&self, request: &Request) -> Result<Response, Error> {
        if let Some(answer) = self.by_rule(&self.requests, request, Call::request) {
            return answer;
        }
        answer!(self, Response, Call::request(request))
    }
    fn read_file(&self, path: &str, max: u32) -> Result<Vec<u8>, Error> {
        answer!(self, Bytes, Call::new(format!("read {path}")).detail("max", max))
    }
    fn glob(&self, pattern: &str) -> Result<Vec<String>, Error> {
        answer!(self, Names, Call::new(format!("list {pattern}")))
    }
    fn write_report(&self, name: &str, media_type: &str, content: &[u8]) -> Result<String, Error> {
        let call = Call::new(format!("write report {name}"))
            .detail("media-type", media_type)
            .payload(content);
        answer!(self, Text, call)
    }
    fn append_line(&self, path: &str, line: &str, key: &str) -> Result<(), Error> {
        self.done(Call::new(format!("append to {path}: {line}")).detail("key", key))
    }
    fn machine_read(&self, machine: Option<&str>, path: &str, max: u32) -> Result<Option<Vec<u8>>, Error> {
        answer!(
            self,
            MaybeBytes,
            Call::new(format!("read on machine {path}"))
                .on(machine)
                .detail("max", max)
        )
    }
    fn machine_read_part(
        &self,
        machine: Option<&str>,
        path: &str,
        start: u64,
        max: u32,
    ) -> Result<Option<Vec<u8>>, Error> {
        let call = Call::new(format!("read on machine {path} from {start}")).on(machine);
        answer!(self, MaybeBytes, call.detail("max", max))
    }
    fn machine_list(&self, machine: Option<&str>, path: &str) -> Result<Option<Vec<Entry>>, Error> {
        answer!(
            self,
            Entries,
            Call::new(format!("list on machine {path}")).on(machine)
        )
    }
    fn machine_write(
        &self,
        machine: Option<&str>,
        path: &str,
        content: &[u8],
        mode: u32,
    ) -> Result<(), Error> {
        let call = Call::new(format!("write on machine {path}")).on(machine);
        self.done(call.detail("mode", format!("{mode:o}")).payload(content))
    }
    fn machine_create(&self, machine: Option<&str>, path: &str, content: &[u8]) -> Result<bool, Error> {
        answer!(
            self,
            Flag,
            Call::new(format!("create on machine {path}"))
                .on(machine)
                .payload(content)
        )
    }
    fn machine_link(&self, machine: Option<&str>, path: &str, to: &str) -> Result<(), Error> {
        self.done(Call::new(format!("link on machine {path} -> {to}")).on(machine))
    }
    fn machine_remove(&self, machine: Option<&str>, path: &str) -> Result<(), Error> {
        self.done(Call::new(format!("remove on machine {path}")).on(machine))
    }
    fn machine_fetch(
        &self,
        artifact: &Artifact,
        machine: Option<&str>,
        path: &str,
        mode: u32,
    ) -> Result<(), Error> {
        let call = Call::new(format!("fetch {} to {path}", artifact.name)).on(machine);
        self.done(
            call.detail("mode", format!("{mode:o}"))
                .detail("digest", &artifact.digest),
        )
    }
    fn service_start(&self, machine: Option<&str>, service: &Service) -> Result<State, Error> {
        let mut call = Call::new(format!("start service {}", service.name))
            .on(machine)
            .detail("argv", service.argv.join(" "))
            .detail("cwd", &service.cwd)
            .detail("log", &service.log)
            .detail("label", &service.label);
        for (name, value) in &service.env {
            call = call.detail(format!("env {name}"), value);
        }
        answer!(self, State, call)
    }
    fn service_stop(&self, machine: Option<&str>, name: &str, grace_ms: u64) -> Result<(), Error> {
        self.done(
            Call::new(format!("stop service {name}"))
                .on(machine)
                .detail("grace-ms", grace_ms),
        )
    }
    fn service_status(&self, machine: Option<&str>, name: &str) -> Result<State, Error> {
        answer!(
            self,
            State,
            Call::new(format!("state of service {name}")).on(machine)
        )
    }
    fn git_commits(&self, since: Option<&str>, until: &str) -> Result<Vec<Commit>, Error> {
        let range = since.map_or_else(|| until.to_owned(), |since| format!("{since}..{until}"));
        answer!(self, Commits, Call::new(format!("commits {range}")))
    }
    fn git_changed_files(&self, base: &str, head: &str) -> Result<Vec<String>, Error> {
        answer!(self, Names, Call::new(format!("files changed {base}..{head}")))
    }
    fn git_show(&self, revision: &str, path: &str, max: u32) -> Result<Vec<u8>, Error> {
        answer!(
            self,
            Bytes,
            Call::new(format!("read {path} at {revision}")).detail("max", max)
        )
    }
    fn git_tracked_files(&self) -> Result<Vec<String>, Error> {
        answer!(self, Names, Call::new("tracked files"))
    }
    fn artifact_put(&self, machine: Option<&str>, path: &str, name: &str) -> Result<Artifact, Error> {
        answer!(
            self,
            Artifact,
            Call::new(format!("keep {path} as artifact {name}")).on(machine)
        )
    }
    fn artifact_get(&self, artifact: &Artifact, machine: Option<&str>, path: &str) -> Result<(), Error> {
        let call = Call::new(format!("unpack artifact {} to {path}", artifact.name)).on(machine);
        self.done(call.detail("digest", &artifact.digest))
    }
    fn artifact_verify(&self, artifact: &Artifact) -> Result<(), Error> {
        let call = Call::new(format!("read back artifact {}", artifact.name));
        self.done(call.detail("digest", &artifact.digest))
    }
    fn ask(&self, question: &Question) -> Result<PersonsAnswer, Error> {
        let call = Call::new(format!("ask {}", question.id))
            .detail("text", &question.text)
            .detail("choices", question.choices.join(", "))
            .detail("may-answer", question.may_answer.join(", "));
        answer!(self, Person, call)
    }
    fn log(&self, level: Level, message: &str) {
        self.logs.borrow_mut().push((level, message.to_owned()));
    }
    fn progress(&self, _: u64, _: Option<u64>, _: &str) {}
    fn now(&self) -> Instant {
        self.clock.get()
    }
    fn random(&self, bytes: u32) -> Vec<u8> {
        (0..bytes)
            .map(|index| u8::try_from(index % 251).unwrap_or_default())
            .collect()
    }
    fn sleep(&self, ms: u64) {
        self.clock.set(self.clock.get() + ms);
        self.pauses.borrow_mut().push(ms);
    }
}
