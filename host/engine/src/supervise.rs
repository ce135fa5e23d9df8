//! Keeps one process running without `runner` and without a service manager. `capability::services` starts a supervisor
//! for each service as a process of its own, and they share a folder:
//!
//! | file             | says                                                                                    |
//! |------------------|-----------------------------------------------------------------------------------------|
//! | `lock`           | locked (flock) as long as the supervisor lives, so no pid has to be asked whether it does |
//! | `state.json`     | what the supervisor tells, see [`State`]                                                |
//! | `grace`          | milliseconds that the process gets to end after TERM, written before TERM is sent       |
//! | `supervisor.log` | why a supervisor failed                                                                 |
//! | `turn`           | locked by the `runner` that starts or stops the service                                 |
//!
//! What is to be run comes by standard input: its environment may hold secrets, which therefore never are in a file.

pub(crate) mod child;
pub(crate) mod process;
pub(crate) mod state;

use std::{
    fs::{File, TryLockError},
    io::{self, Write},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};

use child::Child;
use state::{Folder, Spec, State};

/// Until the first restart; doubles from one to the next.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest time until a restart.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A process that was up for so long was well: the next pause is the first again.
const WELL: Duration = Duration::from_secs(10);
/// Where TERM comes from elsewhere than `stop`.
const GRACE: Duration = Duration::from_secs(10);

/// The supervisor's whole life: takes the lock, reads its [`Spec`] from standard input, keeps the process running until
/// TERM. A first start that fails ends it too; `state.json` tells why.
pub fn main(folder: &Path) -> ExitCode {
    // Away from the terminal, whose Ctrl-C and end are none of the service's business. It fails where there is a session
    // of its own already.
    let _ = rustix::process::setsid();
    match run(&Folder::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Folder) -> io::Result<()> {
    let _lock = lock(folder)?;
    let spec: Spec = serde_json::from_reader(io::stdin().lock())?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        // Before there is a process that TERM would leave behind.
        let term = signal(SignalKind::terminate())?;
        let state = State::starting(&spec);
        folder.write(&state)?;
        let mut supervisor = Supervisor {
            folder,
            spec,
            term,
            state,
        };
        supervisor.supervise().await;
        Ok(())
    });
    runtime.shutdown_background();
    result
}

fn lock(folder: &Folder) -> io::Result<File> {
    let file = folder.lock_file()?;
    // Whoever asks whether there is a supervisor holds it for a moment.
    for _ in 0..200 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("another supervisor has this service"))
}

/// How a process came to its end.
enum Ended {
    /// By itself; after how long.
    Alone(Duration),
    /// Because of TERM.
    Asked,
}

struct Supervisor<'a> {
    folder: &'a Folder,
    spec: Spec,
    term: Signal,
    state: State,
}

impl Supervisor<'_> {
    async fn supervise(&mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            match Child::start(&self.spec.service) {
                Ok(child) => match self.watch(child).await {
                    Ended::Asked => return self.stopped("stopped, as was asked for"),
                    Ended::Alone(up) => pause = if up >= WELL { FIRST_PAUSE } else { pause },
                },
                Err(error) if self.state.restarts == 0 => return self.stopped(&error.to_string()),
                // The program is being replaced, maybe.
                Err(error) => self.tell(|state| state.restarting(error.to_string())),
            }
            tokio::select! {
                () = sleep(pause) => {}
                _ = self.term.recv() => return self.stopped("stopped, as was asked for, while it was down"),
            }
            pause = longer(pause);
            self.state.restarts += 1;
        }
    }

    /// Waits until the process ends, by itself or because of TERM.
    async fn watch(&mut self, mut child: Child) -> Ended {
        self.tell(|state| state.running(child.process()));
        tokio::select! {
            () = child.ended() => {
                let (up, how) = (child.up(), child.clear());
                self.tell(|state| state.restarting(how));
                Ended::Alone(up)
            }
            _ = self.term.recv() => {
                child.stop(self.folder.grace().unwrap_or(GRACE)).await;
                Ended::Asked
            }
        }
    }

    fn stopped(&mut self, detail: &str) {
        self.tell(|state| state.stopped(detail));
    }

    /// Tells a new state. A full disk must not end a service that runs.
    fn tell(&mut self, change: impl FnOnce(&mut State)) {
        change(&mut self.state);
        if let Err(error) = self.folder.write(&self.state) {
            let _ = writeln!(io::stderr(), "cannot tell the state: {error}");
        }
    }
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use std::{env, path::PathBuf};

    use super::{FIRST_PAUSE, longer};

    /// Not a test of its own: the supervisor process of the tests of `capability::services`.
    #[test]
    fn supervisor() {
        let folder = env::args_os().next_back().map(PathBuf::from);
        if let Some(folder) = folder.filter(|folder| folder.join("turn").exists()) {
            super::main(&folder);
        }
    }

    #[test]
    fn pauses_grow_to_the_longest() {
        let pauses = std::iter::successors(Some(FIRST_PAUSE), |pause| Some(longer(*pause)));
        let millis: Vec<_> = pauses.take(8).map(|pause| pause.as_millis()).collect();
        assert_eq!(millis, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
