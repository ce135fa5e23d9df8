//! A colleague, who answers from a process of their own.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::Repository;

/// Who.
const NAME: &str = "colleague@example.org";
/// Between two looks at whether there is a question.
const PAUSE: Duration = Duration::from_millis(500);

/// Says yes once, as soon as something is asked; goes away when dropped.
#[derive(Debug)]
pub struct Colleague {
    leave: Arc<AtomicBool>,
    answered: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Colleague {
    /// Sits down at the repository.
    pub fn at(repository: &dyn Repository) -> Self {
        let (leave, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let mut approve = repository.runner(&["approve", "--note", "looked at staging"]);
        approve
            .env("RUNNER_ACTOR", NAME)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let (left, done) = (Arc::clone(&leave), Arc::clone(&answered));
        let thread = thread::spawn(move || {
            while !left.load(Ordering::SeqCst) {
                if approve.status().is_ok_and(|status| status.success()) {
                    done.store(true, Ordering::SeqCst);
                    return;
                }
                thread::sleep(PAUSE);
            }
        });
        Self {
            leave,
            answered,
            thread: Some(thread),
        }
    }

    /// Whether the answer is given.
    pub fn has_answered(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }
}

impl Drop for Colleague {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
