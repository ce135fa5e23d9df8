//! How a script is written: one method per call that a plugin may make, then its answer and what else must hold of it.

use serde_json::Value;

use super::call::{self, Call, run_line};
use super::script::{Answer, Check, ScriptedHost};
use crate::machine_files::Entry;
use crate::services::State;
use crate::{Answer as PersonsAnswer, Artifact, Commit, Error, Exit, Nature, Response};

/// How a program ended that wrote this to its standard output, or to standard error where it failed.
pub fn exited(code: i32, said: impl Into<Vec<u8>>) -> Exit {
    let (said, nothing) = (said.into(), Vec::new());
    let (stdout, stderr) = if code == 0 {
        (said, nothing)
    } else {
        (nothing, said)
    };
    Exit {
        code: Some(code),
        signal: None,
        stdout,
        stderr,
        truncated: false,
        wall_ms: 1,
    }
}

/// The answer to an HTTP request, without headers.
pub fn answered(status: u16, body: impl Into<Vec<u8>>) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: body.into(),
        truncated: false,
    }
}

impl ScriptedHost {
    // ----- programs -----

    /// The plugin runs this program; it ends with 0 and says nothing, unless said otherwise.
    pub fn run<S: AsRef<str>>(self, argv: impl IntoIterator<Item = S>) -> Self {
        let argv: Vec<S> = argv.into_iter().collect();
        self.then(Call::new(run_line(&argv)), Answer::Exit(exited(0, "")))
    }

    /// The program ends with this code.
    pub fn exits(self, code: i32) -> Self {
        self.exit(|exit| exit.code = Some(code))
    }

    /// A signal ends the program.
    pub fn killed(self, signal: i32) -> Self {
        self.exit(|exit| (exit.code, exit.signal) = (None, Some(signal)))
    }

    /// What the program writes.
    pub fn stdout(self, text: impl AsRef<[u8]>) -> Self {
        self.exit(|exit| exit.stdout = text.as_ref().to_vec())
    }

    /// What the program writes to standard error.
    pub fn stderr(self, text: impl AsRef<[u8]>) -> Self {
        self.exit(|exit| exit.stderr = text.as_ref().to_vec())
    }

    /// Some of the program's output was cut, or of the response's body.
    pub fn truncated(mut self) -> Self {
        match &mut self.last().answer {
            Ok(Answer::Exit(exit)) => exit.truncated = true,
            Ok(Answer::Response(response)) => response.truncated = true,
            _ => panic!("`truncated` follows a program or a request"),
        }
        self
    }

    fn exit(mut self, change: impl FnOnce(&mut Exit)) -> Self {
        match &mut self.last().answer {
            Ok(Answer::Exit(exit)) => change(exit),
            _ => panic!("an exit code or output follows `run`"),
        }
        self
    }

    // ----- requests -----

    /// The plugin sends a GET; it is answered with 200 and nothing, unless said otherwise.
    pub fn get(self, url: &str) -> Self {
        self.request("GET", url)
    }

    /// The plugin sends a POST.
    pub fn post(self, url: &str) -> Self {
        self.request("POST", url)
    }

    /// The plugin sends a request.
    pub fn request(self, method: &str, url: &str) -> Self {
        self.then(
            Call::new(format!("{method} {url}")),
            Answer::Response(answered(200, "")),
        )
    }

    /// The answer to the request.
    pub fn answers(mut self, status: u16, body: impl AsRef<[u8]>) -> Self {
        match &mut self.last().answer {
            Ok(Answer::Response(response)) => {
                (response.status, response.body) = (status, body.as_ref().to_vec());
            }
            _ => panic!("`answers` follows a request"),
        }
        self
    }

    /// The answer to the request, as JSON.
    pub fn answers_json(self, status: u16, body: &Value) -> Self {
        self.answers(status, body.to_string())
            .answer_header("content-type", "application/json")
    }

    /// A header of the answer.
    pub fn answer_header(mut self, name: &str, value: &str) -> Self {
        match &mut self.last().answer {
            Ok(Answer::Response(response)) => response.headers.push((name.to_owned(), value.to_owned())),
            _ => panic!("`answer_header` follows a request"),
        }
        self
    }

    // ----- files -----

