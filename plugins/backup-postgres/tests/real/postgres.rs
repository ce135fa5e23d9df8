//! A PostgreSQL server of a test's own.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The account that the server runs as, where the test is root: the server refuses root.
const ACCOUNT: &str = "postgres";

pub(crate) struct Cluster {
    pub(crate) port: u16,
    /// Folder of the programs.
    pub(crate) programs: String,
    server: Child,
    folder: TempDir,
}

/// A test that is left out says so, and fails in CI.
pub(crate) fn left_out(why: &str) {
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "cannot be left out in CI: {why}"
    );
    eprintln!("LEFT OUT: {why}. Install PostgreSQL (`apt-get install postgresql sudo`) and run as root.");
}

/// A port of 127.0.0.1 that nothing listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

impl Cluster {
    /// None where there is no PostgreSQL.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            left_out("there is no `initdb` below /usr/lib/postgresql, nor on the path");
            return None;
        };
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("its rights");
        let port = free_port();
        let (data, sockets) = (folder.path().join("data"), folder.path().join("sockets"));
        std::fs::create_dir(&sockets).expect("a folder");
        if is_root() {
            assert!(
                command("chown", [ACCOUNT, path(folder.path()), path(&sockets)])
                    .status()
                    .expect("chown")
                    .success()
            );
        }
        let init = as_server(&programs.join("initdb"))
            .args([
                "-D",
                path(&data),
                "--auth-local=peer",
                "--auth-host=scram-sha-256",
                "-U",
                &superuser(),
                "-E",
                "UTF8",
            ])
            .args(["--no-sync", "--locale=C.UTF-8"])
            .current_dir("/")
            .output()
            .expect("initdb starts");
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
        let server = as_server(&programs.join("postgres"))
            .args([
                "-D",
                path(&data),
                "-h",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-k",
                path(&sockets),
            ])
            .args(["-c", "fsync=off", "-c", "log_min_messages=panic"])
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let cluster = Self {
            port,
            programs: path(&programs).to_owned(),
            server,
            folder,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !cluster
            .psql("postgres")
            .args(["-c", "select 1"])
            .output()
            .expect("psql")
            .status
            .success()
        {
            assert!(Instant::now() < deadline, "the server did not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(cluster)
    }

    /// The folder of its socket.
    pub(crate) fn socket(&self) -> String {
        path(&self.folder.path().join("sockets")).to_owned()
    }

    /// The account to reach it by `sudo`, where this test may.
    pub(crate) fn sudo_account(&self) -> Option<&'static str> {
        let sudo = Command::new("sudo").args(["-n", "-u", ACCOUNT, "true"]).status();
        (is_root() && sudo.is_ok_and(|status| status.success())).then_some(ACCOUNT)
    }

    /// As the administrator.
    pub(crate) fn sql(&self, database: &str, sql: &str) {
        done(self.psql(database), sql);
    }

    /// In `chat`, as the application's role.
    pub(crate) fn sql_as_app(&self, sql: &str) {
        done(self.app(), sql);
    }

    /// Schema and data as SQL.
    pub(crate) fn dump(&self, database: &str) -> String {
        let output = as_server(&Path::new(&self.programs).join("pg_dump"))
            .args([
                "-h",
                &self.socket(),
                "-p",
                &self.port.to_string(),
                "-d",
                database,
                "-w",
            ])
            .current_dir("/")
            .output()
            .expect("pg_dump");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// A connection to `chat` that has run this and stays open until it is dropped.
    pub(crate) fn session(&self, sql: &str) -> Session {
        let mut command = self.app();
        command
            .env("PGAPPNAME", "a-worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("psql");
        let mut input = child.stdin.take().expect("piped");
        writeln!(input, "{sql}\n\\echo ready").expect("psql reads");
        let mut lines = std::io::BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        while line != "ready\n" {
            line.clear();
            assert_ne!(
                std::io::BufRead::read_line(&mut lines, &mut line).expect("psql writes"),
                0
            );
        }
        Session { child, _input: input }
    }

    fn app(&self) -> Command {
        let mut command = Command::new(Path::new(&self.programs).join("psql"));
        command
            .args([
                "-X",
                "-q",
                "-w",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
            ])
            .args(["-U", "app", "-d", "chat"])
            .env("PGPASSWORD", "word")
            .stderr(Stdio::piped());
        command
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = as_server(&Path::new(&self.programs).join("psql"));
        command
            .args([
                "-X",
                "-q",
                "-w",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                &self.socket(),
                "-p",
                &self.port.to_string(),
            ])
            .args(["-d", database])
            .current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The fast shutdown; `kill` is a program because the standard library only kills, which would leave its children.
        let pid = self.server.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status();
        let _ = self.server.wait();
    }
}

/// See [`Cluster::session`].
pub(crate) struct Session {
    child: Child,
    _input: std::process::ChildStdin,
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn done(mut command: Command, sql: &str) {
    let output = command.args(["-c", sql]).output().expect("psql");
    assert!(
        output.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A program as the account of the server. The server's own process must be the one that is started: it is stopped by its
/// id, so `runuser -c` or the like would not do.
fn as_server(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid",
            ACCOUNT,
            "--regid",
            ACCOUNT,
            "--init-groups",
            "--",
            path(program),
        ])
        .env("HOME", "/");
    command
}

fn superuser() -> String {
    match is_root() {
        true => ACCOUNT.to_owned(),
        false => String::from_utf8(command("id", ["-un"]).output().expect("id").stdout)
            .expect("UTF-8")
            .trim()
            .to_owned(),
    }
}

fn is_root() -> bool {
    command("id", ["-u"])
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}

fn command<const N: usize>(program: &str, args: [&str; N]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// The newest on Debian and the like, else what is on the path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<_> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH")?;
    folders
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
