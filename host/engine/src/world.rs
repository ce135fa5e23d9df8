//! The world as a run sees it: one place that lists which capabilities there are and hands each request to its own.

use std::{path::PathBuf, sync::Arc};

use runner_core::{
    effect::{Outcome, Request, Response},
    event::{Kind, Level, Stream},
    fault::Fault,
    grant::Grant,
    id::Scope,
    run::Run,
};

use crate::{
    capability::{
        Progress, artifacts::Artifacts, clock::Clock, files::Files, git::Git, http::Http,
        machine_files::MachineFiles, process::Processes, services::Services,
    },
    effects::Halt,
    journal::Journal,
    lease::{self, Leases},
    person::Person,
    secret::Secrets,
    session::{CancelledBy, Setup},
    stop::Stop,
    store::{Durability, Store, Taken},
};

/// Folders and programs of this machine. Absolute.
#[derive(Clone, Debug)]
pub struct Places {
    /// The work tree of the repository.
    pub workspace: PathBuf,
    /// Where the project's data is kept: artifacts, supervised services, logs of runs.
    pub data: PathBuf,
    /// Compiled plugins.
    pub cache: PathBuf,
    /// This program, which supervises services as `runner supervise`.
    pub runner: PathBuf,
}

/// Everything outside.
pub struct World {
    /// Set when everything is to stop.
    pub stop: Stop,
    store: Arc<dyn Store>,
    leases: Arc<Leases>,
    cancelled: CancelledBy,
    run_folder: PathBuf,
    workspace: PathBuf,
    secrets: Arc<Secrets>,
    process: Processes,
    http: Http,
    files: Files,
    machine_files: MachineFiles,
    services: Services,
    artifacts: Artifacts,
    git: Git,
    clock: Clock,
    person: Person,
}

/// Who acts, for logs and for what is told meanwhile.
pub struct Acting<'a> {
    /// The conversation.
    pub scope: &'a Scope,
    /// The place there.
    pub n: u32,
    /// To tell what happens meanwhile.
    pub journal: &'a Journal,
    /// The plugin's, or none for the host's own.
    pub grant: Option<&'a Grant>,
}

impl Progress for Acting<'_> {
    fn line(&self, stream: Stream, text: &str) {
        self.journal.tell(Kind::Line { scope: self.scope.clone(), stream, text: text.to_owned() });
    }

    fn log(&self, level: Level, message: &str) {
        let event = Kind::Log { scope: self.scope.clone(), level, message: message.to_owned() };
        // If this cannot be kept, the effect's own result cannot either, and the run stops there.
        let _ = self.journal.append(event, Durability::Process);
    }
}

impl World {
    pub(crate) fn new(setup: &Setup, run: &Run, store: Arc<dyn Store>, leases: Arc<Leases>) -> Self {
        let Setup { places, stop, handle, .. } = setup;
        let secrets = Arc::new(Secrets::new(run.header.profile.secrets.clone()));
        let workspace = places.workspace.clone();
        let run_folder = places.data.join("runs").join(run.id.as_str());
        let artifacts = Artifacts::new(places.data.join("artifacts"), workspace.clone());
        Self {
            stop: stop.clone(),
            process: Process::new(workspace.clone(), Arc::clone(&secrets), handle.clone(), stop.clone()),
            http: Http::new(Arc::clone(&secrets), handle.clone(), stop.clone()),
            files: Files::new(workspace.clone(), run_folder.clone()),
            machine_files: MachineFiles::new(workspace.clone(), artifacts.clone()),
            services: Services::new(places.data.join("services"), places.runner.clone()),
            git: Git::new(workspace.clone()),
            clock: Clock::new(handle.clone(), stop.clone()),
            person: Person::new(
                Arc::clone(&store),
                run.id.clone(),
                run.header.by.clone(),
                workspace.clone(),
                handle.clone(),
                stop.clone(),
            ),
            artifacts,
            store,
            leases,
            cancelled: CancelledBy::default(),
            run_folder,
            workspace,
            secrets,
        }
    }

    /// Breaks off what is under way, because a person wants the run cancelled.
    pub fn cancel(&self, by: String) {
        if self.cancelled.set(by) {
            self.stop.stop();
        }
    }

    /// Who wants the run cancelled.
    pub fn cancelled_by(&self) -> Option<String> {
        self.cancelled.get()
    }

    /// Does it. What comes back holds no secret's value.
    pub(crate) fn act(&self, request: &Request, acting: &Acting<'_>) -> Result<Outcome, Halt> {
        Ok(match request {
            Request::Run(command) => self.process.run(command, &self.log_of(acting), acting),
            Request::RunAll { commands } => self.process.run_all(commands, &self.log_of(acting), acting),
            Request::Send(request) => self.http.send(request),
            Request::ReadFile { path, max } => self.files.read(path, *max),
            Request::Glob { pattern } => self.files.glob(pattern),
            Request::WriteReport { name, content, .. } => self.files.write_report(name, &content.0),
            Request::AppendLine { path, line, key } => self.files.append_line(path, line, key),
            Request::GitCommits { .. }
            | Request::GitChangedFiles { .. }
            | Request::GitShow { .. }
            | Request::GitTrackedFiles
            | Request::GitState { .. }
            | Request::GitCommitFile { .. }
            | Request::GitTag { .. }
            | Request::GitPush { .. } => self.git(request),
            Request::Ask(question) => self.person.ask(question, acting)?,
            Request::Now => self.clock.now(),
            Request::Random { bytes } => self.clock.random(*bytes),
            Request::Sleep { ms } => self.clock.sleep(*ms),
            Request::WriteOutput { path, content } => self.files.write_output(path, &content.0),
            Request::LockTake { .. }
            | Request::LockGive { .. }
            | Request::RunAlive { .. }
            | Request::RecordGood { .. }
            | Request::GoodReleases { .. } => self.keep(request)?,
            _ => self.on_machine(request),
        })
    }