    /// The plugin reads this file of the workspace.
    pub fn read_file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.then(
            Call::new(format!("read {path}")),
            Answer::Bytes(content.as_ref().to_vec()),
        )
    }

    /// The plugin reads this file of the workspace, and it is not there.
    pub fn missing_file(self, path: &str) -> Self {
        self.read_file(path, "")
            .fails(Error::failed(format!("no file `{path}` in the workspace")))
    }

    /// The plugin asks which files of the workspace match.
    pub fn glob<S: Into<String>>(self, pattern: &str, paths: impl IntoIterator<Item = S>) -> Self {
        self.then(Call::new(format!("list {pattern}")), Answer::Names(names(paths)))
    }

    /// The plugin writes a report; its path is `reports/` and the name.
    pub fn write_report(self, name: &str) -> Self {
        self.then(
            Call::new(format!("write report {name}")),
            Answer::Text(format!("reports/{name}")),
        )
    }

    /// The plugin adds a line to a file.
    pub fn append_line(self, path: &str, line: &str) -> Self {
        self.then(Call::new(format!("append to {path}: {line}")), Answer::Nothing)
    }

    // ----- files on machines -----

    /// The plugin reads a file on a machine; none when there is no such file.
    pub fn machine_read(self, machine: Option<&str>, path: &str, content: Option<&[u8]>) -> Self {
        let answer = Answer::MaybeBytes(content.map(<[u8]>::to_vec));
        self.then(Call::new(format!("read on machine {path}")).on(machine), answer)
    }

    /// The plugin reads a part of a file on a machine; none when there is no such file.
    pub fn machine_read_part(
        self,
        machine: Option<&str>,
        path: &str,
        start: u64,
        content: Option<&[u8]>,
    ) -> Self {
        let answer = Answer::MaybeBytes(content.map(<[u8]>::to_vec));
        self.then(
            Call::new(format!("read on machine {path} from {start}")).on(machine),
            answer,
        )
    }

    /// The plugin lists a folder on a machine; none when there is no such folder.
    pub fn machine_list(self, machine: Option<&str>, path: &str, entries: Option<Vec<Entry>>) -> Self {
        self.then(
            Call::new(format!("list on machine {path}")).on(machine),
            Answer::Entries(entries),
        )
    }

    /// The plugin writes a file on a machine.
    pub fn machine_write(self, machine: Option<&str>, path: &str) -> Self {
        self.then(
            Call::new(format!("write on machine {path}")).on(machine),
            Answer::Nothing,
        )
    }

    /// The plugin writes a file where nothing stands; `created` says whether so.
    pub fn machine_create(self, machine: Option<&str>, path: &str, created: bool) -> Self {
        self.then(
            Call::new(format!("create on machine {path}")).on(machine),
            Answer::Flag(created),
        )
    }

    /// The plugin makes or switches a link.
    pub fn machine_link(self, machine: Option<&str>, path: &str, to: &str) -> Self {
        self.then(
            Call::new(format!("link on machine {path} -> {to}")).on(machine),
            Answer::Nothing,
        )
    }

    /// The plugin removes what stands there.
    pub fn machine_remove(self, machine: Option<&str>, path: &str) -> Self {
        self.then(
            Call::new(format!("remove on machine {path}")).on(machine),
            Answer::Nothing,
        )
    }

    /// The plugin copies an artifact to a machine.
    pub fn machine_fetch(self, artifact: &str, machine: Option<&str>, path: &str) -> Self {
        self.then(
            Call::new(format!("fetch {artifact} to {path}")).on(machine),
            Answer::Nothing,
        )
    }

    // ----- services -----

    /// The plugin starts a service.
    pub fn service_start(self, machine: Option<&str>, name: &str, state: State) -> Self {
        self.then(
            Call::new(format!("start service {name}")).on(machine),
            Answer::State(state),
        )
    }

    /// The plugin stops a service.
    pub fn service_stop(self, machine: Option<&str>, name: &str) -> Self {
        self.then(
            Call::new(format!("stop service {name}")).on(machine),
            Answer::Nothing,
        )
    }

    /// The plugin asks how a service is.
    pub fn service_status(self, machine: Option<&str>, name: &str, state: State) -> Self {
        self.then(
            Call::new(format!("state of service {name}")).on(machine),
            Answer::State(state),
        )
    }

    // ----- git -----

    /// The plugin reads commits.
    pub fn git_commits(self, since: Option<&str>, until: &str, commits: Vec<Commit>) -> Self {
        let range = since.map_or_else(|| until.to_owned(), |since| format!("{since}..{until}"));
        self.then(Call::new(format!("commits {range}")), Answer::Commits(commits))
    }

    /// The plugin asks which files differ.
    pub fn git_changed_files<S: Into<String>>(
        self,
        base: &str,
        head: &str,
        files: impl IntoIterator<Item = S>,
    ) -> Self {
        self.then(
            Call::new(format!("files changed {base}..{head}")),
            Answer::Names(names(files)),
        )
    }

    /// The plugin reads a file at a revision.
    pub fn git_show(self, revision: &str, path: &str, content: impl AsRef<[u8]>) -> Self {
        let answer = Answer::Bytes(content.as_ref().to_vec());
        self.then(Call::new(format!("read {path} at {revision}")), answer)
    }

    /// The plugin asks which files git tracks.
    pub fn git_tracked_files<S: Into<String>>(self, files: impl IntoIterator<Item = S>) -> Self {
        self.then(Call::new("tracked files"), Answer::Names(names(files)))
    }

    // ----- artifacts and people -----

    /// The plugin keeps a file as an artifact.
    pub fn artifact_put(self, machine: Option<&str>, path: &str, artifact: Artifact) -> Self {
        let call = Call::new(format!("keep {path} as artifact {}", artifact.name)).on(machine);
        self.then(call, Answer::Artifact(artifact))
    }

    /// The plugin brings an artifact back.
    pub fn artifact_get(self, artifact: &str, machine: Option<&str>, path: &str) -> Self {
        self.then(
            Call::new(format!("unpack artifact {artifact} to {path}")).on(machine),
            Answer::Nothing,
        )
    }

    /// The plugin reads an artifact back.
    pub fn artifact_verify(self, artifact: &str) -> Self {
        self.then(
            Call::new(format!("read back artifact {artifact}")),
            Answer::Nothing,
        )
    }

    /// The plugin asks a person, who chooses.
    pub fn ask(self, id: &str, choice: &str, by: &str) -> Self {
        let answer = PersonsAnswer {
            choice: choice.to_owned(),
            by: by.to_owned(),
            note: String::new(),
        };
        self.then(Call::new(format!("ask {id}")), Answer::Person(answer))
    }

    // ----- what else must hold of the last expectation, and errors -----

    /// On this machine.
    pub fn on(mut self, machine: &str) -> Self {
        self.last().call.machine = Some(machine.to_owned());
        self
    }

    /// In this working folder.
    pub fn in_folder(self, folder: &str) -> Self {
        self.with("cwd", folder)
    }

    /// With this environment variable.
    pub fn with_env(self, name: &str, value: &str) -> Self {
        self.with(&format!("env {name}"), value)
    }

    /// With this header.
    pub fn with_header(self, name: &str, value: &str) -> Self {
        self.with(&format!("header {}", name.to_lowercase()), value)
    }

    /// Of this nature.
    pub fn with_nature(self, nature: Nature) -> Self {
        self.with("nature", call::nature(nature))
    }

    /// With this detail: see [`Call::details`].
    pub fn with(self, name: &str, value: &str) -> Self {
        self.check(Check::Detail(name.to_owned(), value.to_owned()))
    }

    /// With exactly this body, stdin or content.
    pub fn with_payload(self, payload: impl AsRef<[u8]>) -> Self {
        self.check(Check::Payload(payload.as_ref().to_vec()))
    }

    /// With a body, stdin or content that has this in it.
    pub fn with_payload_containing(self, text: &str) -> Self {
        self.check(Check::Contains(text.to_owned()))
    }

    /// With a body, stdin or content that is this JSON.
    pub fn with_json(self, value: Value) -> Self {
        self.check(Check::Json(value))
    }

    /// The host takes so long to answer, by the plugin's clock.
    pub fn takes(mut self, ms: u64) -> Self {
        self.last().takes_ms = ms;
        self
    }

    /// The host answers with this error instead.
    pub fn fails(mut self, error: Error) -> Self {
        self.last().answer = Err(error);
        self
    }

    /// The host lists this write in a plan, and cannot foresee its result.
    pub fn planned(mut self) -> Self {
        let line = self.last().call.to_string();
        self.fails(Error::Planned(line))
    }
}

fn names<S: Into<String>>(all: impl IntoIterator<Item = S>) -> Vec<String> {
    all.into_iter().map(Into::into).collect()
}
