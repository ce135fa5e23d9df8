//! One machine's connection: a master `ssh` that all that is done there goes through, opened when it is first needed,
//! opened again when it was lost, and closed at the end of the run. On the machine itself a `sh` takes its place.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use runner_core::{fault::Fault, profile::Machine};
use tokio::{process::Command, runtime::Handle, time::sleep};

use super::diagnosis::{self, Named};
use crate::{capability::process::hide_own_environment, secret::Secrets, stop::Stop};

/// Seconds that a master without anything to do goes on for: one whose `runner` was killed ends by itself.
const IDLE_S: u32 = 60;
/// A dead connection is noticed after three of these without an answer.
const ALIVE_S: u32 = 5;
/// How long a lost connection is tried to be had again, in pauses.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// A socket's path may have 104 bytes (macOS), and `ssh` adds 17 while it makes it.
const LONGEST_FOLDER: usize = 60;

/// A connection that is there, or will be once it is needed.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) named: Named,
    /// The machine is the one that `runner` runs on: what would go through `ssh` is given to `sh`.
    here: bool,
    options: Vec<String>,
    timeout: Duration,
    secrets: Arc<Secrets>,
    handle: Handle,
    stop: Stop,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Ours alone: whoever can write the socket can run programs on the machine.
    folder: Option<PathBuf>,
    /// Whether there was a connection in this run.
    was: bool,
    /// Whether something speaks against there being one now.
    suspect: bool,
}

impl Connection {
    pub(super) fn new(
        name: &str,
        machine: &Machine,
        here: bool,
        workspace: &Path,
        secrets: &Arc<Secrets>,
        handle: Handle,
        stop: Stop,
    ) -> Self {
        let timeout = Duration::from_millis(machine.connect_timeout.as_millis());
        let mut options = Vec::new();
        if let Some(config) = &machine.ssh_config {
            options.extend(["-F".to_owned(), workspace.join(config).display().to_string()]);
        }
        let line = [
            &["ssh".to_owned()][..],
            &options,
            std::slice::from_ref(&machine.ssh),
        ]
        .concat();
        let seconds = timeout.as_secs().max(1);
        options.push("-T".to_owned());
        for option in [
            "BatchMode=yes".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            format!("ConnectTimeout={seconds}"),
            format!("ServerAliveInterval={ALIVE_S}"),
            "ServerAliveCountMax=3".to_owned(),
            format!("ControlPersist={IDLE_S}"),
            "LogLevel=ERROR".to_owned(),
            // What a configuration may ask for besides, for people.
            "ClearAllForwardings=yes".to_owned(),
            "PermitLocalCommand=no".to_owned(),
            "RemoteCommand=none".to_owned(),
            "RequestTTY=no".to_owned(),
        ] {
            options.extend(["-o".to_owned(), option]);
        }
        Self {
            named: Named {
                name: name.to_owned(),
                destination: machine.ssh.clone(),
                line: line.join(" "),
            },
            here,
            options,
            timeout,
            secrets: Arc::clone(secrets),
            handle,
            stop,
            state: Mutex::default(),
        }
    }

