//! A server in memory: files, units, nginx and a database, as far as this plugin touches them. It refuses what the manifest
//! does not ask for, keeps a list of what was changed, and can fail at any change.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use runner_sdk::machine_files::{Entry, Kind};
use runner_sdk::services::{Service, State};
use runner_sdk::testing::START;
use runner_sdk::*;

/// What an application does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum App {
    Good,
    /// Ends at once.
    Dies,
    /// Is healthy, and ends three seconds later.
    DiesLater,
    /// Runs and answers 503.
    Sick,
    /// Answers, and misses its workers.
    Degraded,
}

#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) folder: String,
    pub(super) app: App,
    pub(super) pid: u32,
    pub(super) started: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    File(String),
    Link(String),
    Folder,
}

/// The server.
pub(super) struct Server {
    pub(super) nodes: RefCell<BTreeMap<String, Node>>,
    pub(super) units: RefCell<BTreeMap<String, Unit>>,
    /// What nginx runs on: the included file as it was at the last good reload.
    pub(super) nginx: RefCell<String>,
    /// Behaviour of versions; all others are good.
    pub(super) apps: BTreeMap<&'static str, App>,
    pub(super) heads: &'static str,
    pub(super) revision: RefCell<String>,
    pub(super) database: RefCell<BTreeMap<String, String>>,
    /// Programs that fail, by a part of their line, with what they say.
    pub(super) broken: RefCell<Vec<(&'static str, i32, &'static str)>>,
    /// A word that nginx refuses in its files.
    pub(super) refused: Cell<Option<&'static str>>,
    /// The next migration finds one under way.
    pub(super) collides: Cell<bool>,
    /// Reloads succeed and change nothing.
    pub(super) deaf: Cell<bool>,
    /// Who else listens.
    pub(super) listens: Cell<Option<u16>>,
    pub(super) free_mib: Cell<u64>,
    pub(super) plan: Cell<bool>,
    /// The change at which the server fails.
    pub(super) fails_at: Cell<Option<usize>>,
    pub(super) changes: RefCell<Vec<String>>,
    clock: Cell<u64>,
    pids: Cell<u32>,
    wants: Vec<Vec<String>>,
}

fn wants() -> Vec<Vec<String>> {
    let manifest: toml::Table = include_str!("../../plugin.toml").parse().unwrap();
    let wants = manifest["wants"].as_array().unwrap();
    let patterns = wants
        .iter()
        .filter_map(|want| want.get("process")?.as_array())
        .flatten();
    let words = |pattern: &toml::Value| {
        let words = pattern
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap().to_owned());
        words.collect()
    };
    patterns.map(words).collect()
}

fn covers(pattern: &[String], argv: &[String]) -> bool {
    let (pattern, open) = match pattern.split_last() {
        Some((last, start)) if last == "**" => (start, true),
        _ => (pattern, false),
    };
    let fits = |(pattern, word): (&String, &String)| match pattern.as_str() {
        "*" => true,
        "{{config:/user}}" => word == "ubuntu",
        "{{config:/root}}" => word.starts_with("/opt/"),
        exact => exact.strip_prefix('\\').unwrap_or(exact) == word,
    };
    (argv.len() == pattern.len() || open && argv.len() > pattern.len()) && pattern.iter().zip(argv).all(fits)
}

impl Server {
    pub(super) fn new() -> Self {
        Self {
            nodes: RefCell::default(),
            units: RefCell::default(),
            nginx: RefCell::default(),
            apps: BTreeMap::new(),
            heads: "b2 (head)\n",
            revision: RefCell::new("a1\n".into()),
            database: RefCell::default(),
            broken: RefCell::default(),
            refused: Cell::default(),
            collides: Cell::default(),
            deaf: Cell::default(),
            listens: Cell::default(),
            free_mib: Cell::new(9000),
            plan: Cell::default(),
            fails_at: Cell::default(),
            changes: RefCell::default(),
            clock: Cell::new(START),
            pids: Cell::new(100),
            wants: wants(),
        }
    }

    pub(super) fn put(&self, path: &str, text: &str) {
        self.nodes
            .borrow_mut()
            .insert(path.into(), Node::File(text.into()));
    }

    pub(super) fn node(&self, path: &str) -> Option<Node> {
        self.nodes.borrow().get(path).cloned()
    }

