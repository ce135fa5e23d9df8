//! Approvals: bound to what is approved, by somebody else, and signed where the profile wants it, checked by the real
//! ssh-keygen.

use std::{fs, path::PathBuf, process::Command as Program, sync::Arc, thread};

use runner_core::{
    digest::Digest,
    effect::{Question, Request},
    event::{End, Kind, Level},
    id::StepId,
    output::Output,
    run::Run,
    step::Status,
};
use runner_engine::store::Decision;
use serde_json::{Value, json};

use super::scratch::{Scratch, Seen, begin, release};

/// A release that waits for an approval.
struct Waiting {
    scratch: Scratch,
    seen: Seen,
    session: Arc<runner_engine::session::Session>,
    driver: thread::JoinHandle<Result<End, runner_engine::effects::Halt>>,
    question: Question,
}

impl Waiting {
    fn of(scratch: Scratch, approval: Value) -> Self {
        let process = json!({
            "project": { "name": "scratch" },
            "environments": { "prod": {
                "target": { "plugin": "probe", "config": { "root": scratch.folder().join("prod") } },
                "approval": approval,
                "first-deploy": "allow",
                "health": { "timeout": "1s", "interval": "10ms" },
            } },
            "release": { "environments": ["prod"] },
        });
        let seen = Seen::default();
        let session = Arc::new(begin(&scratch.setup(), &process, release(), &seen));
        let driver = Arc::clone(&session);
        let driver = thread::spawn(move || driver.drive());
        let question = seen.wait_for(|event| match &event.kind {
            Kind::EffectStarted {
                request: Request::Ask(question),
                ..
            } => Some(question.clone()),
            _ => None,
        });
        Self {
            scratch,
            seen,
            session,
            driver,
            question,
        }
    }

    fn decision(&self, by: &str, choice: &str) -> Decision {
        Decision {
            run: self.session.id(),
            question: self.question.id.clone(),
            subject: self.question.subject.clone(),
            choice: choice.to_owned(),
            by: by.to_owned(),
            note: String::new(),
            at: runner_engine::clock::now(),
            signature: None,
        }
    }

    fn decide(&self, decision: &Decision) {
        self.scratch.store.decide(decision).expect("decided");
    }