    /// The `ssh` that runs a command there, through the connection, which is opened if need be.
    pub(super) fn program(&self, command: &str) -> Result<Command, Fault> {
        if self.here {
            return Ok(self.sh(command));
        }
        let socket = self.open()?;
        let mut ssh = self.ssh(&socket, &["-o", "ControlMaster=no"]);
        // Without the master it must not connect by itself: that would be another connection, with other errors.
        ssh.args(["-o", "ProxyCommand=false", "--", &self.named.destination, command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(ssh)
    }

    /// As sshd does it: the command is given to a shell, in the user's home.
    fn sh(&self, command: &str) -> Command {
        let mut sh = Command::new("/bin/sh");
        sh.args(["-c", command])
            .current_dir(std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        hide_own_environment(&self.secrets, &mut sh);
        sh
    }

    /// Something went wrong that the connection may be to blame for.
    pub(super) fn suspect(&self) {
        self.lock().suspect = true;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The master's socket. Held for the whole of it: two that need a connection wait for one.
    fn open(&self) -> Result<PathBuf, Fault> {
        let mut state = self.lock();
        let folder = match &state.folder {
            Some(folder) => folder.clone(),
            None => state
                .folder
                .insert(private_folder().map_err(|error| self.no_folder(&error))?)
                .clone(),
        };
        let socket = folder.join("m");
        if state.was && socket.exists() && (!state.suspect || self.answers(&socket)) {
            state.suspect = false;
            return Ok(socket);
        }
        let mut pauses = if state.was { &PAUSES[..] } else { &[] }.iter();
        loop {
            let _ = fs::remove_file(&socket);
            match self.connect(&socket, &folder.join("said")) {
                Ok(()) => break,
                Err(Fault::Transient { message, after_ms }) => match pauses.next() {
                    Some(pause) => self.pause(*pause)?,
                    None => return Err(Fault::Transient { message, after_ms }),
                },
                Err(fault) => return Err(fault),
            }
        }
        *state = State {
            folder: Some(folder),
            was: true,
            suspect: false,
        };
        Ok(socket)
    }

    fn no_folder(&self, error: &io::Error) -> Fault {
        let name = &self.named.name;
        Fault::failed(format!(
            "cannot make a folder for the connection to machine `{name}`: {error}"
        ))
    }

    fn pause(&self, pause: Duration) -> Result<(), Fault> {
        self.handle.block_on(async {
            tokio::select! {
                () = sleep(pause) => Ok(()),
                () = self.stop.wait() => Err(self.stopped()),
            }
        })
    }

    fn stopped(&self) -> Fault {
        Fault::Interrupted {
            message: format!(
                "`runner` was told to stop while it connected to machine `{}`",
                self.named.name
            ),
        }
    }

    /// Starts the master. It goes into the background once it is let in; until then nothing else was done there.
    fn connect(&self, socket: &Path, said: &Path) -> Result<(), Fault> {
        let errors = File::create(said).map_err(|error| self.no_folder(&error))?;
        let mut ssh = self.ssh(socket, &["-o", "ControlMaster=yes", "-N", "-f"]);
        ssh.args(["--", &self.named.destination])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors);
        let patience = self.timeout + Duration::from_secs(u64::from(3 * ALIVE_S));
        let ended = self.handle.block_on(async {
            let mut child = ssh.spawn()?;
            tokio::select! {
                ended = child.wait() => ended.map(Some),
                () = sleep(patience) => Ok(None),
                () = self.stop.wait() => Err(io::Error::other("told to stop")),
            }
        });
        match ended {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(_)) => {
                let said = fs::read(said).unwrap_or_default();
                Err(diagnosis::of(&self.named, &String::from_utf8_lossy(&said)))
            }
            Ok(None) => Err(diagnosis::of(&self.named, "connecting timed out")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Fault::failed(format!(
                "machine `{}` is reached with the program `ssh`, which is not on the PATH: install OpenSSH's client, on \
                 Debian `apt-get install openssh-client`",
                self.named.name
            ))),
            Err(_) if self.stop.stopped() => Err(self.stopped()),
            Err(error) => Err(Fault::failed(format!("cannot run `ssh`: {error}"))),
        }
    }

    /// Whether the master is there.
    fn answers(&self, socket: &Path) -> bool {
        self.control(socket, "check").is_ok_and(|status| status.success())
    }

    fn control(&self, socket: &Path, what: &str) -> io::Result<ExitStatus> {
        let mut ssh = std::process::Command::new("ssh");
        ssh.args(&self.options)
            .arg("-S")
            .arg(socket)
            .args(["-O", what, "--", &self.named.destination])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        ssh.status()
    }

    fn ssh(&self, socket: &Path, more: &[&str]) -> Command {
        let mut ssh = Command::new("ssh");
        // In a group of its own: Ctrl-C is for `runner`, which ends what it began.
        ssh.args(&self.options)
            .arg("-S")
            .arg(socket)
            .args(more)
            .process_group(0)
            .kill_on_drop(true);
        // `SendEnv` may say that variables go over.
        hide_own_environment(&self.secrets, &mut ssh);
        ssh
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(folder) = state.folder.take() else { return };
        let socket = folder.join("m");
        if socket.exists() {
            // Without it the master ends by itself a little later.
            let _ = self.control(&socket, "exit");
        }
        let _ = fs::remove_dir_all(folder);
    }
}

/// A new folder that nobody else can enter, with a path that is short enough for a socket's.
fn private_folder() -> io::Result<PathBuf> {
    let temporary = std::env::temp_dir();
    let short = temporary.as_os_str().len() <= LONGEST_FOLDER;
    let parent = if short { temporary } else { PathBuf::from("/tmp") };
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let folder = parent.join(format!("runner-{}", hex::encode(bytes)));
    DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}