    pub(super) fn link_to(&self, path: &str) -> Option<String> {
        match self.node(path) {
            Some(Node::Link(to)) => Some(to),
            _ => None,
        }
    }

    /// What was changed since the last time.
    pub(super) fn told(&self) -> String {
        self.changes.take().join("\n")
    }

    /// The release that nginx sends all clients to, or where the one unit runs; none when they would get an error.
    pub(super) fn served(&self, id: &str, unit: &str) -> Option<String> {
        let nginx = self.nginx.borrow();
        let shares = nginx.lines().find_map(|line| line.strip_prefix("# shares: "))?;
        let mut folders = Vec::new();
        for part in shares.split(',') {
            let port = part.split('=').next()?;
            assert!(nginx.contains(&format!("upstream {id}-{port} ")), "{nginx}");
            let units = self.units.borrow();
            let unit = units
                .get(&format!("{unit}@{port}.service"))
                .or_else(|| units.get(&format!("{unit}.service")))?;
            folders.push(self.healthy(unit).then(|| unit.folder.clone())?);
        }
        Some(folders.join(" and "))
    }

    fn healthy(&self, unit: &Unit) -> bool {
        match unit.app {
            App::Good | App::Degraded => true,
            App::Dies | App::Sick => false,
            App::DiesLater => self.clock.get() < unit.started + 3000,
        }
    }

    /// A write: listed, and done unless this is a plan. True where it is to be done.
    fn changes(&self, line: String) -> Result<bool, ()> {
        let count = self.changes.borrow().len();
        self.changes.borrow_mut().push(line);
        if self.fails_at.get() == Some(count) {
            return Err(());
        }
        Ok(!self.plan.get())
    }

    fn below(&self, folder: &str) -> Option<Vec<Entry>> {
        let (start, nodes) = (format!("{folder}/"), self.nodes.borrow());
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for (path, node) in nodes.iter() {
            let Some(rest) = path.strip_prefix(&start) else {
                continue;
            };
            let (name, deep) = rest
                .split_once('/')
                .map_or((rest, false), |(name, _)| (name, true));
            let (kind, target) = match node {
                _ if deep => (Kind::Folder, None),
                Node::File(_) => (Kind::File, None),
                Node::Link(to) => (Kind::Link, Some(to.clone())),
                Node::Folder => (Kind::Folder, None),
            };
            let entry = Entry {
                name: name.into(),
                kind,
                size: 0,
                target,
            };
            entries.entry(name.into()).or_insert(entry);
        }
        (!entries.is_empty() || nodes.contains_key(folder)).then(|| entries.into_values().collect())
    }

    fn remove(&self, path: &str) {
        let below = format!("{path}/");
        self.nodes
            .borrow_mut()
            .retain(|there, _| there != path && !there.starts_with(&below));
    }

    fn moves(&self, from: &str, to: &str) {
        let mut nodes = self.nodes.borrow_mut();
        let moved: Vec<_> = nodes
            .keys()
            .filter(|path| *path == from || path.starts_with(&format!("{from}/")))
            .cloned()
            .collect();
        for path in moved {
            let node = nodes.remove(&path).unwrap();
            nodes.insert(path.replacen(from, to, 1), node);
        }
    }

    // ----- units -----

    fn start(&self, unit: &str) -> bool {
        let (root, folder) = match unit.split_once('@') {
            Some((_, port)) => {
                let port = port.trim_end_matches(".service");
                let root = "/opt/agentiq";
                (
                    root,
                    self.link_to(&format!("{root}/slots/{port}"))
                        .map(|to| to.trim_start_matches("../").to_owned()),
                )
            }
            None => (
                "/opt/agentiq-staging",
                self.link_to("/opt/agentiq-staging/current"),
            ),
        };
        let Some(folder) = folder else { return false };
        if self.below(&format!("{root}/{folder}/backend")).is_none() {
            return false;
        }
        let app = self
            .apps
            .iter()
            .find(|(version, _)| folder.starts_with(&format!("releases/{version}-")));
        self.pids.set(self.pids.get() + 1);
        let folder = format!("{root}/{folder}");
        let app = app.map_or(App::Good, |(_, app)| *app);
        let started = self.clock.get();
        self.units.borrow_mut().insert(
            unit.into(),
            Unit {
                folder,
                app,
                pid: self.pids.get(),
                started,
            },
        );
        true
    }