    fn git(&self, request: &Request) -> Outcome {
        match request {
            Request::GitCommits { since, until } => self.git.commits(since.as_deref(), until),
            Request::GitChangedFiles { base, head } => self.git.changed_files(base, head),
            Request::GitShow { revision, path, max } => self.git.show(revision, path, *max),
            Request::GitTrackedFiles => self.git.tracked_files(),
            Request::GitState { tag_prefix } => self.git.state(tag_prefix),
            Request::GitCommitFile { path, content, message, parent, at } => {
                self.git.commit_file(path, &content.0, message, parent, *at)
            }
            Request::GitTag { tag, commit, message, at } => self.git.tag(tag, commit, message, *at),
            Request::GitPush { remote, refs } => self.git.push(remote, refs),
            other => Err(unheard(other)),
        }
    }

    /// What is done on a machine. There is one so far: the one that `runner` runs on.
    fn on_machine(&self, request: &Request) -> Outcome {
        if let Some(machine) = machine_of(request)
            && machine != "local"
        {
            return Err(Fault::failed(format!("the profile has no machine `{machine}`; there is `local`")));
        }
        match request {
            Request::MachineRead { path, max, .. } => self.machine_files.read(path, *max),
            Request::MachineList { path, .. } => self.machine_files.list_folder(path),
            Request::MachineWrite { path, content, mode, .. } => self.machine_files.write(path, &content.0, *mode),
            Request::MachineCreate { path, content, .. } => self.machine_files.create(path, &content.0),
            Request::MachineLink { path, to, .. } => self.machine_files.link(path, to),
            Request::MachineRemove { path, .. } => self.machine_files.remove(path),
            Request::MachineFetch { artifact, path, mode, .. } => self.machine_files.fetch(artifact, path, *mode),
            Request::ServiceStart { service, .. } => {
                let mut env = Vec::new();
                for (name, value) in &service.env {
                    env.push((name.clone(), self.secrets.fill(value)?));
                }
                let mut service = service.clone();
                service.cwd = self.workspace.join(&service.cwd).display().to_string();
                service.log = self.workspace.join(&service.log).display().to_string();
                self.services.start(&service, env)
            }
            Request::ServiceStop { name, grace_ms, .. } => self.services.stop(name, *grace_ms),
            Request::ServiceStatus { name, .. } => self.services.status(name),
            Request::ArtifactPut { path, name, .. } => self.artifacts.put(path, name),
            Request::ArtifactGet { artifact, path, .. } => self.artifacts.get(artifact, path),
            Request::ArtifactVerify { artifact } => self.artifacts.verify(artifact),
            other => Err(unheard(other)),
        }
    }

    /// What the store keeps.
    fn keep(&self, request: &Request) -> Result<Outcome, Halt> {
        Ok(match request {
            Request::LockTake { environment, reason } => {
                match self.leases.take(&lease::of_environment(environment), reason)? {
                    Taken::Ours { .. } => Ok(Response::Done),
                    Taken::Theirs(other) => Err(Fault::failed(format!(
                        "{environment} is locked by {} (run {}): {}",
                        other.owner, other.run, other.reason
                    ))),
                }
            }
            Request::LockGive { environment } => {
                self.leases.give(&lease::of_environment(environment))?;
                Ok(Response::Done)
            }
            Request::RunAlive { run } => {
                let lease = self.store.lease(&lease::of_run(run))?;
                let alive = lease.is_some_and(|lease| lease.expires > crate::clock::now());
                let known = !self.store.events(run, 0)?.is_empty();
                Ok(Response::Flag(alive || !known))
            }
            Request::RecordGood { environment, good } => {
                self.store.record_good(environment, good)?;
                Ok(Response::Done)
            }
            Request::GoodReleases { environment } => Ok(Response::Good(self.store.good(environment)?)),
            other => Err(unheard(other)),
        })
    }

    /// Where all of a program's output goes.
    fn log_of(&self, acting: &Acting<'_>) -> PathBuf {
        let scope = acting.scope.as_str().replace(['/', '#'], "-");
        self.run_folder.join("logs").join(format!("{scope}-{}.log", acting.n))
    }
}

fn machine_of(request: &Request) -> Option<&str> {
    match request {
        Request::MachineRead { machine, .. }
        | Request::MachineList { machine, .. }
        | Request::MachineWrite { machine, .. }
        | Request::MachineCreate { machine, .. }
        | Request::MachineLink { machine, .. }
        | Request::MachineRemove { machine, .. }
        | Request::MachineFetch { machine, .. }
        | Request::ServiceStart { machine, .. }
        | Request::ServiceStop { machine, .. }
        | Request::ServiceStatus { machine, .. }
        | Request::ArtifactPut { machine, .. }
        | Request::ArtifactGet { machine, .. } => machine.as_deref(),
        _ => None,
    }
}

fn unheard(request: &Request) -> Fault {
    Fault::failed(format!("no capability for: {}", request.summary()))
}
