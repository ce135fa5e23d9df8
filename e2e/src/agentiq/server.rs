//! The server as it is now, looked at from outside of `runner`.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::Agentiq;
use crate::repository::done;

/// One of its sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    Staging,
    Production,
}

impl Site {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Staging, Self::Production];

    /// Of the environment.
    pub fn environment(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// Its host name.
    pub fn host(self) -> &'static str {
        match self {
            Self::Staging => "staging.agentiq.ru",
            Self::Production => "agentiq.ru",
        }
    }

    /// What its database is called.
    pub fn database(self) -> &'static str {
        match self {
            Self::Staging => "agentiq_chat_staging",
            Self::Production => "agentiq_chat",
        }
    }
}

impl Agentiq {
    /// Fetches the certificates that the server has made for itself, so that they can be trusted here.
    pub fn fetch_certificates(&self) -> Result<()> {
        let all = self.vps.root("cat /etc/ssl/runner/*.crt")?;
        Ok(fs::write(self.folder.join("sites.pem"), all)?)
    }

    /// What a path of a site answers: by way of nginx, over TLS that is checked.
    pub fn page(&self, site: Site, path: &str) -> Result<String> {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--fail",
            "--max-time",
            "10",
            "--cacert",
        ])
        .arg(self.folder.join("sites.pem"))
        .arg("--resolve")
        .arg(format!("{}:443:{}", site.host(), self.vps.address()?))
        .arg(format!("https://{}{path}", site.host()));
        done(&mut curl)
    }

    /// The version that a site's back end says it is; none where nothing healthy answers.
    pub fn version_at(&self, site: Site) -> Option<String> {
        let health: Value = serde_json::from_str(&self.page(site, "/api/health").ok()?).ok()?;
        Some(health.get("version")?.as_str()?.to_owned())
    }

    /// With staging's units stopped, and not started by a boot either: where only production is looked at, most of the time
    /// would go into starting them again and again.
    pub fn without_staging(mut self) -> Result<Self> {
        let stop = "systemctl disable --now --quiet agentiq-staging agentiq-staging-celery";
        self.vps.root(stop)?;
        self.vps.checkpoint()?;
        self.introduce()?;
        self.awake.retain(|site| *site != Site::Staging);
        Ok(self)
    }

    /// Waits until the sites answer, e.g. after a boot.
    pub fn wait_for_sites(&self) -> Result<()> {
        let began = Instant::now();
        for &site in &self.awake {
            while self.version_at(site).is_none() {
                if began.elapsed() > Duration::from_secs(60) {
                    bail!(
                        "{} does not answer: {:?}",
                        site.host(),
                        self.page(site, "/api/health")
                    );
                }
                thread::sleep(Duration::from_millis(200));
            }
        }
        Ok(())
    }
}

/// All that a plan must not change: files, units, processes and databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    files: BTreeMap<PathBuf, String>,
    told: String,
}

/// They change by themselves, or by somebody's logging in.
const RESTLESS: [&str; 10] = [
    "proc",
    "sys",
    "dev",
    "run",
    "tmp",
    "var/log",
    "var/lib/postgresql",
    "var/lib/redis",
    "var/lib/systemd",
    "var/cache",
];

/// Units, programs that run and what is in the databases. Of processes that come with a login, and of their own numbers,
/// nothing is told.
const TOLD: &str = r#"
systemctl list-units --all --plain --no-legend --type=service,timer,socket | grep -vE 'user@|user-runtime|run-|session' | sort
ps -eo args= | grep -vE '^(ps |grep |sort|sh |sudo|sshd|\(sd-pam|/lib/systemd/systemd --user|\[|systemctl)|postgres: ' | sort
for database in agentiq_chat_staging agentiq_chat; do
    sudo -u postgres pg_dump --no-comments "$database" 2>/dev/null | grep -vE '^(-- Dumped|\\(un)?restrict )' | sha256sum || :
done
"#;

impl Kept {
    /// Looks at all of it.
    pub fn of(agentiq: &Agentiq) -> Result<Self> {
        let root = agentiq.vps().path("/");
        let mut files = BTreeMap::new();
        let mut open = vec![root.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
                let path = entry?.path();
                let name = path.strip_prefix(&root)?.to_owned();
                if RESTLESS.iter().any(|restless| name == Path::new(restless)) {
                    continue;
                }
                let metadata = fs::symlink_metadata(&path)?;
                if metadata.is_dir() {
                    open.push(path.clone());
                }
                files.insert(name, entry_of(&path, &metadata)?);
            }
        }
        let told = agentiq.vps().root(TOLD)?;
        Ok(Self { files, told })
    }

    /// What has changed since then.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let mut changes: Vec<String> = Vec::new();
        for (path, what) in &self.files {
            match later.files.get(path) {
                Some(now) if now == what => {}
                now => changes.push(format!("/{}: {what}, then {now:?}", path.display())),
            }
        }
        let new = later.files.keys().filter(|path| !self.files.contains_key(*path));
        changes.extend(new.map(|path| format!("/{} is new", path.display())));
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (lines(&self.told), lines(&later.told));
        changes.extend(
            before
                .iter()
                .filter(|line| !after.contains(line))
                .map(|line| format!("gone: {line}")),
        );
        changes.extend(
            after
                .iter()
                .filter(|line| !before.contains(line))
                .map(|line| format!("new: {line}")),
        );
        changes
    }
}

/// Kind, mode, owner, size and when it was written; a folder's own time says that something in it came or went.
fn entry_of(path: &Path, metadata: &fs::Metadata) -> Result<String> {
    let link = match metadata.is_symlink() {
        true => fs::read_link(path)?.display().to_string(),
        false => String::new(),
    };
    Ok(format!(
        "{:o} {}:{} {} bytes at {}.{} {link}",
        metadata.mode(),
        metadata.uid(),
        metadata.gid(),
        metadata.size(),
        metadata.mtime(),
        metadata.mtime_nsec()
    ))
}
