//! A server in memory: the step's conversation with it, again and again.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use runner_core::{
    digest::Digest,
    effect::{Entry, EntryKind, Exit},
    profile::{Layer, Source, resolve},
};

use super::{ground::Ground, *};
use crate::conductor::Broken;

const PROFILE: &str = r#"
[project]
name = "shop"
[machines.vps]
ssh = "ubuntu@example.org"
[environments.prod.target]
plugin = "systemd"
[environments.staging.target]
plugin = "systemd"
[notify.chat]
plugin = "telegram"
config.token = "{{secret:token}}"
[schedule.backup]
run = ["backup", "create", "prod"]
at = "03:17"
machine = "vps"
[schedule.news]
run = ["digest", "prod", "--send"]
at = "07:00"
machine = "vps"
[schedule.staging-news]
run = ["digest", "staging", "--send"]
at = "07:05"
machine = "vps"
[secrets]
token.env = "TOKEN"
"#;

/// What a server has: all that this step asks of it.
struct Server {
    system: String,
    runner: Digest,
    files: RefCell<BTreeMap<String, String>>,
    /// The units that systemd has read, as they were then.
    read: RefCell<BTreeMap<String, String>>,
    started: RefCell<BTreeSet<String>>,
    writes: RefCell<Vec<String>>,
    /// How many writes are done before the connection is gone for good.
    patience: Cell<usize>,
}

