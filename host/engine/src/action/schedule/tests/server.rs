//! A server in memory.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use runner_core::{
    digest::Digest,
    effect::{Entry, EntryKind, Exit},
    profile::{Layer, Source, resolve},
};

use super::super::{ground::Ground, *};

/// What a server has: all that this step asks of it.
pub(super) struct Server {
    pub(super) system: String,
    pub(super) runner: Digest,
    pub(super) files: RefCell<BTreeMap<String, String>>,
    /// The units that systemd has read, as they were then.
    pub(super) read: RefCell<BTreeMap<String, String>>,
    pub(super) started: RefCell<BTreeSet<String>>,
    pub(super) writes: RefCell<Vec<String>>,
    /// How many writes are done before the connection is gone for good.
    pub(super) patience: Cell<usize>,
}

impl Server {
    pub(super) fn new() -> Self {
        Self {
            system: format!("Linux {}", std::env::consts::ARCH),
            runner: Digest::of(b"runner 1"),
            files: RefCell::default(),
            read: RefCell::default(),
            started: RefCell::default(),
            writes: RefCell::default(),
            patience: Cell::new(usize::MAX),
        }
    }

    pub(super) fn units(&self) -> BTreeMap<String, String> {
        let files = self.files.borrow();
        let units = files
            .iter()
            .filter(|(path, _)| path.starts_with("/etc/systemd/system/"));
        units.map(|(path, text)| (path.clone(), text.clone())).collect()
    }

    fn note(&self, what: String) -> Done<()> {
        let left = self
            .patience
            .get()
            .checked_sub(1)
            .ok_or_else(|| StepError::failed("the connection is gone"))?;
        self.patience.set(left);
        self.writes.borrow_mut().push(what);
        Ok(())
    }

    /// Sets an environment up; what changed.
    pub(super) fn set_up(&self, text: &str, environment: &str) -> Done<Vec<Change>> {
        let layer = Layer::of_toml(Source::File("runner.toml".into()), text).expect("toml");
        let profile = resolve(vec![layer]).expect("a profile").profile;
        let all = profile.schedule.iter();
        let all = all.filter(|(_, schedule)| schedule.job().is_ok_and(|job| job.environment == environment));
        let wanted = Wanted {
            profile: &profile,
            environment,
            schedules: all.map(|(name, schedule)| (name.as_str(), schedule)).collect(),
        };
        let mut changes = Vec::new();
        install(self, &wanted, &mut changes)?;
        Ok(changes)
    }

    pub(super) fn done(&self, text: &str, environment: &str) -> String {
        let changes = match self.set_up(text, environment) {
            Ok(changes) => changes,
            Err(broken) => panic!("{broken:?}"),
        };
        let told: Vec<_> = changes
            .iter()
            .map(|change| format!("{}\n{}", change.subject, change.diff.trim_end()))
            .collect();
        told.join("\n")
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }
}

