//! A host that really runs programs, with a folder as its store; only what the plugin asks for.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};

use runner_sdk::machine_files::{Entry, Kind};
use runner_sdk::services::{Service, State};
use runner_sdk::{
    Answer, Artifact, Command, Commit, Error, Exit, Host, Instant, Level, Question, Request, Response,
};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

pub(crate) struct RealHost {
    root: TempDir,
    kept: RefCell<Vec<Artifact>>,
    clock: Cell<Instant>,
}

/// A file system of a few kilobytes.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Program::new("umount").arg(&self.0).status();
    }
}

impl RealHost {
    pub(crate) fn new() -> Self {
        let root = TempDir::new().expect("a temporary folder");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(root.path(), mode).expect("its rights");
        std::fs::create_dir(root.path().join("store")).expect("a folder");
        Self {
            root,
            kept: RefCell::default(),
            clock: Cell::new(1_773_568_800_000),
        }
    }

    /// An absolute path of this name.
    pub(crate) fn folder(&self, name: &str) -> String {
        self.root.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// A folder as the setup of an environment makes it for `sudo-user`.
    pub(crate) fn shared_folder(&self, name: &str, group: &str) -> String {
        let folder = self.folder(name);
        let made = Program::new("install")
            .args(["-d", "-g", group, "-m", "2770", &folder])
            .status();
        assert!(made.expect("install").success());
        folder
    }

    /// A disk that holds next to nothing; none where this test may not mount one.
    pub(crate) fn small_disk(&self) -> Option<SmallDisk> {
        let folder = self.root.path().join("small");
        std::fs::create_dir(&folder).expect("a folder");
        let mounted = Program::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(SmallDisk(folder))
    }

    /// Names in a folder, hidden ones too, sorted.
    pub(crate) fn list(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder(folder)).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// The first artifact whose name starts so.
    pub(crate) fn stored(&self, start: &str) -> Artifact {
        let kept = self.kept.borrow();
        kept.iter()
            .find(|artifact| artifact.name.starts_with(start))
            .expect("kept")
            .clone()
    }

    /// How many artifacts there are whose name starts so.
    pub(crate) fn stored_names(&self, start: &str) -> usize {
        self.kept
            .borrow()
            .iter()
            .filter(|artifact| artifact.name.starts_with(start))
            .count()
    }

    /// Cuts off the end of the data in the store, and makes the digest fit it: the table of contents stays whole.
    pub(crate) fn cut_in_store(&self, artifact: &mut Artifact) {
        let content = std::fs::read(&artifact.location).expect("in the store");
        let cut = &content[..content.len() - content.len() / 4];
        std::fs::write(&artifact.location, cut).expect("written");
        (artifact.digest, artifact.size) = (digest(cut), cut.len() as u64);
    }

    fn checked(&self, artifact: &Artifact) -> Result<Vec<u8>, Error> {
        let content = std::fs::read(&artifact.location).map_err(failed)?;
        match digest(&content) == artifact.digest {
            true => Ok(content),
            false => Err(Error::failed("was changed in the store")),
        }
    }
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

fn failed(error: std::io::Error) -> Error {
    Error::failed(error.to_string())
}

fn fill(text: &str) -> String {
    text.replace("{{secret:db}}", "word")
        .replace("{{secret:other}}", "not-the-word")
}

impl Host for RealHost {
    fn run(&self, command: &Command) -> Result<Exit, Error> {
        assert!(
            command.argv.iter().all(|word| !word.contains("{{secret:")),
            "a secret among the arguments"
        );
        let mut program = Program::new(&command.argv[0]);
        program
            .args(&command.argv[1..])
            .envs(command.env.iter().map(|(name, value)| (name, fill(value))))
            .stdin(Stdio::null());
        let output = program.output().map_err(failed)?;
        Ok(Exit {
            code: output.status.code(),
            signal: None,
            stdout: output.stdout,
            stderr: output.stderr,
            truncated: false,
            wall_ms: 1,
        })
    }

    fn machine_list(&self, _: Option<&str>, path: &str) -> Result<Option<Vec<Entry>>, Error> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)?.flatten() {
            entries.push(Entry {
                name: entry.file_name().into_string().expect("UTF-8"),
                kind: Kind::File,
                size: 0,
                target: None,
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Some(entries))
    }

    fn machine_remove(&self, _: Option<&str>, path: &str) -> Result<(), Error> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }

    fn machine_fetch(
        &self,
        artifact: &Artifact,
        _: Option<&str>,
        path: &str,
        mode: u32,
    ) -> Result<(), Error> {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::write(path, self.checked(artifact)?).map_err(failed)?;
        std::fs::set_permissions(path, mode).map_err(failed)
    }

    fn artifact_put(&self, _: Option<&str>, path: &str, name: &str) -> Result<Artifact, Error> {
        let content = std::fs::read(path).map_err(failed)?;
        let location = self.root.path().join("store").join(name);
        std::fs::write(&location, &content).map_err(failed)?;
        let artifact = Artifact {
            name: name.to_owned(),
            digest: digest(&content),
            size: content.len() as u64,
            location: Path::to_str(&location).expect("UTF-8").to_owned(),
        };
        self.kept.borrow_mut().push(artifact.clone());
        Ok(artifact)
    }

    fn artifact_verify(&self, artifact: &Artifact) -> Result<(), Error> {
        self.checked(artifact).map(drop)
    }

    fn log(&self, _: Level, message: &str) {
        eprintln!("{message}");
    }

    /// A minute later each time, so that names differ.
    fn now(&self) -> Instant {
        self.clock.replace(self.clock.get() + 60_000)
    }

    fn run_all(&self, _: &[Command]) -> Vec<Result<Exit, Error>> {
        unreachable!("not asked for")
    }
    fn send(&self, _: &Request) -> Result<Response, Error> {
        unreachable!("not asked for")
    }
    fn read_file(&self, _: &str, _: u32) -> Result<Vec<u8>, Error> {
        unreachable!("not asked for")
    }
    fn glob(&self, _: &str) -> Result<Vec<String>, Error> {
        unreachable!("not asked for")
    }
    fn write_report(&self, _: &str, _: &str, _: &[u8]) -> Result<String, Error> {
        unreachable!("not asked for")
    }
    fn append_line(&self, _: &str, _: &str, _: &str) -> Result<(), Error> {
        unreachable!("not asked for")
    }
    fn machine_read(&self, _: Option<&str>, _: &str, _: u32) -> Result<Option<Vec<u8>>, Error> {
        unreachable!("not asked for")
    }
    fn machine_read_part(&self, _: Option<&str>, _: &str, _: u64, _: u32) -> Result<Option<Vec<u8>>, Error> {
        unreachable!("not asked for")
    }
    fn machine_write(&self, _: Option<&str>, _: &str, _: &[u8], _: u32) -> Result<(), Error> {
        unreachable!("not asked for")
    }
    fn machine_create(&self, _: Option<&str>, _: &str, _: &[u8]) -> Result<bool, Error> {
        unreachable!("not asked for")
    }
    fn machine_link(&self, _: Option<&str>, _: &str, _: &str) -> Result<(), Error> {
        unreachable!("not asked for")
    }
    fn service_start(&self, _: Option<&str>, _: &Service) -> Result<State, Error> {
        unreachable!("not asked for")
    }
    fn service_stop(&self, _: Option<&str>, _: &str, _: u64) -> Result<(), Error> {
        unreachable!("not asked for")
    }
    fn service_status(&self, _: Option<&str>, _: &str) -> Result<State, Error> {
        unreachable!("not asked for")
    }
    fn git_commits(&self, _: Option<&str>, _: &str) -> Result<Vec<Commit>, Error> {
        unreachable!("not asked for")
    }
    fn git_changed_files(&self, _: &str, _: &str) -> Result<Vec<String>, Error> {
        unreachable!("not asked for")
    }
    fn git_show(&self, _: &str, _: &str, _: u32) -> Result<Vec<u8>, Error> {
        unreachable!("not asked for")
    }
    fn git_tracked_files(&self) -> Result<Vec<String>, Error> {
        unreachable!("not asked for")
    }
    fn artifact_get(&self, _: &Artifact, _: Option<&str>, _: &str) -> Result<(), Error> {
        unreachable!("not asked for")
    }
    fn ask(&self, _: &Question) -> Result<Answer, Error> {
        unreachable!("not asked for")
    }
    fn progress(&self, _: u64, _: Option<u64>, _: &str) {}
    fn random(&self, _: u32) -> Vec<u8> {
        unreachable!("not asked for")
    }
    fn sleep(&self, _: u64) {}
}
