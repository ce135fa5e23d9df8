//! The world as a run sees it: one place that lists which capabilities there are and hands each request to its own.

mod on_machine;

use std::{path::PathBuf, sync::Arc};

use runner_core::{
    backup::{Kept, Purpose},
    effect::{Outcome, Request, Response},
    event::{Kind, Level, Stream},
    fault::Fault,
    grant::Grant,
    id::{RunId, Scope},
    run::{Recorded, Run},
};

use crate::{
    backups::{self, BackupsError},
    capability::{
        Progress, artifacts::Artifacts, clock::Clock, executable, files::Files, git::Git, http::Http,
        machine::Machines, machine_files::MachineFiles, process::Processes, services::Services,
    },
    effects::Halt,
    journal::Journal,
    lease::{self, Leases},
    person::Person,
    secret::Secrets,
    session::{CancelledBy, Setup},
    stop::Stop,
    store::{Durability, Store, Taken},
    workspace::Workspace,
};

/// Folders and programs of this machine. Absolute.
#[derive(Clone, Debug)]
pub struct Places {
    /// Where the project's data is kept: artifacts, supervised services, logs of runs.
    pub data: PathBuf,
    /// Compiled plugins.
    pub cache: PathBuf,
    /// This program, which supervises services as `runner supervise`.
    pub runner: PathBuf,
    /// Which of the profile's machines this is, if it is one of them: nothing goes to it over SSH.
    pub here: Option<String>,
}

/// Everything outside.
pub struct World {
    /// Set when everything is to stop.
    pub stop: Stop,
    store: Arc<dyn Store>,
    leases: Arc<Leases>,
    cancelled: CancelledBy,
    run: RunId,
    run_folder: PathBuf,
    /// This program.
    runner: PathBuf,
    workspace: Workspace,
    secrets: Arc<Secrets>,
    process: Processes,
    http: Http,
    files: Files,
    machines: Machines,
    machine_files: MachineFiles,
    services: Services,
    artifacts: Arc<Artifacts>,
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
        self.journal.tell(Kind::Line {
            scope: self.scope.clone(),
            stream,
            text: text.to_owned(),
        });
    }

    fn log(&self, level: Level, message: &str) {
        let event = Kind::Log {
            scope: self.scope.clone(),
            level,
            message: message.to_owned(),
        };
        // If this cannot be kept, the effect's own result cannot either, and the run stops there.
        let _ = self.journal.append(event, Durability::Process);
    }
}

impl World {
    pub(crate) fn new(setup: &Setup, run: &Run, store: Arc<dyn Store>, leases: Arc<Leases>) -> Self {
        let Setup {
            places,
            workspace,
            stop,
            handle,
            ..
        } = setup;
        let root = workspace.root();
        let sources = run.header.profile.secrets.clone();
        let secrets = Arc::new(Secrets::new(sources, root, handle.clone(), stop.clone()));
        let run_folder = places.data.join("runs").join(run.id.as_str());
        let known = &run.header.profile.machines;
        let machines = Machines::new(
            run.id.as_str(),
            known,
            places.here.as_deref(),
            workspace,
            &secrets,
            handle,
            stop,
        );
        let folder = places.data.join("artifacts");
        let artifacts = Artifacts::new(folder, workspace.clone(), machines.clone(), stop.clone())
            .shared(Arc::clone(&store));
        let artifacts = Arc::new(artifacts);
        Self {
            process: Processes::new(
                workspace.clone(),
                machines.clone(),
                Arc::clone(&secrets),
                handle.clone(),
                stop.clone(),
            ),
            http: Http::new(Arc::clone(&secrets), handle.clone(), stop.clone()),
            files: Files::new(workspace.clone(), run_folder.clone(), stop.clone()),
            machine_files: MachineFiles::new(Arc::clone(&artifacts), machines.clone()),
            machines,
            services: Services::new(places.data.join("services"), places.runner.clone()),
            git: Git::new(root.to_path_buf(), handle.clone(), stop.clone()),
            clock: Clock::new(handle.clone(), stop.clone()),
            person: Person::new(
                Arc::clone(&store),
                run.id.clone(),
                run.header.by.clone(),
                root.to_path_buf(),
                handle.clone(),
                stop.clone(),
            ),
            stop: stop.clone(),
            workspace: workspace.clone(),
            cancelled: CancelledBy::default(),
            artifacts,
            store,
            leases,
            run: run.id.clone(),
            run_folder,
            runner: places.runner.clone(),
            secrets,
        }
    }

    /// Takes every known secret's value out of a text.
    pub(crate) fn scrub(&self, text: String) -> String {
        self.secrets.scrub_text(text)
    }

    /// Looks a secret's value up, so that it is known from now on.
    pub(crate) fn know_secret(&self, name: &str) -> Result<(), Fault> {
        self.secrets.value(name).map(drop)
    }

    /// Breaks off what is under way, because a person wants the run cancelled.
    pub fn cancel(&self, by: String) {
        if self.cancelled.set(by) {
            self.stop.stop();
        }
    }