    fn show(&self, unit: &str) -> String {
        let units = self.units.borrow();
        let later = |unit: &&Unit| unit.app == App::DiesLater && !self.healthy(unit);
        let (active, sub, result, pid, restarts) = match units.get(unit) {
            None => ("inactive", "dead", "success", 0, 0),
            Some(unit) if unit.app == App::Dies => ("activating", "auto-restart", "exit-code", 0, 1),
            Some(unit) if later(&unit) => ("active", "running", "success", unit.pid + 1000, 1),
            Some(unit) => ("active", "running", "success", unit.pid, 0),
        };
        let file = match unit.split_once('@') {
            Some((name, _)) => format!("{name}@.service"),
            None => unit.to_owned(),
        };
        let load = match self.node(&format!("/etc/systemd/system/{file}")) {
            Some(_) => "loaded",
            None => "not-found",
        };
        format!(
            "Id={unit}\nLoadState={load}\nActiveState={active}\nSubState={sub}\nResult={result}\nMainPID={pid}\n\
             NRestarts={restarts}\nActiveEnterTimestamp=@1767225600\n"
        )
    }

    // ----- programs -----

    fn program(&self, argv: &[&str], stdin: &str) -> (i32, String, String) {
        let text = |text: &str| (0, text.to_owned(), String::new());
        let fine = || (0, String::new(), String::new());
        let none = |code: i32| (code, String::new(), String::new());
        match argv {
            ["systemctl", "show", _, _, "--", units @ ..] => text(
                &units
                    .iter()
                    .map(|unit| self.show(unit))
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            ["systemctl", "is-enabled", unit] => text(match self.node(&format!("/enabled/{unit}")) {
                Some(_) => "enabled\n",
                None => "disabled\n",
            }),
            ["systemctl", "restart", unit] if self.start(unit) => fine(),
            ["systemctl", "restart", _] => (1, String::new(), "Job failed.".into()),
            ["systemctl", "start", "--no-block", unit] => {
                if !self.units.borrow().contains_key(*unit) {
                    self.start(unit);
                }
                fine()
            }
            ["systemctl", "stop", timer] if timer.ends_with(".timer") => {
                match self.node(&format!("/timers/{timer}")) {
                    None => none(5),
                    Some(_) => {
                        self.remove(&format!("/timers/{timer}"));
                        fine()
                    }
                }
            }
            ["systemctl", "stop", "--no-block", units @ ..] | ["systemctl", "stop", units @ ..] => {
                self.units
                    .borrow_mut()
                    .retain(|unit, _| !units.contains(&unit.as_str()));
                fine()
            }
            [
                "systemctl",
                "enable",
                "--quiet",
                "--no-reload" | "--now",
                units @ ..,
            ]
            | ["systemctl", "enable", "--quiet", units @ ..] => {
                units
                    .iter()
                    .for_each(|unit| self.put(&format!("/enabled/{unit}"), ""));
                fine()
            }
            ["systemctl", "disable", "--quiet", "--no-reload", units @ ..] => {
                units
                    .iter()
                    .for_each(|unit| self.remove(&format!("/enabled/{unit}")));
                fine()
            }
            ["systemctl", "reload", "nginx"] => {
                let loaded = self.loaded();
                if self.refusal().is_none() && !self.deaf.get() {
                    *self.nginx.borrow_mut() = loaded;
                }
                fine()
            }
            ["systemctl", "daemon-reload"] => fine(),
            [
                "systemd-run",
                "--quiet",
                "--collect",
                "--unit",
                name,
                "--on-active",
                ..,
            ] => {
                self.put(&format!("/timers/{name}.timer"), "");
                fine()
            }
            ["systemd-run", .., "current"] => text(&self.revision.borrow()),
            ["systemd-run", .., "upgrade", "head"] if self.collides.take() => (
                1,
                String::new(),
                "Unit agentiq-staging-migration.service was already loaded or has a fragment file.".into(),
            ),
            ["systemd-run", .., "upgrade", "head"] => {
                *self.revision.borrow_mut() = self.heads.to_owned();
                fine()
            }
            ["env", "--chdir", _, _, "heads"] => text(self.heads),
            ["env", "--chdir", ..] | ["env", "DEBIAN_FRONTEND=noninteractive", .., "update"] => fine(),
            ["env", "DEBIAN_FRONTEND=noninteractive", ..] => {
                self.put("/installed", "");
                fine()
            }
            ["nginx", "-t"] => match self.refusal() {
                None => fine(),
                Some(word) => (1, String::new(), format!("nginx: [emerg] unexpected \"{word}\"")),
            },
            ["ss", .., at] => match self.listens.get() {
                Some(port) if format!(":{port}") == *at => text(&format!(
                    "LISTEN 0 5 127.0.0.1:{port} 0.0.0.0:* users:((\"grafana\",pid=7,fd=3))\n"
                )),
                _ => fine(),
            },
            ["readlink", "--", path] => {
                let pid: u32 = path
                    .trim_start_matches("/proc/")
                    .trim_end_matches("/cwd")
                    .parse()
                    .unwrap();
                let units = self.units.borrow();
                let unit = units.values().find(|unit| unit.pid == pid);
                unit.map_or(none(1), |unit| text(&format!("{}/backend\n", unit.folder)))
            }
            ["journalctl", ..] => text("ModuleNotFoundError: No module named 'fastapi'\n"),
            ["df", ..] => text(&format!(
                "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 1 1 {} 1% /\n",
                self.free_mib.get() * 1024
            )),
            ["curl", .., "--write-out", _, url] => self.answer(url),
            ["curl", .., url] => self.probe(url),
            ["python3", "--version"] => text("Python 3.11.2\n"),
            ["python3", "-m", "venv", "--clear", path] => {
                self.remove(path);
                self.put(&format!("{path}/bin/python"), "");
                fine()
            }
            ["install", "-d", "-m", _, "--", path] => {
                self.nodes
                    .borrow_mut()
                    .entry((*path).to_owned())
                    .or_insert(Node::Folder);
                fine()
            }
            ["install", .., "/dev/stdin", path] => {
                self.put(path, stdin);
                fine()
            }
            ["mv", "-fT", from, to] => {
                self.remove(to);
                self.moves(from, to);
                fine()
            }
            ["ln", "-sfn", to, path] => {
                self.nodes
                    .borrow_mut()
                    .insert((*path).into(), Node::Link((*to).into()));
                fine()
            }
            ["rm", "-f", path] => {
                self.remove(path);
                fine()
            }
            ["chown", ..] => fine(),
            ["stat", "--format", "%F", "--", path] => match (self.node(path), self.below(path)) {
                (Some(Node::Link(_)), _) => text("symbolic link\n"),
                (Some(Node::File(_)), _) => text("regular file\n"),
                (None, None) => none(1),
                _ => text("directory\n"),
            },
            ["stat", "--format", "%U %a", "--", path] => match self.node(path) {
                Some(_) => text("ubuntu 755\n"),
                None => none(1),
            },
            ["getent", "passwd", _] => text("ubuntu:x:1000:1000::/home/ubuntu:/bin/bash\n"),
            ["getent", "ahosts", _] => text("79.137.175.164 STREAM\n"),
            ["dpkg-query", ..] => match self.node("/installed") {
                Some(_) => text("nginx-light installed\npostgresql installed\n"),
                None => (1, "nginx-light installed\n".into(), "no packages found".into()),
            },
            ["cmp", "-s", "-", path] => match self.node(path) {
                Some(Node::File(there)) if there == stdin => fine(),
                Some(_) => none(1),
                None => none(2),
            },
            ["grep", .., path] => match self.node(path) {
                Some(Node::File(there)) => text(
                    &there
                        .lines()
                        .filter_map(|line| Some(format!("{}=\"\n", line.split_once("=\"")?.0)))
                        .collect::<String>(),
                ),
                _ => none(2),
            },
            ["openssl", "x509", .., path] => none(i32::from(self.node(path).is_none())),
            ["openssl", "req", .., "-out", path] => {
                self.put(path, "certificate");
                fine()
            }
            ["certbot", ..] => {
                self.put(
                    "/etc/letsencrypt/live/staging.agentiq.ru/fullchain.pem",
                    "certificate",
                );
                fine()
            }
            ["-u", "postgres", "psql", .., "--command", sql] => text(&self.query(sql)),
            ["-u", "postgres", "psql", ..] => {
                self.sql(stdin);
                fine()
            }
            ["-u", "postgres", "pg_dump", ..] => fine(),
            ["-u", "postgres", "pg_restore", ..] => {
                self.database.borrow_mut().insert("tables".into(), "3".into());
                fine()
            }
            other => panic!("the server has no program for {other:?}"),
        }
    }

    fn query(&self, sql: &str) -> String {
        let database = self.database.borrow();
        let told = |key: &str, none: &str| database.get(key).cloned().unwrap_or_else(|| none.to_owned());
        match sql {
            _ if sql.contains("from pg_roles") => told("role", "0"),
            _ if sql.contains("pg_get_userbyid") => told("owner", ""),
            _ if sql.contains("has_database_privilege") => told("public", "1"),
            _ if sql.contains("from pg_class") => told("tables", "0"),
            other => panic!("{other}"),
        }
    }

    fn sql(&self, sql: &str) {
        let (key, value) = match sql {
            _ if sql.contains("create role") => ("role", "1"),
            _ if sql.contains("create database") => ("owner", "agentiq_staging"),
            _ if sql.contains("revoke all") => ("public", "0"),
            other => panic!("{other}"),
        };
        self.database.borrow_mut().insert(key.into(), value.into());
    }

    fn loaded(&self) -> String {
        let nodes = self.nodes.borrow();
        let files = nodes
            .iter()
            .filter(|(path, _)| path.starts_with("/etc/nginx/runner/"));
        files
            .filter_map(|(_, node)| {
                if let Node::File(text) = node {
                    Some(text.as_str())
                } else {
                    None
                }
            })
            .collect()
    }

    fn refusal(&self) -> Option<&'static str> {
        let nodes = self.nodes.borrow();
        let word = self.refused.get()?;
        let mut files = nodes.iter().filter(|(path, _)| path.starts_with("/etc/nginx/"));
        files
            .any(|(_, node)| matches!(node, Node::File(text) if text.contains(word)))
            .then_some(word)
    }

