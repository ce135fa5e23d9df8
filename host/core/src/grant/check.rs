//! One request against a grant.

use serde_json::Value;

use super::need::Need;
use super::path::{Place, in_workspace, pattern_in_workspace};
use super::{Denial, Grant, Permissions, http};
use crate::{
    effect::{Command, HttpRequest, Request, Service},
    profile::toml,
    secret,
};

/// Variables that a plugin may always set: they tell a program what the call is about, and no more.
const TOLD: [&str; 3] = ["RUNNER_ENVIRONMENT", "RUNNER_URL", "RUNNER_VERSION"];

/// What a request needs: permissions, and secrets by name.
#[derive(Default)]
struct Needs {
    permissions: Vec<Need>,
    secrets: Vec<String>,
}

impl Grant {
    /// Decides whether a plugin's request may be performed. Secrets are not filled in yet.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub fn check(&self, request: &Request) -> Result<(), Denial> {
        let mut needs = Needs::default();
        needs.of(request).map_err(|why| Denial::Never {
            path: self.path.clone(),
            what: request.summary(),
            why,
        })?;
        needs.permissions.iter().try_for_each(|need| self.permits(need))?;
        needs.secrets.iter().try_for_each(|name| self.reveals(name))
    }

    fn permits(&self, need: &Need) -> Result<(), Denial> {
        let Some((kind, entry)) = self.asked.covering(need) else {
            return Err(Denial::NotAsked {
                plugin: self.plugin.clone(),
                what: need.what(),
                line: line(need.kind(), &Permissions::default(), need.entry()),
            });
        };
        if self.allowed.covering(need).is_some() {
            return Ok(());
        }
        Err(Denial::NotAllowed {
            path: self.path.clone(),
            what: need.what(),
            verb: self.verb(kind),
            line: format!("allow.{}", line(kind, &self.written, entry)),
        })
    }

    fn reveals(&self, name: &str) -> Result<(), Denial> {
        if self.secrets.contains(name) {
            return Ok(());
        }
        Err(Denial::Secret {
            path: self.path.clone(),
            secret: name.to_owned(),
            verb: self.verb("secrets"),
            line: format!("allow.{}", line("secrets", &self.written, Value::from(name))),
        })
    }

    fn verb(&self, kind: &str) -> &'static str {
        if self.written.entries(kind).is_empty() {
            "add to"
        } else {
            "change in"
        }
    }
}

/// `http = ["what is there", "what is missing"]`.
fn line(kind: &str, there: &Permissions, missing: Value) -> String {
    let value = match missing {
        Value::Bool(_) => missing,
        missing => {
            let mut entries = there.entries(kind);
            entries.push(missing);
            Value::Array(entries)
        }
    };
    format!("{kind} = {}", toml(&value))
}

