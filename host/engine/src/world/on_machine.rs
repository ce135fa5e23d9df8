//! What is done on a machine: over SSH, or on the one that `runner` runs on.

use runner_core::{
    effect::{Outcome, Request, Service},
    profile::LOCAL,
};

use super::{World, unheard};

impl World {
    /// What is done on a machine: the one that `runner` runs on, or one of the profile.
    pub(super) fn on_machine(&self, request: &Request) -> Outcome {
        match request {
            Request::MachineRead { machine, path, max } => {
                self.machine_files
                    .read(machine.as_deref(), &self.placed(machine, path), *max)
            }
            Request::MachineReadPart {
                machine,
                path,
                start,
                max,
            } => self
                .machine_files
                .read_part(machine.as_deref(), &self.placed(machine, path), *start, *max),
            Request::MachineList { machine, path } => self
                .machine_files
                .list_folder(machine.as_deref(), &self.placed(machine, path)),
            Request::MachineWrite {
                machine,
                path,
                content,
                mode,
            } => self
                .machine_files
                .write(machine.as_deref(), &self.placed(machine, path), &content.0, *mode),
            Request::MachineCreate {
                machine,
                path,
                content,
            } => self
                .machine_files
                .create(machine.as_deref(), &self.placed(machine, path), &content.0),
            Request::MachineLink { machine, path, to } => {
                self.machine_files
                    .link(machine.as_deref(), &self.placed(machine, path), to)
            }
            Request::MachineRemove { machine, path } => self
                .machine_files
                .remove(machine.as_deref(), &self.placed(machine, path)),
            Request::MachineFetch {
                artifact,
                machine,
                path,
                mode,
            } => self
                .machine_files
                .fetch(artifact, machine.as_deref(), &self.placed(machine, path), *mode),
            Request::ServiceStart { machine, service } => {
                self.machines.local(machine.as_deref())?;
                self.start(service)
            }
            Request::ServiceStop {
                machine,
                name,
                grace_ms,
            } => {
                self.machines.local(machine.as_deref())?;
                self.services.stop(name, *grace_ms)
            }
            Request::ServiceStatus { machine, name } => {
                self.machines.local(machine.as_deref())?;
                self.services.status(name)
            }
            Request::ArtifactPut { machine, path, name } => {
                self.artifacts.put(machine.as_deref(), path, name)
            }
            Request::ArtifactGet {
                artifact,
                machine,
                path,
            } => self
                .artifacts
                .get(artifact, machine.as_deref(), &self.placed(machine, path)),
            Request::ArtifactVerify { artifact } => self.artifacts.verify(artifact),
            other => Err(unheard(other)),
        }
    }

    /// A path on a machine: on this one, relative ones are relative to the workspace.
    pub(super) fn placed(&self, machine: &Option<String>, path: &str) -> String {
        match machine.as_deref() {
            None | Some(LOCAL) => self.workspace.root().join(path).display().to_string(),
            Some(_) => path.to_owned(),
        }
    }

    fn start(&self, service: &Service) -> Outcome {
        let mut env = Vec::new();
        for (name, value) in &service.env {
            env.push((name.clone(), self.secrets.fill(value)?));
        }
        let root = self.workspace.root();
        let mut argv = service.argv.clone();
        // A path is taken from the workspace, as the grant took it; the supervisor would take it from the service's folder.
        if let Some(program) = argv.first_mut().filter(|program| program.contains('/')) {
            *program = root.join(&*program).display().to_string();
        }
        let placed = Service {
            argv,
            cwd: root.join(&service.cwd).display().to_string(),
            log: root.join(&service.log).display().to_string(),
            ..service.clone()
        };
        self.services.start(&placed, env)
    }
}
