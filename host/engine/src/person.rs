//! People: waits for a decision that answers a question, from whatever process it comes, and checks who gave it.

use std::{
    fs::OpenOptions,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use runner_core::{
    effect::{Answer, Outcome, Question, Response},
    event::Level,
    fault::Fault,
    id::RunId,
};

use crate::{
    capability::Progress,
    clock::now,
    stop::Stop,
    store::{Decision, Store, StoreError},
};

/// The question that is always open: whether to go on at all.
pub const CANCEL: &str = "cancel";
/// Namespace of SSH signatures over decisions; see ssh-keygen(1), `-Y sign`.
pub const SIGNATURE_NAMESPACE: &str = "runner";
/// Asks people.
pub struct Person {
    store: Arc<dyn Store>,
    run: RunId,
    /// Who started the run.
    starter: String,
    workspace: PathBuf,
    handle: tokio::runtime::Handle,
    stop: Stop,
}

impl Person {
    /// Asks on behalf of a run that `starter` started.
    pub fn new(
        store: Arc<dyn Store>,
        run: RunId,
        starter: String,
        workspace: PathBuf,
        handle: tokio::runtime::Handle,
        stop: Stop,
    ) -> Self {
        Self {
            store,
            run,
            starter,
            workspace,
            handle,
            stop,
        }
    }

    /// Waits for an answer that counts. An answer that does not is told of once, with the reason.
    pub fn ask(&self, question: &Question, progress: &dyn Progress) -> Result<Outcome, StoreError> {
        let began = now();
        let mut told = 0;
        loop {
            let decisions = self.store.decisions(&self.run)?;
            let answers: Vec<_> = decisions.iter().filter(|d| d.question == question.id).collect();
            for (place, decision) in answers.iter().enumerate() {
                match counts(question, decision, &self.starter, &self.workspace) {
                    Ok(()) => return Ok(Ok(Response::Answer(answer(question, decision)))),
                    Err(why) if place >= told => {
                        told = place + 1;
                        let line = format!(
                            "the answer `{}` of {} does not count: {why}",
                            decision.choice, decision.by
                        );
                        progress.log(Level::Warn, &line);
                    }
                    Err(_) => {}
                }
            }
            if question
                .timeout_ms
                .is_some_and(|limit| now().saturating_sub(began) > limit)
            {
                return Ok(Err(Fault::failed(format!(
                    "nobody answered in time: {}",
                    question.text
                ))));
            }
            if self.pause() {
                return Ok(Err(Fault::Interrupted {
                    message: format!("asked: {}", question.text),
                }));
            }
        }
    }

    /// Waits a little; true when everything is to stop.
    fn pause(&self) -> bool {
        self.handle.block_on(async {
            tokio::select! {
                () = self.stop.wait() => true,
                () = tokio::time::sleep(self.store.look_every()) => false,
            }
        })
    }
}

fn answer(question: &Question, decision: &Decision) -> Answer {
    Answer {
        choice: decision.choice.clone(),
        by: decision.by.clone(),
        note: decision.note.clone(),
        at: decision.at,
        signed: question.allowed_signers.is_some(),
    }
}

/// Whether a decision answers a question; if not, why.
pub fn counts(
    question: &Question,
    decision: &Decision,
    starter: &str,
    workspace: &Path,
) -> Result<(), String> {
    if decision.subject != question.subject {
        return Err("it was given for another version, other artifacts or another plan".to_owned());
    }
    if !question.choices.contains(&decision.choice) {
        return Err(format!("the choices are {}", question.choices.join(", ")));
    }
    if !question.may_answer.is_empty() && !question.may_answer.contains(&decision.by) {
        return Err(format!("only {} may answer", question.may_answer.join(", ")));
    }
    if !question.own && decision.by == starter {
        return Err(
            "who starts a release does not approve it ([environments.*.approval] own = true allows it)"
                .to_owned(),
        );
    }
    match &question.allowed_signers {
        Some(file) => verify(decision, &workspace.join(file)),
        None => Ok(()),
    }
}

/// Checks the SSH signature with the user's own ssh-keygen.
fn verify(decision: &Decision, allowed_signers: &Path) -> Result<(), String> {
    let Some(signature) = &decision.signature else {
        return Err("it is not signed: `runner approve --key ~/.ssh/id_ed25519`".to_owned());
    };
    let file = signature_file(signature)?;
    let checked = run_ssh_keygen(decision, allowed_signers, &file);
    let _ = std::fs::remove_file(&file);
    checked
}

/// ssh-keygen takes a signature from a file only. Its name cannot be guessed, and nothing that stands there is followed or
/// written over: the folder may be everybody's.
fn signature_file(signature: &str) -> Result<PathBuf, String> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    let path = std::env::temp_dir().join(format!("runner-{}.sig", hex::encode(random)));
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(signature.as_bytes()))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}

fn run_ssh_keygen(decision: &Decision, allowed_signers: &Path, signature: &Path) -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("cannot run ssh-keygen: {error}");
    let mut child = Command::new("ssh-keygen")
        .args([
            "-Y",
            "verify",
            "-n",
            SIGNATURE_NAMESPACE,
            "-I",
            &decision.by,
            "-f",
        ])
        .arg(allowed_signers)
        .arg("-s")
        .arg(signature)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that refuses the signature before it has read the text says why when it ends.
        match stdin.write_all(decision.signed_text().as_bytes()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(cannot(error)),
            _ => {}
        }
    }
    let output = child.wait_with_output().map_err(cannot)?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "its signature is not good: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
