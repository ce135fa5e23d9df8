//! The host's side of every import: each call becomes a request, is performed, and its response is handed back.

use runner_core::{
    effect::{Outcome, Request, Response},
    event::Level,
};

use super::{
    bindings::{
        host::runner::plugin::{
            artifacts, files, git, http, machine_files, person, process, runtime, services,
        },
        types::{self, Artifact, Error},
    },
    call::State,
};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl State {
    /// Performs a request; an `Err` of wasmtime's traps the guest, with the reason kept aside.
    fn outcome(&mut self, request: Request) -> wasmtime::Result<Outcome> {
        self.calls.perform(request).map_err(|halt| {
            let message = halt.to_string();
            self.halt = Some(halt);
            wasmtime::Error::msg(message)
        })
    }

    /// Performs a request whose response must be of one kind; the journal may hold another only if it was tampered with.
    fn ask<T>(&mut self, request: Request, pick: impl FnOnce(Response) -> Option<T>) -> Answer<T> {
        match self.outcome(request)? {
            Err(fault) => Ok(Err(fault.into())),
            Ok(response) => match pick(response) {
                Some(value) => Ok(Ok(value)),
                None => Err(wasmtime::Error::msg(
                    "the journal holds a response of another kind than was asked for",
                )),
            },
        }
    }
}

/// Takes one case of a response.
macro_rules! pick {
    ($case:ident) => {
        |response| match response {
            Response::$case(value) => Some(value),
            _ => None,
        }
    };
}

fn done(response: Response) -> Option<()> {
    matches!(response, Response::Done).then_some(())
}

impl types::Host for State {}

impl process::Host for State {
    fn run(&mut self, command: process::Command) -> Answer<process::Exit> {
        let exit = self.ask(Request::Run(command.into()), pick!(Exit))?;
        Ok(exit.map(Into::into))
    }

    fn run_all(
        &mut self,
        commands: Vec<process::Command>,
    ) -> wasmtime::Result<Vec<Result<process::Exit, Error>>> {
        let count = commands.len();
        let commands = commands.into_iter().map(Into::into).collect();
        Ok(match self.ask(Request::RunAll { commands }, pick!(Exits))? {
            Ok(exits) => exits
                .into_iter()
                .map(|e| e.map(Into::into).map_err(Into::into))
                .collect(),
            Err(error) => vec![Err(error); count],
        })
    }
}

impl http::Host for State {
    fn send(&mut self, request: http::Request) -> Answer<http::Response> {
        let response = self.ask(Request::Send(request.into()), pick!(Http))?;
        Ok(response.map(Into::into))
    }
}

impl files::Host for State {
    fn read(&mut self, path: String, max: u32) -> Answer<Vec<u8>> {
        self.ask(Request::ReadFile { path, max }, |response| match response {
            Response::Content(content) => content.map(|bytes| bytes.0),
            _ => None,
        })
    }

    fn glob(&mut self, pattern: String) -> Answer<Vec<String>> {
        self.ask(Request::Glob { pattern }, pick!(Names))
    }

    fn write_report(&mut self, name: String, media_type: String, content: Vec<u8>) -> Answer<String> {
        self.ask(
            Request::WriteReport {
                name,
                media_type,
                content: content.into(),
            },
            pick!(Path),
        )
    }

    fn append_line(&mut self, path: String, line: String, key: String) -> Answer<()> {
        self.ask(Request::AppendLine { path, line, key }, done)
    }
}

impl machine_files::Host for State {
    fn read(&mut self, machine: Option<String>, path: String, max: u32) -> Answer<Option<Vec<u8>>> {
        let content = self.ask(Request::MachineRead { machine, path, max }, pick!(Content))?;
        Ok(content.map(|content| content.map(|bytes| bytes.0)))
    }

    fn read_part(
        &mut self,
        machine: Option<String>,
        path: String,
        start: u64,
        max: u32,
    ) -> Answer<Option<Vec<u8>>> {
        let request = Request::MachineReadPart {
            machine,
            path,
            start,
            max,
        };
        let content = self.ask(request, pick!(Content))?;
        Ok(content.map(|content| content.map(|bytes| bytes.0)))
    }

    fn list_folder(
        &mut self,
        machine: Option<String>,
        path: String,
    ) -> Answer<Option<Vec<machine_files::Entry>>> {
        let entries = self.ask(Request::MachineList { machine, path }, pick!(Entries))?;
        Ok(entries.map(|entries| entries.map(|all| all.into_iter().map(Into::into).collect())))
    }

    fn write(&mut self, machine: Option<String>, path: String, content: Vec<u8>, mode: u32) -> Answer<()> {
        self.ask(
            Request::MachineWrite {
                machine,
                path,
                content: content.into(),
                mode,
            },
            done,
        )
    }

