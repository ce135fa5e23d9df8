//! What a plan answers in the place of a write, as far as that can be known without doing it.

use runner_core::{
    digest::Digest,
    effect::{Exit, HttpResponse, Outcome, Request, Response, ServiceCondition, ServiceStatus},
    fault::Fault,
    release::Artifact,
};

/// What a plan can say of a write's result.
pub(super) fn result_of(request: &Request) -> Outcome {
    let unknown = || {
        Err(Fault::Planned {
            message: request.summary(),
        })
    };
    match request {
        Request::Run(command) if command.foresee_success => Ok(Response::Exit(Exit {
            code: Some(0),
            ..Default::default()
        })),
        Request::RunAll { commands } if commands.iter().all(|c| c.foresee_success) => {
            let exit = Exit {
                code: Some(0),
                ..Default::default()
            };
            Ok(Response::Exits(vec![Ok(exit); commands.len()]))
        }
        Request::Send(http) => match http.foresee_status {
            Some(status) => Ok(Response::Http(HttpResponse {
                status,
                headers: Vec::new(),
                body: Vec::new().into(),
                truncated: false,
            })),
            None => unknown(),
        },
        Request::WriteReport { name, .. } => Ok(Response::Path(name.clone())),
        Request::MachineCreate { .. } => Ok(Response::Flag(true)),
        Request::ServiceStart { service, .. } => Ok(Response::Service(ServiceStatus {
            condition: ServiceCondition::Running,
            label: Some(service.label.clone()),
            since: None,
            restarts: 0,
            detail: "planned".to_owned(),
        })),
        Request::ArtifactPut { name, path, .. } => Ok(Response::Artifact(Artifact {
            name: name.clone(),
            digest: Digest::not_yet_made(),
            size: 0,
            location: format!("planned:{path}"),
        })),
        // The commit's id cannot be foreseen, but nothing depends on more than its name.
        Request::GitCommitFile { .. } => Ok(Response::Names(vec!["planned".to_owned()])),
        Request::AppendLine { .. }
        | Request::MachineWrite { .. }
        | Request::MachineLink { .. }
        | Request::MachineRemove { .. }
        | Request::MachineFetch { .. }
        | Request::ServiceStop { .. }
        | Request::ArtifactGet { .. }
        | Request::GitTag { .. }
        | Request::GitPush { .. }
        | Request::WriteOutput { .. }
        | Request::LockTake { .. }
        | Request::LockGive { .. }
        | Request::SendExecutable { .. }
        | Request::DeleteBackup { .. }
        | Request::RecordGood { .. } => Ok(Response::Done),
        _ => unknown(),
    }
}