impl Server {
    fn new() -> Self {
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

    fn units(&self) -> BTreeMap<String, String> {
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
    fn set_up(&self, text: &str, environment: &str) -> Done<Vec<Change>> {
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

    fn done(&self, text: &str, environment: &str) -> String {
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

    fn paths(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }
}

/// What goes to a program has its secrets filled in.
fn filled(stdin: &str) -> String {
    stdin.replace("{{secret:token}}", "very-secret")
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
                let names = names.filter_map(|line| Some(line.split_once('=')?.0));
                exit(0, &names.map(|name| format!("{name}=\n")).collect::<String>())
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

#[test]
fn a_second_time_nothing_is_changed() {
    let server = Server::new();
    insta::assert_snapshot!(server.done(PROFILE, "prod"), @r#"
    /opt/runner/bin/runner-eb136e4b51f43269
    + runner 0.1.0
    /opt/runner/shop/backup.toml
    @@ -0,0 +1,31 @@
    +# runner: shop prod, schedule backup
    +[environments.prod.target]
    +plugin = "systemd"
    +
    +[machines.vps]
    +connect-timeout = "10s"
    +ssh = "ubuntu@example.org"
    +
    +[notify.chat]
    +plugin = "telegram"
    +
    +[notify.chat.config]
    +token = "{{secret:token}}"
    +
    +[project]
    +name = "shop"
    +
    +[reports]
    +agent = "Agent16_ReleaseEngineer"
    +fm-version = "1.0.5"
    +folder = ".runner/reports/{run}"
    +
    +[secrets.token]
    +env = "RUNNER_SECRET_TOKEN"
    +
    +[version]
    +initial = "0.1.0"
    +tag-prefix = "v"
    +zero-major = "minor"
    +
    +[version.bumps]
    /etc/runner/runner-shop-backup.env
    +RUNNER_SECRET_TOKEN
    /etc/systemd/system/runner-shop-backup.service
    @@ -0,0 +1,18 @@
    +# runner: shop prod, schedule backup
    +[Unit]
    +Description=shop: runner backup create prod
    +Wants=network-online.target
    +After=network-online.target
    +
    +[Service]
    +Type=oneshot
    +User=ubuntu
    +StateDirectory=runner/shop
    +WorkingDirectory=/var/lib/runner/shop
    +Environment=RUNNER_PROFILE_FILE=/opt/runner/shop/backup.toml
    +Environment=RUNNER_HERE=vps
    +Environment=RUNNER_DATA_DIR=/var/lib/runner/shop
    +Environment=RUNNER_CACHE_DIR=/var/lib/runner/shop/cache
    +Environment=RUNNER_ACTOR=runner-shop-backup
    +EnvironmentFile=/etc/runner/runner-shop-backup.env
    +ExecStart=/opt/runner/bin/runner-eb136e4b51f43269 backup create prod
    /etc/systemd/system/runner-shop-backup.timer
    @@ -0,0 +1,10 @@
    +# runner: shop prod, schedule backup
    +[Unit]
    +Description=shop: runner backup create prod
    +
    +[Timer]
    +OnCalendar=03:17
    +Persistent=true
    +
    +[Install]
    +WantedBy=timers.target
    /opt/runner/shop/news.toml
    @@ -0,0 +1,31 @@
    +# runner: shop prod, schedule news
    +[environments.prod.target]
    +plugin = "systemd"
    +
    +[machines.vps]
    +connect-timeout = "10s"
    +ssh = "ubuntu@example.org"
    +
    +[notify.chat]
    +plugin = "telegram"
    +
    +[notify.chat.config]
    +token = "{{secret:token}}"
    +
    +[project]
    +name = "shop"
    +
    +[reports]
    +agent = "Agent16_ReleaseEngineer"
    +fm-version = "1.0.5"
    +folder = ".runner/reports/{run}"
    +
    +[secrets.token]
    +env = "RUNNER_SECRET_TOKEN"
    +
    +[version]
    +initial = "0.1.0"
    +tag-prefix = "v"
    +zero-major = "minor"
    +
    +[version.bumps]
    /etc/runner/runner-shop-news.env
    +RUNNER_SECRET_TOKEN
    /etc/systemd/system/runner-shop-news.service
    @@ -0,0 +1,18 @@
    +# runner: shop prod, schedule news
    +[Unit]
    +Description=shop: runner digest prod --send
    +Wants=network-online.target
    +After=network-online.target
    +
    +[Service]
    +Type=oneshot
    +User=ubuntu
    +StateDirectory=runner/shop
    +WorkingDirectory=/var/lib/runner/shop
    +Environment=RUNNER_PROFILE_FILE=/opt/runner/shop/news.toml
    +Environment=RUNNER_HERE=vps
    +Environment=RUNNER_DATA_DIR=/var/lib/runner/shop
    +Environment=RUNNER_CACHE_DIR=/var/lib/runner/shop/cache
    +Environment=RUNNER_ACTOR=runner-shop-news
    +EnvironmentFile=/etc/runner/runner-shop-news.env
    +ExecStart=/opt/runner/bin/runner-eb136e4b51f43269 digest prod --send
    /etc/systemd/system/runner-shop-news.timer
    @@ -0,0 +1,10 @@
    +# runner: shop prod, schedule news
    +[Unit]
    +Description=shop: runner digest prod --send
    +
    +[Timer]
    +OnCalendar=07:00
    +Persistent=true
    +
    +[Install]
    +WantedBy=timers.target
    unit runner-shop-backup.timer
    + started, now and at boot
    unit runner-shop-news.timer
    + started, now and at boot
    "#);
    insta::assert_snapshot!(server.paths().join("\n"), @r"
    /etc/runner/runner-shop-backup.env
    /etc/runner/runner-shop-news.env
    /etc/systemd/system/runner-shop-backup.service
    /etc/systemd/system/runner-shop-backup.timer
    /etc/systemd/system/runner-shop-news.service
    /etc/systemd/system/runner-shop-news.timer
    /opt/runner/bin/runner-eb136e4b51f43269
    /opt/runner/shop/backup.toml
    /opt/runner/shop/news.toml
    ");
    for (path, text) in server.files.borrow().iter() {
        let only_roots = path.starts_with("/etc/runner/");
        assert_eq!(text.contains("very-secret"), only_roots, "{path}");
    }
    server.writes.borrow_mut().clear();
    assert_eq!(server.done(PROFILE, "prod"), "");
    assert_eq!(server.writes.borrow().as_slice(), [""; 0]);
}

#[test]
fn what_changed_is_changed_and_told() {
    let server = Server::new();
    server.done(PROFILE, "prod");
    let later = PROFILE
        .replace("03:17", "04:17")
        .replace("\"07:00\"", "\"07:00\"\nenv.PROXY = \"http://10.0.0.1\"");
    insta::assert_snapshot!(server.done(&later, "prod"), @r"
    /etc/systemd/system/runner-shop-backup.timer
    @@ -4,5 +4,5 @@
     
     [Timer]
    -OnCalendar=03:17
    +OnCalendar=04:17
     Persistent=true
    /etc/runner/runner-shop-news.env
    +PROXY
    ");
    assert_eq!(*server.read.borrow(), server.units());
    server.files.borrow_mut().insert(
        "/etc/runner/runner-shop-news.env".into(),
        "RUNNER_SECRET_TOKEN=old\nPROXY=x\n".into(),
    );
    assert_eq!(
        server.done(&later, "prod"),
        "/etc/runner/runner-shop-news.env\n~ values"
    );
}

#[test]
fn what_was_dropped_is_removed_and_what_is_anothers_is_not() {
    let server = Server::new();
    server.done(PROFILE, "prod");
    server.done(PROFILE, "staging");
    let others = "/etc/systemd/system/runner-shop-by-hand.service";
    server
        .files
        .borrow_mut()
        .insert(others.into(), "[Service]\n".into());
    let without = PROFILE.replace(
        "[schedule.backup]\nrun = [\"backup\", \"create\", \"prod\"]",
        "[schedule.news-2]\nrun = [\"digest\", \"staging\", \"--send\"]",
    );
    insta::assert_snapshot!(server.done(&without, "prod"), @r"
    unit runner-shop-backup.timer
    - stopped and removed: it is not in the profile any more
    ");
    let started = server.started.borrow().clone();
    assert_eq!(
        started.into_iter().collect::<Vec<_>>(),
        ["runner-shop-news.timer", "runner-shop-staging-news.timer"]
    );
    assert!(server.paths().contains(&others.to_owned()));
    // The last one of an environment.
    let none = without.replace("[\"digest\", \"prod\"", "[\"digest\", \"staging\"");
    server.done(&none, "prod");
    assert!(
        !server
            .paths()
            .iter()
            .any(|path| path.contains("runner-shop-news.")),
        "{:?}",
        server.paths()
    );
}

#[test]
fn a_newer_runner_takes_the_place_of_the_older_once_nothing_needs_that() {
    let mut server = Server::new();
    server.done(PROFILE, "prod");
    server.done(PROFILE, "staging");
    let before = runner_core::schedule::files::executable(&server.runner);
    server.runner = Digest::of(b"runner 2");
    let after = runner_core::schedule::files::executable(&server.runner);
    server.done(PROFILE, "prod");
    assert!(server.paths().contains(&before) && server.paths().contains(&after));
    let told = server.done(PROFILE, "staging");
    assert!(
        told.ends_with(&format!("{before}\n- no unit names it any more")),
        "{told}"
    );
    assert!(!server.paths().contains(&before) && server.paths().contains(&after));
}

#[test]
fn broken_off_anywhere_it_is_done_by_doing_it_again() {
    let whole = Server::new();
    whole.done(PROFILE, "prod");
    let writes = whole.writes.borrow().len();
    assert!(writes > 10, "{writes}");
    for cut in 0..writes {
        let server = Server::new();
        server.patience.set(cut);
        let broken = server.set_up(PROFILE, "prod").expect_err("cut");
        assert!(matches!(broken, Broken::Failed(..)));
        server.patience.set(usize::MAX);
        server.done(PROFILE, "prod");
        // A file that was sent is sent again and removed; one beside its place is written over.
        assert_eq!(server.paths(), whole.paths(), "after {cut}");
        assert_eq!(*server.files.borrow(), *whole.files.borrow(), "after {cut}");
        assert_eq!(*server.read.borrow(), *whole.read.borrow(), "after {cut}");
        assert_eq!(*server.started.borrow(), *whole.started.borrow(), "after {cut}");
    }
}

#[test]
fn what_cannot_run_there_is_not_installed() {
    let mut server = Server::new();
    let foreign = PROFILE.replace("plugin = \"telegram\"", "plugin = \"./chat.wasm\"");
    let refused = |server: &Server, text: &str| match server.set_up(text, "prod") {
        Err(Broken::Failed(error, _)) => error.message,
        other => panic!("{other:?}"),
    };
    insta::assert_snapshot!(refused(&server, &foreign), @"[schedule.backup] needs [notify.chat], whose plugin is a file that the machine does not have");
    server.system = "Linux riscv64".to_owned();
    insta::assert_snapshot!(refused(&server, PROFILE).replace(std::env::consts::ARCH, "ARCH"), @"machine `vps` is `Linux riscv64`, and this runner is for `linux ARCH`");
    assert_eq!(server.paths(), [""; 0]);
    assert_eq!(server.writes.borrow().as_slice(), [""; 0]);
}
