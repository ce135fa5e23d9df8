//! The server, as this plugin speaks to it: programs, as its user or as root, and files. Says what to do where a server is
//! not as it must be.

use std::time::Duration;

use runner_sdk::machine_files::Entry;
use runner_sdk::{Command, Error, Exit, Host, Nature, WithContext, retry};

/// Longer than any file that is read, in bytes.
const LONGEST: u32 = 1024 * 1024;
/// How often what may be done twice is tried over a bad connection.
const TRIES: u32 = 3;

/// A server.
pub(crate) struct Machine<'a, H> {
    pub(crate) host: &'a H,
    name: Option<&'a str>,
    user: &'a str,
}

impl<'a, H: Host> Machine<'a, H> {
    pub(crate) fn new(host: &'a H, name: Option<&'a str>, user: &'a str) -> Self {
        Self { host, name, user }
    }

    /// For messages.
    pub(crate) fn title(&self) -> &str {
        self.name.unwrap_or("this machine")
    }

    // ----- programs -----

    /// Asks a program; changes nothing. Any exit code is an answer.
    pub(crate) fn ask(&self, argv: &[&str]) -> Result<Exit, Error> {
        self.run(&command(argv).read().timeout(Duration::from_secs(60)))
    }

    /// The same, as root.
    pub(crate) fn ask_root(&self, argv: &[&str]) -> Result<Exit, Error> {
        self.ask(&sudo(argv))
    }

    /// Changes something, so that twice is the same as once; anything but success is an error that begins with `doing`.
    pub(crate) fn act(&self, argv: &[&str], doing: &str) -> Result<(), Error> {
        self.change(command(argv), doing)
    }

    /// The same, as root.
    pub(crate) fn act_root(&self, argv: &[&str], doing: &str) -> Result<(), Error> {
        self.act(&sudo(argv), doing)
    }

    /// Runs a command that changes something, so that twice is the same as once.
    pub(crate) fn change(&self, command: Command, doing: &str) -> Result<(), Error> {
        self.change_once(command, doing, || Ok(false))
    }

    /// Runs a command that is refused when it is done again, as it is when a crash left nobody who knows whether it was done:
    /// where it fails, `was_done` looks.
    pub(crate) fn change_once(
        &self,
        command: Command,
        doing: &str,
        was_done: impl FnOnce() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let exit = self.run(&command.idempotent().foresee_success())?;
        if exit.success() || was_done()? {
            return Ok(());
        }
        let failed = exit.require_success(doing).map(|_| ());
        failed.map_err(|error| self.explained(error))
    }

    /// Runs a command on the server. What changes nothing, or is the same twice, is tried again when it was not answered.
    pub(crate) fn run(&self, command: &Command) -> Result<Exit, Error> {
        let command = command.clone().on(self.name);
        let tries = if command.nature == Nature::Write { 1 } else { TRIES };
        let exit = retry(self.host, tries, || self.host.run(&command))?;
        let said = exit.stderr_text();
        let asks = [
            "a password is required",
            "a terminal is required",
            "may not run sudo",
            "is not in the sudoers",
        ];
        if command.argv.first().is_some_and(|program| program == "sudo")
            && asks.iter().any(|words| said.contains(words))
        {
            return Err(Error::failed(format!(
                "`sudo` asks `{}` for a password on {}: allow it without, e.g. with `{} ALL=(ALL) NOPASSWD: ALL` in \
                 `/etc/sudoers.d/runner`; `runner plugin inspect systemd` lists the programs",
                self.user,
                self.title(),
                self.user
            )));
        }
        Ok(exit)
    }

    /// Adds what to do about a full disk.
    fn explained(&self, error: Error) -> Error {
        if !error.message().contains("No space left on device") {
            return error;
        }
        let text = format!(
            "{}: the disk of {} is full: make room there, then try again",
            error.message(),
            self.title()
        );
        Error::Failed(text)
    }

    // ----- files, as the user -----

