//! An OpenSSH server on a free port of 127.0.0.1, with keys, configuration and home of its own.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Length, Machine};

pub(super) struct Server {
    pub(super) folder: tempfile::TempDir,
    pub(super) port: u16,
    child: Child,
}

impl Server {
    /// None where there is no sshd, which CI does not put up with.
    pub(super) fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// With more variables for those who log in: `NAME=VALUE ...`.
    #[expect(clippy::print_stderr, reason = "what is left out is said")]
    pub(super) fn start_with(env: &str) -> Option<Self> {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&folders).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
        let Some(sshd) = folders
            .map(|folder| folder.join("sshd"))
            .find(|path| path.is_file())
        else {
            let message = "no sshd to test against: install one (`apt-get install openssh-server`)";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{message}");
            eprintln!("LEFT OUT: {message}");
            return None;
        };
        if !cfg!(target_os = "linux") {
            eprintln!("LEFT OUT: the machines of `runner` are Linux, this one is not");
            return None;
        }
        // Where sshd of Debian wants it, when it is root's.
        let _ = fs::create_dir_all("/run/sshd");
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for name in ["home", "there"] {
            fs::create_dir(root.join(name)).expect("made");
        }
        for name in ["host", "user"] {
            keygen(&root.join(name));
        }
        fs::copy(root.join("user.pub"), root.join("authorized")).expect("copied");
        for _ in 0..10 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("an address").port();
            drop(listener);
            configure(root, port, env);
            if let Some(child) = listen(&sshd, root, port) {
                return Some(Self { folder, port, child });
            }
        }
        panic!(
            "{}",
            fs::read_to_string(root.join("sshd.log")).unwrap_or_default()
        );
    }

    pub(super) fn machine(&self) -> Machine {
        Machine {
            ssh: "vps".to_owned(),
            ssh_config: Some(self.folder.path().join("config").display().to_string()),
            connect_timeout: Length::from_secs(10),
        }
    }

    /// Cuts every connection, and leaves what runs behind them.
    pub(super) fn cut(&self) {
        self.signal(Signal::KILL);
    }

    /// Lets every connection fall silent, as a network does that carries nothing any more.
    pub(super) fn silence(&self) {
        self.signal(Signal::STOP);
    }

    fn signal(&self, signal: Signal) {
        for pid in sessions(self.child.id()) {
            let _ = kill_process(pid, signal);
        }
    }

    /// How many connections there are.
    pub(super) fn connections(&self) -> usize {
        children(self.child.id()).len()
    }

    pub(super) fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.cut();
        self.end();
    }
}

pub(super) fn keygen(path: &Path) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .status();
    assert!(status.expect("ssh-keygen").success());
}

fn configure(root: &Path, port: u16, env: &str) {
    let dir = root.display();
    let sshd = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {dir}/host\nAuthorizedKeysFile {dir}/authorized\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n\
         MaxStartups 100\nSetEnv HOME={dir}/home {env}\n"
    );
    fs::write(root.join("sshd_config"), sshd).expect("written");
    let config = format!(
        "Host vps\nHostName 127.0.0.1\nPort {port}\nIdentityFile {dir}/user\nIdentitiesOnly yes\nIdentityAgent none\n\
         UserKnownHostsFile {dir}/known_hosts\nGlobalKnownHostsFile /dev/null\n"
    );
    fs::write(root.join("config"), config).expect("written");
    let key = fs::read_to_string(root.join("host.pub")).expect("a key");
    fs::write(root.join("known_hosts"), format!("[127.0.0.1]:{port} {key}")).expect("written");
}

/// None when it ended, e.g. because somebody else has the port by now.
fn listen(sshd: &Path, root: &Path, port: u16) -> Option<Child> {
    let log = fs::File::create(root.join("sshd.log")).expect("a log");
    let mut child = Command::new(sshd)
        .args(["-D", "-e", "-f"])
        .arg(root.join("sshd_config"))
        .stdin(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("sshd");
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        if !matches!(child.try_wait(), Ok(None)) {
            let _ = child.wait();
            return None;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("sshd does not listen");
}

/// The processes of sshd below this one.
fn sessions(parent: u32) -> Vec<Pid> {
    let mut found = Vec::new();
    for (pid, command) in children(parent) {
        found.extend(sessions(pid));
        if command.starts_with("sshd") {
            found.extend(i32::try_from(pid).ok().and_then(Pid::from_raw));
        }
    }
    found
}

/// Children of a process, with their names.
fn children(parent: u32) -> Vec<(u32, String)> {
    let entries = fs::read_dir("/proc").expect("Linux");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let stat = fs::read_to_string(PathBuf::from(format!("/proc/{pid}/stat"))).ok()?;
        let (before, after) = stat.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        let of: u32 = after.split_whitespace().nth(1)?.parse().ok()?;
        (of == parent).then(|| (pid, name.to_owned()))
    })
    .collect()
}
