//! The real host: each method is one imported function.

use crate::bindings::host::runner::plugin::{
    artifacts, files, git, http, machine_files, person, process, runtime, services,
};
use crate::machine_files::Entry;
use crate::services::{Service, State};
use crate::{
    Answer, Artifact, Command, Commit, Error, Exit, Host, Instant, Level, Question, Request, Response,
};

/// The host that a component runs on.
pub(crate) struct WasmHost;

impl Host for WasmHost {
    fn run(&self, command: &Command) -> Result<Exit, Error> {
        process::run(command)
    }
    fn run_all(&self, commands: &[Command]) -> Vec<Result<Exit, Error>> {
        process::run_all(commands)
    }
    fn send(&self, request: &Request) -> Result<Response, Error> {
        http::send(request)
    }
    fn read_file(&self, path: &str, max: u32) -> Result<Vec<u8>, Error> {
        files::read(path, max)
    }
    fn glob(&self, pattern: &str) -> Result<Vec<String>, Error> {
        files::glob(pattern)
    }
    fn write_report(&self, name: &str, media_type: &str, content: &[u8]) -> Result<String, Error> {
        files::write_report(name, media_type, content)
    }
    fn append_line(&self, path: &str, line: &str, key: &str) -> Result<(), Error> {
        files::append_line(path, line, key)
    }
    fn machine_read(&self, machine: Option<&str>, path: &str, max: u32) -> Result<Option<Vec<u8>>, Error> {
        machine_files::read(machine, path, max)
    }
    fn machine_read_part(
        &self,
        machine: Option<&str>,
        path: &str,
        start: u64,
        max: u32,
    ) -> Result<Option<Vec<u8>>, Error> {
        machine_files::read_part(machine, path, start, max)
    }
    fn machine_list(&self, machine: Option<&str>, path: &str) -> Result<Option<Vec<Entry>>, Error> {
        machine_files::list_folder(machine, path)
    }
    fn machine_write(
        &self,
        machine: Option<&str>,
        path: &str,
        content: &[u8],
        mode: u32,
    ) -> Result<(), Error> {
        machine_files::write(machine, path, content, mode)
    }
    fn machine_create(&self, machine: Option<&str>, path: &str, content: &[u8]) -> Result<bool, Error> {
        machine_files::create(machine, path, content)
    }
    fn machine_link(&self, machine: Option<&str>, path: &str, to: &str) -> Result<(), Error> {
        machine_files::link(machine, path, to)
    }
    fn machine_remove(&self, machine: Option<&str>, path: &str) -> Result<(), Error> {
        machine_files::remove(machine, path)
    }
    fn machine_fetch(
        &self,
        artifact: &Artifact,
        machine: Option<&str>,
        path: &str,
        mode: u32,
    ) -> Result<(), Error> {
        machine_files::fetch(artifact, machine, path, mode)
    }
    fn service_start(&self, machine: Option<&str>, service: &Service) -> Result<State, Error> {
        services::start(machine, service)
    }
    fn service_stop(&self, machine: Option<&str>, name: &str, grace_ms: u64) -> Result<(), Error> {
        services::stop(machine, name, grace_ms)
    }
    fn service_status(&self, machine: Option<&str>, name: &str) -> Result<State, Error> {
        services::status(machine, name)
    }
    fn git_commits(&self, since: Option<&str>, until: &str) -> Result<Vec<Commit>, Error> {
        git::commits(since, until)
    }
    fn git_changed_files(&self, base: &str, head: &str) -> Result<Vec<String>, Error> {
        git::changed_files(base, head)
    }
    fn git_show(&self, revision: &str, path: &str, max: u32) -> Result<Vec<u8>, Error> {
        git::show(revision, path, max)
    }
    fn git_tracked_files(&self) -> Result<Vec<String>, Error> {
        git::tracked_files()
    }
    fn artifact_put(&self, machine: Option<&str>, path: &str, name: &str) -> Result<Artifact, Error> {
        artifacts::put(machine, path, name)
    }
    fn artifact_get(&self, artifact: &Artifact, machine: Option<&str>, path: &str) -> Result<(), Error> {
        artifacts::get(artifact, machine, path)
    }
    fn artifact_verify(&self, artifact: &Artifact) -> Result<(), Error> {
        artifacts::verify(artifact)
    }
    fn ask(&self, question: &Question) -> Result<Answer, Error> {
        person::ask(question)
    }
    fn log(&self, level: Level, message: &str) {
        runtime::log(level, message);
    }
    fn progress(&self, done: u64, total: Option<u64>, what: &str) {
        runtime::progress(done, total, what);
    }
    fn now(&self) -> Instant {
        runtime::now()
    }
    fn random(&self, bytes: u32) -> Vec<u8> {
        runtime::random(bytes)
    }
    fn sleep(&self, ms: u64) {
        runtime::sleep(ms);
    }
}