    fn answer(&self, url: &str) -> (i32, String, String) {
        let port = url
            .trim_start_matches("http://127.0.0.1:")
            .split('/')
            .next()
            .unwrap();
        let units = self.units.borrow();
        let there = |(name, _): &(&String, &Unit)| {
            name.contains(&format!("chat@{port}.")) || (port == "8002" && *name == "agentiq-staging.service")
        };
        match units.iter().find(there) {
            Some((_, unit)) if unit.app == App::Sick => {
                (0, "{\"database\":\"down\"}\n503".into(), String::new())
            }
            Some((_, unit)) if unit.app == App::Degraded => {
                (0, "{\"status\":\"degraded\"}\n200".into(), String::new())
            }
            Some((_, unit)) if self.healthy(unit) => (0, "{\"status\":\"ok\"}\n200".into(), String::new()),
            _ => (
                7,
                String::new(),
                format!("curl: (7) Failed to connect to 127.0.0.1 port {port}"),
            ),
        }
    }

    fn probe(&self, url: &str) -> (i32, String, String) {
        assert!(url.ends_with("/.runner/health"), "{url}");
        let nginx = self.nginx.borrow().clone();
        let Some(shares) = nginx.lines().find_map(|line| line.strip_prefix("# shares: ")) else {
            return (7, String::new(), "curl: (7) Failed to connect".into());
        };
        let port = shares.split('=').next().unwrap();
        let status = match self
            .answer(&format!("http://127.0.0.1:{port}/"))
            .1
            .ends_with("200")
        {
            true => "200 OK",
            false => "502 Bad Gateway",
        };
        (
            0,
            format!("HTTP/1.1 {status}\r\nServer: nginx\r\nx-runner-shares: {shares}\r\n\r\n"),
            String::new(),
        )
    }
}

impl Host for Server {
    fn run(&self, command: &Command) -> Result<Exit, Error> {
        assert_eq!(command.machine.as_deref(), Some("vps"));
        assert!(
            self.wants.iter().any(|want| covers(want, &command.argv)),
            "not in plugin.toml: {:?}",
            command.argv
        );
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
        let (code, stdout, stderr) = self.program(words, &stdin);
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
