//! A person's approval, bound to the version, the bytes of its artifacts, the environment and the plan.

use runner_core::{
    digest::Digest,
    effect::{Question, Request, Response},
    id::EnvironmentName,
    output::Output,
    profile::Approval,
    step::{FailureKind, StepError},
};

use super::Here;
use crate::conductor::Done;

/// What a person may say.
const APPROVE: &str = "approve";
/// What a person may say.
const REJECT: &str = "reject";

pub(super) fn approval(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let settings = here.environment(name)?.approval.clone().unwrap_or_default();
    let release = here
        .release()
        .ok_or_else(|| StepError::failed("there is no release to approve"))?;
    let subject = Digest::of_json(&(release.digest(), name, &here.run.header.plan));
    let version = &release.version;
    let text = format!("deploy {} {version} to {name}?", here.profile().project.name);
    ask(here, text, subject, settings, |by| {
        format!("{by} rejected {version} for {name}")
    })
}

/// Waits for somebody's yes; `no` tells of a no, by whom.
pub(super) fn ask(
    here: &Here<'_>,
    text: String,
    subject: Digest,
    settings: Approval,
    no: impl FnOnce(&str) -> String,
) -> Done {
    let question = Question {
        id: here.step.id.to_string(),
        text,
        choices: vec![APPROVE.to_owned(), REJECT.to_owned()],
        may_answer: settings.approvers,
        subject: Some(subject),
        own: settings.own,
        allowed_signers: settings.allowed_signers,
        timeout_ms: settings.timeout.map(|timeout| timeout.as_millis()),
    };
    match here.ask(Request::Ask(question))? {
        Response::Answer(answer) if answer.choice == APPROVE => Ok(Output::Answer(answer)),
        Response::Answer(answer) => {
            let note = if answer.note.is_empty() {
                String::new()
            } else {
                format!(": {}", answer.note)
            };
            let message = format!("{}{note}", no(&answer.by));
            Err(StepError::new(FailureKind::Rejected, message).into())
        }
        _ => Err(StepError::failed("a person's answer is no answer").into()),
    }
}