    fn create(&mut self, machine: Option<String>, path: String, content: Vec<u8>) -> Answer<bool> {
        self.ask(
            Request::MachineCreate {
                machine,
                path,
                content: content.into(),
            },
            pick!(Flag),
        )
    }

    fn link(&mut self, machine: Option<String>, path: String, to: String) -> Answer<()> {
        self.ask(Request::MachineLink { machine, path, to }, done)
    }

    fn remove(&mut self, machine: Option<String>, path: String) -> Answer<()> {
        self.ask(Request::MachineRemove { machine, path }, done)
    }

    fn fetch(&mut self, artifact: Artifact, machine: Option<String>, path: String, mode: u32) -> Answer<()> {
        self.ask(
            Request::MachineFetch {
                artifact: artifact.into(),
                machine,
                path,
                mode,
            },
            done,
        )
    }
}

impl services::Host for State {
    fn start(&mut self, machine: Option<String>, service: services::Service) -> Answer<services::State> {
        let status = self.ask(
            Request::ServiceStart {
                machine,
                service: service.into(),
            },
            pick!(Service),
        )?;
        Ok(status.map(Into::into))
    }

    fn stop(&mut self, machine: Option<String>, name: String, grace_ms: u64) -> Answer<()> {
        self.ask(
            Request::ServiceStop {
                machine,
                name,
                grace_ms,
            },
            done,
        )
    }

    fn status(&mut self, machine: Option<String>, name: String) -> Answer<services::State> {
        let status = self.ask(Request::ServiceStatus { machine, name }, pick!(Service))?;
        Ok(status.map(Into::into))
    }
}

impl git::Host for State {
    fn commits(&mut self, since: Option<String>, until: String) -> Answer<Vec<git::Commit>> {
        let commits = self.ask(Request::GitCommits { since, until }, pick!(Commits))?;
        Ok(commits.map(|commits| commits.into_iter().map(Into::into).collect()))
    }

    fn changed_files(&mut self, base: String, head: String) -> Answer<Vec<String>> {
        self.ask(Request::GitChangedFiles { base, head }, pick!(Names))
    }

    fn show(&mut self, revision: String, path: String, max: u32) -> Answer<Vec<u8>> {
        self.ask(
            Request::GitShow { revision, path, max },
            |response| match response {
                Response::Content(content) => content.map(|bytes| bytes.0),
                _ => None,
            },
        )
    }

    fn tracked_files(&mut self) -> Answer<Vec<String>> {
        self.ask(Request::GitTrackedFiles, pick!(Names))
    }
}

impl artifacts::Host for State {
    fn put(&mut self, machine: Option<String>, path: String, name: String) -> Answer<Artifact> {
        let artifact = self.ask(Request::ArtifactPut { machine, path, name }, pick!(Artifact))?;
        Ok(artifact.map(Into::into))
    }

    fn get(&mut self, artifact: Artifact, machine: Option<String>, path: String) -> Answer<()> {
        self.ask(
            Request::ArtifactGet {
                artifact: artifact.into(),
                machine,
                path,
            },
            done,
        )
    }

    fn verify(&mut self, artifact: Artifact) -> Answer<()> {
        self.ask(
            Request::ArtifactVerify {
                artifact: artifact.into(),
            },
            done,
        )
    }
}

impl person::Host for State {
    fn ask(&mut self, question: person::Question) -> Answer<person::Answer> {
        let answer = State::ask(self, Request::Ask(question.into()), pick!(Answer))?;
        Ok(answer.map(Into::into))
    }
}

impl runtime::Host for State {
    fn log(&mut self, level: runtime::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            runtime::Level::Debug => Level::Debug,
            runtime::Level::Info => Level::Info,
            runtime::Level::Warn => Level::Warn,
            runtime::Level::Error => Level::Error,
        };
        if level == Level::Error {
            self.last_error = Some(message.clone());
        }
        self.calls.log(level, &message);
        Ok(())
    }

    fn progress(&mut self, done: u64, total: Option<u64>, what: String) -> wasmtime::Result<()> {
        self.calls.progress(done, total, &what);
        Ok(())
    }

    fn now(&mut self) -> wasmtime::Result<u64> {
        match self.outcome(Request::Now)? {
            Ok(Response::Instant(at)) => Ok(at),
            other => Err(wasmtime::Error::msg(format!("no time was to be had: {other:?}"))),
        }
    }

    fn random(&mut self, bytes: u32) -> wasmtime::Result<Vec<u8>> {
        match self.outcome(Request::Random { bytes })? {
            Ok(Response::Random(bytes)) => Ok(bytes.0),
            other => Err(wasmtime::Error::msg(format!(
                "no random bytes were to be had: {other:?}"
            ))),
        }
    }

    fn sleep(&mut self, ms: u64) -> wasmtime::Result<()> {
        self.outcome(Request::Sleep { ms }).map(|_| ())
    }
}