    /// Decides, and waits until it is told why this does not count.
    fn refused(&self, decision: &Decision) -> String {
        let before = self.warnings().len();
        self.decide(decision);
        for _ in 0..500 {
            if let Some(warning) = self.warnings().get(before) {
                return warning.clone();
            }
            thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("nobody said that this does not count: {decision:?}")
    }

    fn warnings(&self) -> Vec<String> {
        let events = self.seen.events().into_iter();
        events
            .filter_map(|event| match event.kind {
                Kind::Log {
                    level: Level::Warn,
                    message,
                    ..
                } => Some(message),
                _ => None,
            })
            .collect()
    }

    /// Waits for the end; `look` sees the project before it is removed.
    fn end(self, look: impl FnOnce()) -> (End, Run) {
        let end = self.driver.join().expect("no panic").expect("ends");
        look();
        (end, self.session.state())
    }
}

fn approved_by(run: &Run) -> (String, bool) {
    match run.status(&StepId::from("prod/approval")) {
        Status::Done(Output::Answer(answer)) => (answer.by.clone(), answer.signed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_an_answer_that_counts_is_taken() {
    let waiting = Waiting::of(
        Scratch::new(),
        json!({ "approvers": ["bob@example.com", "ann@example.com"] }),
    );
    let told = waiting.refused(&waiting.decision("ann@example.com", "approve"));
    assert!(
        told.contains("who starts a release does not approve it"),
        "{told}"
    );
    let told = waiting.refused(&waiting.decision("eve@example.com", "approve"));
    assert!(
        told.contains("only bob@example.com, ann@example.com may answer"),
        "{told}"
    );
    let told = waiting.refused(&waiting.decision("bob@example.com", "yes"));
    assert!(told.contains("the choices are approve, reject"), "{told}");
    for subject in [None, Some(Digest::of(b"another release"))] {
        let decision = Decision {
            subject,
            ..waiting.decision("bob@example.com", "approve")
        };
        let told = waiting.refused(&decision);
        assert!(
            told.contains("another version, other artifacts or another plan"),
            "{told}"
        );
    }
    assert!(
        !waiting.scratch.folder().join("prod").exists(),
        "nothing was deployed meanwhile"
    );
    // To another question, another run: not even looked at.
    waiting.decide(&Decision {
        question: "staging/approval".to_owned(),
        ..waiting.decision("bob@example.com", "approve")
    });
    waiting.decide(&Decision {
        run: "r-other".into(),
        ..waiting.decision("bob@example.com", "approve")
    });
    waiting.decide(&waiting.decision("bob@example.com", "approve"));
    let version = waiting.scratch.folder().join("prod/version");
    let (end, run) = waiting.end(|| assert_eq!(fs::read_to_string(version).expect("deployed"), "0.1.0"));
    assert_eq!(end, End::Released);
    assert_eq!(approved_by(&run), ("bob@example.com".to_owned(), false));
}

#[test]
fn a_rejection_ends_the_release() {
    let waiting = Waiting::of(Scratch::new(), json!({ "own": true }));
    waiting.decide(&Decision {
        note: "not on a Friday".to_owned(),
        ..waiting.decision("ann@example.com", "reject")
    });
    let (end, run) = waiting.end(|| {});
    assert_eq!(end, End::Rejected);
    let summary = run.end.expect("ended").1;
    assert!(
        summary.contains("ann@example.com rejected 0.1.0 for prod: not on a Friday"),
        "{summary}"
    );
}

#[test]
fn a_signature_is_checked_by_ssh_keygen() {
    let scratch = Scratch::new();
    let keys = scratch.folder().join("keys");
    fs::create_dir(&keys).expect("a folder");
    let key = |name: &str| -> PathBuf {
        let path = keys.join(name);
        run(Program::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(&path));
        path
    };
    let (bob, eve) = (key("bob"), key("eve"));
    let public = fs::read_to_string(bob.with_extension("pub")).expect("a key");
    scratch.write(
        "allowed_signers",
        format!("bob@example.com namespaces=\"runner\" {public}"),
    );
    let waiting = Waiting::of(scratch, json!({ "allowed-signers": "allowed_signers" }));

    let approval = waiting.decision("bob@example.com", "approve");
    let told = waiting.refused(&approval);
    assert!(told.contains("it is not signed"), "{told}");
    let signed = |key: &PathBuf, namespace: &str, of: &Decision| {
        let text = keys.join("text");
        fs::write(&text, of.signed_text()).expect("written");
        let _ = fs::remove_file(keys.join("text.sig"));
        run(Program::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .arg(key)
            .arg(&text));
        Decision {
            signature: Some(fs::read_to_string(keys.join("text.sig")).expect("a signature")),
            ..approval.clone()
        }
    };
    let rejection = waiting.decision("bob@example.com", "reject");
    let of_another_run = Decision {
        run: "r-other".into(),
        ..approval.clone()
    };
    for (why, wrong) in [
        ("with another key", signed(&eve, "runner", &approval)),
        ("for another purpose", signed(&bob, "git", &approval)),
        ("of another choice", signed(&bob, "runner", &rejection)),
        ("of another run", signed(&bob, "runner", &of_another_run)),
        (
            "in another name",
            Decision {
                by: "carol@example.com".to_owned(),
                ..signed(&bob, "runner", &approval)
            },
        ),
        (
            "that is none",
            Decision {
                signature: Some(
                    "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n".to_owned(),
                ),
                ..approval.clone()
            },
        ),
    ] {
        let told = waiting.refused(&wrong);
        assert!(told.contains("its signature is not good"), "{why}: {told}");
    }
    waiting.decide(&signed(&bob, "runner", &approval));
    let (end, run) = waiting.end(|| {});
    assert_eq!(end, End::Released);
    assert_eq!(approved_by(&run), ("bob@example.com".to_owned(), true));
}

fn run(program: &mut Program) {
    let output = program.output().expect("ssh-keygen is there: install OpenSSH");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
