//! A machine as this step works on it: programs, as its user or as root, and files. All of it effects of the step.

use runner_core::{
    digest::Digest,
    effect::{Command, Entry, Exit, Nature, Request, Response},
    fault::Fault,
    profile::LOCAL,
    step::StepError,
};

use crate::{
    action::Here,
    conductor::{Broken, Done},
};

/// Milliseconds that a program may take.
const PATIENCE_MS: u64 = 60_000;
/// Bytes of its output.
const CAPTURE: u32 = 64 * 1024;
/// Longer than any file that is read, in bytes.
const LONGEST: u32 = 1024 * 1024;
/// How often what may be done twice is tried over a bad connection.
const TRIES: u32 = 3;

/// What is asked of a machine. Twice is the same as once, for everything.
pub(super) trait Ground {
    /// For messages.
    fn title(&self) -> String;
    /// Runs a program that changes nothing; any exit code is an answer.
    fn ask(&self, argv: &[&str], stdin: &str) -> Done<Exit>;
    /// Runs a program that changes something; anything but success is an error that begins with `doing`.
    fn act(&self, argv: &[&str], stdin: &str, doing: &str) -> Done<()>;
    /// A file as text; none when there is no such file.
    fn text(&self, path: &str) -> Done<Option<String>>;
    /// What a folder holds; nothing when there is no such folder.
    fn list(&self, path: &str) -> Done<Vec<Entry>>;
    /// The digest of this executable.
    fn executable(&self) -> Done<Digest>;
    /// Copies this executable to a file of the user's.
    fn send_executable(&self, path: &str, digest: &Digest) -> Done<()>;
    /// Writes a file of the user's, to the letter: `{{secret:name}}` stays what it is.
    fn write(&self, path: &str, content: &str) -> Done<()>;

    /// The folder for what is the user's until it is root's.
    fn folder(&self) -> Done<String> {
        let home = self
            .ask(&["printenv", "HOME"], "")?
            .stdout
            .text()
            .trim()
            .to_owned();
        match home.starts_with('/') {
            true => Ok(format!("{home}/.cache/runner")),
            false => {
                Err(StepError::failed(format!("the user of {} has no home folder", self.title())).into())
            }
        }
    }

    /// Makes a file of the user's root's, and moves it to its place in one step.
    fn place_root(&self, from: &str, path: &str) -> Done<()> {
        let (folder, _) = path.rsplit_once('/').unwrap_or_default();
        let doing = format!("writing `{path}`");
        self.act_root(&["install", "-d", "-m", "0755", "--", folder], &doing)?;
        self.act_root(&["chown", "root:root", "--", from], &doing)?;
        self.act_root(&["mv", "-fT", from, path], &doing)
    }

    /// Runs a program as root, which must not ask for a password: nobody is there to type it.
    fn act_root(&self, argv: &[&str], doing: &str) -> Done<()> {
        self.act(&sudo(argv), "", doing)
    }

    /// Writes a file of root's, beside it first, and then moved to its place in one step. Secrets are filled in.
    fn write_root(&self, path: &str, content: &str, mode: &str) -> Done<()> {
        let (folder, name) = path.rsplit_once('/').unwrap_or_default();
        let beside = format!("{folder}/.{name}.runner");
        let install = [
            "install",
            "-D",
            "-m",
            mode,
            "-o",
            "root",
            "-g",
            "root",
            "/dev/stdin",
            &beside,
        ];
        self.act(&sudo(&install), content, &format!("writing `{path}`"))?;
        self.act_root(&["mv", "-fT", &beside, path], &format!("writing `{path}`"))
    }

    /// Removes a file of root's.
    fn remove_root(&self, path: &str) -> Done<()> {
        self.act_root(&["rm", "-f", path], &format!("removing `{path}`"))
    }
}

/// A program as root.
pub(super) fn sudo<'w>(argv: &[&'w str]) -> Vec<&'w str> {
    ["sudo", "-n"].iter().chain(argv).copied().collect()
}

/// A machine, through the step's effects.
pub(super) struct OnMachine<'a> {
    pub(super) here: &'a Here<'a>,
    /// None is the one that `runner` runs on.
    pub(super) machine: Option<&'a str>,
}

impl OnMachine<'_> {
    fn machine(&self) -> Option<String> {
        self.machine.map(str::to_owned)
    }

    /// Again, while there is no answer for now.
    fn request(&self, request: &Request) -> Done<Response> {
        let mut tries = 1;
        loop {
            match self.here.effects.request(request.clone())? {
                Err(Fault::Transient { .. }) if tries < TRIES => tries += 1,
                answer => return Ok(answer?),
            }
        }
    }

    fn run(&self, argv: &[&str], stdin: &str, nature: Nature) -> Done<Exit> {
        let command = Command {
            machine: self.machine(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            env: Vec::new(),
            cwd: None,
            stdin: (!stdin.is_empty()).then(|| stdin.into()),
            timeout_ms: PATIENCE_MS,
            nature,
            foresee_success: nature != Nature::Read,
            capture: CAPTURE,
        };
        match self.request(&Request::Run(command))? {
            Response::Exit(exit) => Ok(exit),
            other => Err(unheard(&other)),
        }
    }
}

impl Ground for OnMachine<'_> {
    fn title(&self) -> String {
        match self.machine {
            Some(machine) if machine != LOCAL => format!("machine `{machine}`"),
            _ => "this machine".to_owned(),
        }
    }

    fn ask(&self, argv: &[&str], stdin: &str) -> Done<Exit> {
        self.run(argv, stdin, Nature::Read)
    }

    fn act(&self, argv: &[&str], stdin: &str, doing: &str) -> Done<()> {
        let exit = self.run(argv, stdin, Nature::Idempotent)?;
        if exit.code == Some(0) {
            return Ok(());
        }
        let said = exit.stderr.text();
        let said = said
            .trim()
            .lines()
            .next_back()
            .unwrap_or("it says nothing")
            .to_owned();
        Err(StepError::failed(format!("{doing} on {}: {said}", self.title())).into())
    }

    fn text(&self, path: &str) -> Done<Option<String>> {
        let read = Request::MachineRead {
            machine: self.machine(),
            path: path.to_owned(),
            max: LONGEST,
        };
        match self.request(&read)? {
            Response::Content(content) => Ok(content.map(|content| content.text().into_owned())),
            other => Err(unheard(&other)),
        }
    }

    fn list(&self, path: &str) -> Done<Vec<Entry>> {
        let list = Request::MachineList {
            machine: self.machine(),
            path: path.to_owned(),
        };
        match self.request(&list)? {
            Response::Entries(entries) => Ok(entries.unwrap_or_default()),
            other => Err(unheard(&other)),
        }
    }

    fn executable(&self) -> Done<Digest> {
        match self.request(&Request::Executable)? {
            Response::Artifact(artifact) => Ok(artifact.digest),
            other => Err(unheard(&other)),
        }
    }

    fn write(&self, path: &str, content: &str) -> Done<()> {
        let write = Request::MachineWrite {
            machine: self.machine(),
            path: path.to_owned(),
            content: content.into(),
            mode: 0o644,
        };
        self.request(&write).map(drop)
    }

    fn send_executable(&self, path: &str, digest: &Digest) -> Done<()> {
        let send = Request::SendExecutable {
            machine: self.machine(),
            path: path.to_owned(),
            digest: digest.clone(),
        };
        self.request(&send).map(drop)
    }
}

fn unheard(response: &Response) -> Broken {
    StepError::failed(format!(
        "the journal has an answer to something else: {response:?}"
    ))
    .into()
}
