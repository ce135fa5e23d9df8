//! The server as a host.

use runner_sdk::machine_files::Entry;
use runner_sdk::services::{Service, State};
use runner_sdk::*;

use super::{
    Node, Server,
    manifest::{covers, variables},
};

impl Host for Server {
    fn run(&self, command: &Command) -> Result<Exit, Error> {
        assert_eq!(command.machine.as_deref(), Some("vps"));
        assert!(
            self.wants.iter().any(|want| covers(want, &command.argv)),
            "not in plugin.toml: {:?}",
            command.argv
        );
        let variables = variables();
        for (name, _) in &command.env {
            assert!(variables.contains(name), "not in plugin.toml: variable {name}");
        }
        let exit = |code, stdout: String, stderr: String| Exit {
            code: Some(code),
            signal: None,
            stdout: stdout.into_bytes(),
            stderr: stderr.into_bytes(),
            truncated: false,
            wall_ms: 1,
        };
        let line = command.argv.join(" ");
        assert!(!line.contains("{{secret:"), "a secret in an argument: {line}");
        assert_ne!(command.nature, Nature::Write, "{line}");
        if command.nature == Nature::Idempotent {
            assert!(command.foresee_success, "{line}");
            match self.changes(line.clone()) {
                Err(()) => return Ok(exit(1, String::new(), "the server is on fire".into())),
                Ok(false) => return Ok(exit(0, String::new(), String::new())),
                Ok(true) => {}
            }
        }
        if let Some((_, code, said)) = self.broken.borrow().iter().find(|(part, ..)| line.contains(part)) {
            return Ok(exit(*code, String::new(), (*said).to_owned()));
        }
        let words: Vec<&str> = command.argv.iter().map(String::as_str).collect();
        let words = words.strip_prefix(["sudo", "-n"].as_slice()).unwrap_or(&words);
        let stdin = String::from_utf8(command.stdin.clone().unwrap_or_default()).unwrap();
        let (code, stdout, stderr) = match words {
            ["psql", ..] => self.log_in(&command.env),
            _ => self.program(words, &stdin),
        };
        if let Some(meanwhile) = self.meanwhile.borrow().as_ref() {
            meanwhile(self, &line);
        }
        Ok(exit(code, stdout, stderr))
    }
    fn machine_read(&self, _: Option<&str>, path: &str, _: u32) -> Result<Option<Vec<u8>>, Error> {
        Ok(match self.node(path) {
            Some(Node::File(text)) => Some(text.into_bytes()),
            _ => None,
        })
    }
    fn machine_list(&self, _: Option<&str>, path: &str) -> Result<Option<Vec<Entry>>, Error> {
        Ok(self.below(path))
    }
    fn machine_write(&self, _: Option<&str>, path: &str, content: &[u8], _: u32) -> Result<(), Error> {
        if self
            .changes(format!("write {path}"))
            .map_err(|()| Error::failed("cannot write: No space left on device"))?
        {
            self.put(path, std::str::from_utf8(content).unwrap());
        }
        Ok(())
    }
    fn machine_create(&self, _: Option<&str>, path: &str, content: &[u8]) -> Result<bool, Error> {
        if self.node(path).is_some() {
            return Ok(false);
        }
        self.put(path, std::str::from_utf8(content).unwrap());
        Ok(true)
    }
    fn machine_link(&self, _: Option<&str>, path: &str, to: &str) -> Result<(), Error> {
        if self
            .changes(format!("link {path} -> {to}"))
            .map_err(|()| Error::failed("cannot link"))?
        {
            self.nodes.borrow_mut().insert(path.into(), Node::Link(to.into()));
        }
        Ok(())
    }
    fn machine_remove(&self, _: Option<&str>, path: &str) -> Result<(), Error> {
        if self
            .changes(format!("remove {path}"))
            .map_err(|()| Error::failed("cannot remove"))?
        {
            self.remove(path);
        }
        Ok(())
    }
    fn artifact_get(&self, artifact: &Artifact, _: Option<&str>, path: &str) -> Result<(), Error> {
        if self
            .changes(format!("unpack {path}"))
            .map_err(|()| Error::failed("cannot unpack"))?
        {
            self.put(
                &format!(
                    "{path}/{}",
                    if artifact.name == "backend" {
                        "requirements.txt"
                    } else {
                        "index.html"
                    }
                ),
                "fastapi",
            );
        }
        Ok(())
    }
    fn send(&self, request: &Request) -> Result<Response, Error> {
        let ok = request.url.starts_with("https://") && request.url.ends_with("/api/health");
        Ok(Response {
            status: if ok { 200 } else { 404 },
            headers: Vec::new(),
            body: Vec::new(),
            truncated: false,
        })
    }
    fn now(&self) -> Instant {
        self.clock.set(self.clock.get() + 1);
        self.clock.get()
    }
    fn sleep(&self, ms: u64) {
        self.clock.set(self.clock.get() + ms);
    }
    fn log(&self, _: Level, _: &str) {}
    fn progress(&self, _: u64, _: Option<u64>, _: &str) {}

    // What this plugin never asks for.
    fn run_all(&self, _: &[Command]) -> Vec<Result<Exit, Error>> {
        unreachable!()
    }
    fn read_file(&self, _: &str, _: u32) -> Result<Vec<u8>, Error> {
        unreachable!()
    }
    fn glob(&self, _: &str) -> Result<Vec<String>, Error> {
        unreachable!()
    }
    fn write_report(&self, _: &str, _: &str, _: &[u8]) -> Result<String, Error> {
        unreachable!()
    }
    fn append_line(&self, _: &str, _: &str, _: &str) -> Result<(), Error> {
        unreachable!()
    }
    fn machine_fetch(&self, _: &Artifact, _: Option<&str>, _: &str, _: u32) -> Result<(), Error> {
        unreachable!()
    }
    fn machine_read_part(&self, _: Option<&str>, _: &str, _: u64, _: u32) -> Result<Option<Vec<u8>>, Error> {
        unreachable!()
    }
    fn service_start(&self, _: Option<&str>, _: &Service) -> Result<State, Error> {
        unreachable!()
    }
    fn service_stop(&self, _: Option<&str>, _: &str, _: u64) -> Result<(), Error> {
        unreachable!()
    }
    fn service_status(&self, _: Option<&str>, _: &str) -> Result<State, Error> {
        unreachable!()
    }
    fn git_commits(&self, _: Option<&str>, _: &str) -> Result<Vec<Commit>, Error> {
        unreachable!()
    }
    fn git_changed_files(&self, _: &str, _: &str) -> Result<Vec<String>, Error> {
        unreachable!()
    }
    fn git_show(&self, _: &str, _: &str, _: u32) -> Result<Vec<u8>, Error> {
        unreachable!()
    }
    fn git_tracked_files(&self) -> Result<Vec<String>, Error> {
        unreachable!()
    }
    fn artifact_put(&self, _: Option<&str>, _: &str, _: &str) -> Result<Artifact, Error> {
        unreachable!()
    }
    fn artifact_verify(&self, _: &Artifact) -> Result<(), Error> {
        unreachable!()
    }
    fn ask(&self, _: &Question) -> Result<Answer, Error> {
        unreachable!()
    }
    fn random(&self, _: u32) -> Vec<u8> {
        unreachable!()
    }
}