/// What goes to a program has its secrets filled in.
fn filled(stdin: &str) -> String {
    stdin.replace("{{secret:token|quoted}}", r#"very-'secret'-\""#)
}

fn exit(code: i32, stdout: &str) -> Exit {
    Exit {
        code: Some(code),
        stdout: stdout.into(),
        ..Exit::default()
    }
}

impl Ground for Server {
    fn title(&self) -> String {
        "machine `vps`".to_owned()
    }

    fn ask(&self, argv: &[&str], stdin: &str) -> Done<Exit> {
        let files = self.files.borrow();
        let file = |path: &str| files.get(path);
        Ok(match argv {
            ["uname", "-sm"] => exit(0, &self.system),
            ["id", "-un"] => exit(0, "ubuntu\n"),
            ["printenv", "HOME"] => exit(0, "/home/ubuntu\n"),
            ["sha256sum", "--", path] => match file(path) {
                Some(text) => exit(0, &format!("{}  {path}\n", Digest::of(text.as_bytes()).hex())),
                None => exit(1, ""),
            },
            ["sudo", "-n", "cmp", "-s", "-", path] => exit(i32::from(file(path) != Some(&filled(stdin))), ""),
            ["sudo", "-n", "grep", "-o", _, "--", path] => {
                let names = file(path).into_iter().flat_map(|text| text.lines());
                let names = names.filter_map(|line| Some(line.split_once("=\"")?.0));
                exit(0, &names.map(|name| format!("{name}=\"\n")).collect::<String>())
            }
            [
                "systemctl",
                "show",
                "--property=NeedDaemonReload",
                "--value",
                unit,
            ] => {
                let read = self.read.borrow();
                let path = format!("/etc/systemd/system/{unit}");
                exit(
                    0,
                    if file(&path) == read.get(&path) {
                        "no\n"
                    } else {
                        "yes\n"
                    },
                )
            }
            ["systemctl", "is-enabled", unit] => match self.started.borrow().contains(*unit) {
                true => exit(0, "enabled\n"),
                false => exit(1, "disabled\n"),
            },
            ["systemctl", "is-active", unit] => match self.started.borrow().contains(*unit) {
                true => exit(0, "active\n"),
                false => exit(3, "inactive\n"),
            },
            other => panic!("{other:?}"),
        })
    }

    fn act(&self, argv: &[&str], stdin: &str, _doing: &str) -> Done<()> {
        self.note(argv.join(" "))?;
        let mut files = self.files.borrow_mut();
        match argv {
            [
                "sudo",
                "-n",
                "install",
                "-D",
                "-m",
                _,
                "-o",
                "root",
                "-g",
                "root",
                "/dev/stdin",
                path,
            ] => {
                files.insert((*path).to_owned(), filled(stdin));
            }
            ["sudo", "-n", "mv", "-fT", from, to] => {
                let text = files.remove(*from).expect("was written");
                files.insert((*to).to_owned(), text);
            }
            ["sudo", "-n", "rm", "-f", path] => {
                files.remove(*path);
            }
            ["sudo", "-n", "systemctl", "daemon-reload"] => {
                drop(files);
                *self.read.borrow_mut() = self.units();
            }
            ["sudo", "-n", "systemctl", "enable", "--quiet", "--now", unit] => {
                assert!(
                    self.read
                        .borrow()
                        .contains_key(&format!("/etc/systemd/system/{unit}")),
                    "{unit} was not read"
                );
                self.started.borrow_mut().insert((*unit).to_owned());
            }
            ["sudo", "-n", "systemctl", "disable", "--quiet", "--now", unit] => {
                self.started.borrow_mut().remove(*unit);
            }
            ["sha256sum", "--check", "--quiet"] => {
                let (hex, path) = stdin.trim().split_once("  ").expect("a line of sha256sum");
                assert_eq!(Digest::of(files[path].as_bytes()).hex(), hex);
            }
            ["sudo", "-n", "install", "-d", ..]
            | ["sudo", "-n", "chown", "root:root", ..]
            | [_, "--version"] => {}
            other => panic!("{other:?}"),
        }
        Ok(())
    }

    fn text(&self, path: &str) -> Done<Option<String>> {
        Ok(self.files.borrow().get(path).cloned())
    }

    fn list(&self, path: &str) -> Done<Vec<Entry>> {
        let names = self.paths();
        let names = names
            .iter()
            .filter_map(|file| file.strip_prefix(path)?.strip_prefix('/'));
        let entries = names.filter(|name| !name.contains('/')).map(|name| Entry {
            name: name.to_owned(),
            kind: EntryKind::File,
            size: 0,
            target: None,
        });
        Ok(entries.collect())
    }

    fn executable(&self) -> Done<Digest> {
        Ok(self.runner.clone())
    }

    fn write(&self, path: &str, content: &str) -> Done<()> {
        self.note(format!("write {path}"))?;
        self.files
            .borrow_mut()
            .insert(path.to_owned(), content.to_owned());
        Ok(())
    }

    fn send_executable(&self, path: &str, digest: &Digest) -> Done<()> {
        self.note(format!("send {path}"))?;
        assert_eq!(*digest, self.runner);
        let text = ["runner 1", "runner 2"]
            .into_iter()
            .find(|text| Digest::of(text.as_bytes()) == *digest);
        self.files
            .borrow_mut()
            .insert(path.to_owned(), text.expect("a runner").to_owned());
        Ok(())
    }
}
