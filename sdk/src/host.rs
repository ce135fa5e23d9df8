//! Everything that a plugin may ask for.

use crate::machine_files::Entry;
use crate::services::{Service, State};
use crate::{Answer, Artifact, Command, Commit, Error, Exit, Instant, Level, Question, Request, Response};

/// The host, as a plugin sees it: each method but `log` and `progress` is an effect.
///
/// Plugins take `&impl Host`, never `&dyn Host`: a table of all methods would make the component import every interface,
/// and the list of imports is the list of what a plugin may ever ask for.
pub trait Host {
    /// Runs a program to its end. One that exits with 1 is an [`Exit`]; one that cannot be started, or runs out of time,
    /// is an error.
    fn run(&self, command: &Command) -> Result<Exit, Error>;
    /// Runs several programs at once; the results are in the order of the commands.
    fn run_all(&self, commands: &[Command]) -> Vec<Result<Exit, Error>>;
    /// Sends one HTTP request. Any status is a [`Response`]; no answer is [`Error::Transient`].
    fn send(&self, request: &Request) -> Result<Response, Error>;

    /// Reads a file of the workspace; one longer than `max` bytes is an error.
    fn read_file(&self, path: &str, max: u32) -> Result<Vec<u8>, Error>;
    /// Paths of the workspace's files that match, relative, sorted.
    fn glob(&self, pattern: &str) -> Result<Vec<String>, Error>;
    /// Writes a file into the run's own folder and returns its path.
    fn write_report(&self, name: &str, media_type: &str, content: &[u8]) -> Result<String, Error>;
    /// Adds a line to a file, unless it has one that ends in `key`.
    fn append_line(&self, path: &str, line: &str, key: &str) -> Result<(), Error>;

    /// Reads a file on a machine; none when there is no such file.
    fn machine_read(&self, machine: Option<&str>, path: &str, max: u32) -> Result<Option<Vec<u8>>, Error>;
    /// Reads at most `max` bytes of a file on a machine after its first `start`; none when there is no such file.
    fn machine_read_part(
        &self,
        machine: Option<&str>,
        path: &str,
        start: u64,
        max: u32,
    ) -> Result<Option<Vec<u8>>, Error>;
    /// What a folder on a machine holds, sorted by name; none when there is no such folder.
    fn machine_list(&self, machine: Option<&str>, path: &str) -> Result<Option<Vec<Entry>>, Error>;
    /// Writes a file on a machine in one step; `mode` are Unix permission bits.
    fn machine_write(
        &self,
        machine: Option<&str>,
        path: &str,
        content: &[u8],
        mode: u32,
    ) -> Result<(), Error>;
    /// Writes a file only where nothing stands; false when something does.
    fn machine_create(&self, machine: Option<&str>, path: &str, content: &[u8]) -> Result<bool, Error>;
    /// Makes or switches a symbolic link in one step.
    fn machine_link(&self, machine: Option<&str>, path: &str, to: &str) -> Result<(), Error>;
    /// Removes a file, a link, or a folder with all that it holds.
    fn machine_remove(&self, machine: Option<&str>, path: &str) -> Result<(), Error>;
    /// Copies an artifact out of the store to a machine and compares its digest there.
    fn machine_fetch(
        &self,
        artifact: &Artifact,
        machine: Option<&str>,
        path: &str,
        mode: u32,
    ) -> Result<(), Error>;

    /// Runs exactly this supervised service under its name.
    fn service_start(&self, machine: Option<&str>, service: &Service) -> Result<State, Error>;
    /// Stops a service: TERM, then KILL after `grace_ms`.
    fn service_stop(&self, machine: Option<&str>, name: &str, grace_ms: u64) -> Result<(), Error>;
    /// How a service is.
    fn service_status(&self, machine: Option<&str>, name: &str) -> Result<State, Error>;

    /// Commits, newest first; all of them when `since` is none.
    fn git_commits(&self, since: Option<&str>, until: &str) -> Result<Vec<Commit>, Error>;
    /// Files that differ between two revisions.
    fn git_changed_files(&self, base: &str, head: &str) -> Result<Vec<String>, Error>;
    /// A file at a revision, at most `max` bytes.
    fn git_show(&self, revision: &str, path: &str, max: u32) -> Result<Vec<u8>, Error>;
    /// Files that git tracks, sorted.
    fn git_tracked_files(&self) -> Result<Vec<String>, Error>;

    /// Puts a file, or a folder as one archive, from a machine into the artifact store.
    fn artifact_put(&self, machine: Option<&str>, path: &str, name: &str) -> Result<Artifact, Error>;
    /// Brings an artifact out of the store to a machine.
    fn artifact_get(&self, artifact: &Artifact, machine: Option<&str>, path: &str) -> Result<(), Error>;
    /// Reads an artifact back whole and compares its digest.
    fn artifact_verify(&self, artifact: &Artifact) -> Result<(), Error>;

    /// Asks a person and waits for the answer.
    fn ask(&self, question: &Question) -> Result<Answer, Error>;

    /// A line for the user.
    fn log(&self, level: Level, message: &str);
    /// How far the work is.
    fn progress(&self, done: u64, total: Option<u64>, what: &str);
    /// The time of the journal's clock.
    fn now(&self) -> Instant;
    /// Random bytes.
    fn random(&self, bytes: u32) -> Vec<u8>;
    /// Waits.
    fn sleep(&self, ms: u64);
}