    /// A file as text; none when there is no such file.
    pub(crate) fn text(&self, path: &str) -> Result<Option<String>, Error> {
        let bytes = retry(self.host, TRIES, || {
            self.host.machine_read(self.name, path, LONGEST)
        })?;
        bytes
            .map(|bytes| String::from_utf8(bytes).context(format!("reading `{path}`")))
            .transpose()
    }

    /// What a folder holds; nothing when there is no such folder.
    pub(crate) fn list(&self, path: &str) -> Result<Vec<Entry>, Error> {
        Ok(retry(self.host, TRIES, || self.host.machine_list(self.name, path))?.unwrap_or_default())
    }

    pub(crate) fn write(&self, path: &str, content: &str) -> Result<(), Error> {
        let written = self
            .host
            .machine_write(self.name, path, content.as_bytes(), 0o644);
        written.map_err(|error| self.explained(error))
    }

    /// Writes a file only where nothing stands; false when something does.
    pub(crate) fn create(&self, path: &str, content: &[u8]) -> Result<bool, Error> {
        self.host.machine_create(self.name, path, content)
    }

    pub(crate) fn link(&self, path: &str, to: &str) -> Result<(), Error> {
        self.host.machine_link(self.name, path, to)
    }

    pub(crate) fn remove(&self, path: &str) -> Result<(), Error> {
        self.host.machine_remove(self.name, path)
    }

    /// Unpacks an artifact.
    pub(crate) fn unpack(&self, artifact: &runner_sdk::Artifact, path: &str) -> Result<(), Error> {
        let got = self.host.artifact_get(artifact, self.name, path);
        got.map_err(|error| self.explained(error))
    }

    // ----- files, as root -----

    /// Writes a file of root's: beside it first, then moved to its place in one step. `{{secret:name}}` is filled in.
    pub(crate) fn write_root(&self, path: &str, content: &str, mode: &str) -> Result<(), Error> {
        let beside = beside(path);
        let write = command(&sudo(&[
            "install",
            "-m",
            mode,
            "-o",
            "root",
            "-g",
            "root",
            "/dev/stdin",
            &beside,
        ]));
        self.change(write.stdin(content), &format!("writing `{path}`"))?;
        self.move_root(&beside, path, &format!("writing `{path}`"))
    }

    /// Makes or switches a link of root's in one step.
    pub(crate) fn link_root(&self, path: &str, to: &str) -> Result<(), Error> {
        let beside = beside(path);
        self.act_root(&["ln", "-sfn", to, &beside], &format!("linking `{path}`"))?;
        self.move_root(&beside, path, &format!("linking `{path}`"))
    }

    /// Moves what is root's, in one step. What is gone there and stands here was moved before.
    pub(crate) fn move_root(&self, from: &str, to: &str, doing: &str) -> Result<(), Error> {
        let moved = command(&sudo(&["mv", "-fT", from, to]));
        let was_moved = || Ok(!self.stands(from)? && self.stands(to)?);
        self.change_once(moved, doing, was_moved)
    }

    /// Whether anything is there.
    fn stands(&self, path: &str) -> Result<bool, Error> {
        Ok(self.ask_root(&["stat", "--format", "%F", "--", path])?.success())
    }

    pub(crate) fn remove_root(&self, path: &str) -> Result<(), Error> {
        self.act_root(&["rm", "-f", path], &format!("removing `{path}`"))
    }
}

/// A program and its arguments, as a command.
pub(crate) fn command(argv: &[&str]) -> Command {
    Command::new(argv.iter().copied())
}

/// The same as root, who must not be asked for a password: nobody is there to type it.
pub(crate) fn sudo<'w>(argv: &[&'w str]) -> Vec<&'w str> {
    ["sudo", "-n"]
        .iter()
        .copied()
        .chain(argv.iter().copied())
        .collect()
}

/// A name beside a path: hidden, and the same each time, so that what a broken-off run left is written over.
fn beside(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    format!("{folder}/.{name}.runner")
}