impl Needs {
    /// Collects what a request needs.
    ///
    /// # Errors
    /// Why no grant could cover it.
    fn of(&mut self, request: &Request) -> Result<(), String> {
        for machine in request.machines() {
            self.permit(Need::On(machine.to_owned()))?;
        }
        match request {
            Request::Run(command) => self.command(command),
            Request::RunAll { commands } => commands.iter().try_for_each(|command| self.command(command)),
            Request::Send(request) => self.http(request),
            Request::ReadFile { path, .. } => self.permit(Need::File(in_workspace(path)?)),
            Request::Glob { pattern } => self.permit(Need::Glob(pattern_in_workspace(pattern)?)),
            Request::WriteReport { name, .. } => {
                in_workspace(name)?;
                self.permit(Need::Reports)
            }
            Request::AppendLine { path, .. } => self.permit(Need::Append(path.clone())),
            Request::MachineRead { path, .. }
            | Request::MachineReadPart { path, .. }
            | Request::MachineList { path, .. }
            | Request::MachineWrite { path, .. }
            | Request::MachineCreate { path, .. }
            | Request::MachineRemove { path, .. }
            | Request::MachineFetch { path, .. } => self.machine(path),
            Request::MachineLink { path, to, .. } => {
                let target = Place::parse(path)?.link_target(to)?;
                self.machine(path)?;
                self.permit(Need::Machine(target))
            }
            Request::ServiceStart { service, .. } => self.service(service),
            Request::ServiceStop { name, .. } | Request::ServiceStatus { name, .. } => {
                self.permit(Need::Service(name.clone()))
            }
            Request::ArtifactPut { path, name, .. } => {
                self.permit(Need::Artifact(name.clone()))?;
                // What is in the store can be had from there, so it must be readable.
                self.permit(Need::Taken(Place::parse(path)?))
            }
            Request::ArtifactGet { artifact, path, .. } => {
                self.permit(Need::Artifact(artifact.name.clone()))?;
                self.machine(path)
            }
            Request::ArtifactVerify { artifact } => self.permit(Need::Artifact(artifact.name.clone())),
            Request::Ask(_) => self.permit(Need::Person),
            Request::GitCommits { .. }
            | Request::GitChangedFiles { .. }
            | Request::GitShow { .. }
            | Request::GitTrackedFiles
            | Request::Now
            | Request::Random { .. }
            | Request::Sleep { .. } => Ok(()),
            Request::GitState { .. }
            | Request::GitCommitFile { .. }
            | Request::GitTag { .. }
            | Request::GitPush { .. }
            | Request::WriteOutput { .. }
            | Request::LockTake { .. }
            | Request::LockGive { .. }
            | Request::RecordGood { .. }
            | Request::Executable
            | Request::SendExecutable { .. }
            | Request::RunAlive { .. }
            | Request::GoodReleases { .. }
            | Request::BackupsBefore { .. }
            | Request::SpareBackups { .. }
            | Request::DeleteBackup { .. } => Err("only `runner` itself may".to_owned()),
        }
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "reads as one arm of a match over fallible ones"
    )]
    fn permit(&mut self, need: Need) -> Result<(), String> {
        self.permissions.push(need);
        Ok(())
    }

    fn machine(&mut self, path: &str) -> Result<(), String> {
        self.permit(Need::Machine(Place::parse(path)?))
    }

    fn secrets_in(&mut self, text: &[u8]) {
        self.secrets.extend(secret::names(text).map(str::to_owned));
    }

    fn environment(&mut self, env: &[(String, String)]) {
        for (name, value) in env {
            if !TOLD.contains(&name.as_str()) {
                self.permissions.push(Need::Variable(name.clone()));
            }
            self.secrets_in(value.as_bytes());
        }
    }

    fn command(&mut self, command: &Command) -> Result<(), String> {
        self.permit(Need::Program(command.argv.clone()))?;
        command
            .argv
            .iter()
            .for_each(|word| self.secrets_in(word.as_bytes()));
        self.environment(&command.env);
        if let Some(stdin) = &command.stdin {
            self.secrets_in(&stdin.0);
        }
        match &command.cwd {
            Some(cwd) if cwd.starts_with('/') => self.machine(cwd),
            Some(cwd) => Place::parse(cwd).map(|_| ()),
            None => Ok(()),
        }
    }

    fn http(&mut self, request: &HttpRequest) -> Result<(), String> {
        self.permit(Need::Http(http::destination(request)?))?;
        self.secrets_in(request.url.as_bytes());
        for (_, value) in &request.headers {
            self.secrets_in(value.as_bytes());
        }
        self.secrets_in(&request.body.0);
        self.secrets
            .extend(request.signing.iter().map(|signing| signing.secret.clone()));
        Ok(())
    }

    /// A service runs a program, in a folder, with a log: its name alone is not enough.
    fn service(&mut self, service: &Service) -> Result<(), String> {
        self.permit(Need::Service(service.name.clone()))?;
        let program = service.argv.first().ok_or("there is no program")?;
        let has_secret = |word: &String| secret::names(word.as_bytes()).next().is_some();
        let started = if program.contains('/') && !service.argv.iter().any(has_secret) {
            Need::Started(Place::parse(program)?, service.argv.clone())
        } else {
            Need::Program(service.argv.clone())
        };
        self.permit(started)?;
        service
            .argv
            .iter()
            .for_each(|word| self.secrets_in(word.as_bytes()));
        self.environment(&service.env);
        self.machine(&service.cwd)?;
        self.machine(&service.log)
    }
}