    /// Makes what the run made in another clone of the repository in this one too: its commit and its tag, where they are
    /// not there. Both are the same each time they are made.
    pub(crate) fn catch_up(&self, run: &Run) -> Result<(), Fault> {
        let done = |recorded: &&Recorded| matches!(recorded.result, Some(Ok(_)));
        let all = || run.effects.values().flatten().filter(done);
        for recorded in all() {
            if let Request::GitCommitFile {
                path,
                content,
                message,
                parent,
                at,
            } = &recorded.request
                && let Some(Ok(Response::Names(made))) = &recorded.result
                && let Some(made) = made.first()
            {
                self.git
                    .commit_file_again(made, path, &content.0, message, parent, *at)?;
            }
        }
        for recorded in all() {
            if let Request::GitTag { .. } = &recorded.request {
                self.git(&recorded.request)?;
            }
        }
        Ok(())
    }

    /// Who wants the run cancelled.
    pub fn cancelled_by(&self) -> Option<String> {
        self.cancelled.get()
    }

    /// Does it. What comes back holds no secret's value.
    pub(crate) fn act(&self, request: &Request, acting: &Acting<'_>) -> Result<Outcome, Halt> {
        Ok(match request {
            Request::Run(command) => self
                .process
                .run(command, self.log_of(acting, "").as_deref(), acting),
            Request::RunAll { commands } => {
                let logs: Vec<_> = (0..commands.len())
                    .map(|i| self.log_of(acting, &format!(".{i}")))
                    .collect();
                self.process.run_all(commands, &logs, acting)
            }
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
            Request::Executable => executable::look(&self.runner),
            Request::SendExecutable {
                machine,
                path,
                digest,
            } => {
                let path = self.placed(machine, path);
                self.machine_files
                    .send(&self.runner, digest, machine.as_deref(), &path)
            }
            Request::Random { bytes } => self.clock.random(*bytes),
            Request::Sleep { ms } => self.clock.sleep(*ms),
            Request::WriteOutput { path, content } => self.files.write_output(path, &content.0),
            Request::LockTake { .. }
            | Request::LockGive { .. }
            | Request::RunAlive { .. }
            | Request::RecordGood { .. }
            | Request::GoodReleases { .. }
            | Request::BackupsBefore { .. }
            | Request::SpareBackups { .. }
            | Request::DeleteBackup { .. } => self.keep(request)?,
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
            Request::GitCommitFile {
                path,
                content,
                message,
                parent,
                at,
            } => self.git.commit_file(path, &content.0, message, parent, *at),
            Request::GitTag {
                tag,
                commit,
                message,
                at,
            } => self.git.tag(tag, commit, message, *at),
            Request::GitPush { remote, refs } => self.git.push(remote, refs),
            other => Err(unheard(other)),
        }
    }

    /// Waits until an effect that was begun before a crash is not under way any more on another machine.
    pub(crate) fn settle(&self, request: &Request) -> Result<(), Fault> {
        match request {
            Request::Run(command) => self.process.settle(std::slice::from_ref(command)),
            Request::RunAll { commands } => self.process.settle(commands),
            _ => Ok(()),
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
                let alive = match self.store.lease(&lease::of_run(run))? {
                    Some(lease) => lease.expires > self.store.now()?,
                    None => false,
                };
                let known = !self.store.events(run, 0)?.is_empty();
                Ok(Response::Flag(alive || !known))
            }
            Request::RecordGood { environment, good } => {
                self.store.record_good(environment, good)?;
                Ok(Response::Done)
            }
            Request::GoodReleases { environment } => Ok(Response::Good(self.store.good(environment)?)),
            Request::BackupsBefore { environment, version } => {
                let before = Purpose::Deploy(version.clone());
                let wanted = |kept: &Kept| kept.environment == *environment && kept.purpose == before;
                told(backups::known(self.store.as_ref(), usize::MAX, wanted))?
            }
            Request::SpareBackups { environment, backup } => told(backups::spare(
                self.store.as_ref(),
                &self.run,
                environment,
                backup,
            ))?,
            Request::DeleteBackup { backup } => self.artifacts.delete(&backup.artifacts),
            other => Err(unheard(other)),
        })
    }

    /// Where all of a program's output goes; nowhere in a plan, which leaves nothing behind.
    fn log_of(&self, acting: &Acting<'_>, part: &str) -> Option<PathBuf> {
        let scope = acting.scope.as_str().replace(['/', '#'], "-");
        let name = format!("{scope}-{}{part}.log", acting.n);
        (!acting.journal.plan()).then(|| self.run_folder.join("logs").join(name))
    }
}

/// Backups that were asked for; without the store nothing goes on.
fn told(known: Result<Vec<Kept>, BackupsError>) -> Result<Outcome, Halt> {
    match known {
        Ok(known) => Ok(Ok(Response::Backups(known))),
        Err(BackupsError::Store(error)) => Err(error.into()),
        Err(error) => Ok(Err(Fault::failed(error.to_string()))),
    }
}

fn unheard(request: &Request) -> Fault {
    Fault::failed(format!("no capability for: {}", request.summary()))
}
