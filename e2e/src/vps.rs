//! A real server: Debian with systemd as PID 1 and sshd, run by `scripts/vps.sh`.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};

use crate::repository::done;

/// A server and its folder. It is shut down when this is dropped; what is on its disk stays.
#[derive(Debug)]
pub struct Vps {
    folder: PathBuf,
    name: String,
}

impl Vps {
    /// Boots the server of the folder, a new and bare one if there is none. `name` is its host name, and what ssh calls it.
    pub fn start(folder: &Path, name: &str) -> Result<Self> {
        let vps = Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
        };
        // After a session that was killed.
        if folder.join("name").exists() {
            vps.script("stop", &[])?;
        }
        vps.script("start", &["--name", name])?;
        Ok(vps)
    }

    /// Its folder: `root/` has its files, as they are now.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of the server, seen from here.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join("root").join(path.trim_start_matches('/'))
    }

    /// What ssh calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address, until it is booted again.
    pub fn address(&self) -> Result<String> {
        let path = self.folder.join("address");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.trim().to_owned())
    }

    /// Goes back to the last checkpoint, as after a loss of power, and boots.
    pub fn reset(&self) -> Result<()> {
        self.script("reset", &[])
    }

    /// What is on its disk now is what [`Vps::reset`] goes back to. It is shut down and booted.
    pub fn checkpoint(&self) -> Result<()> {
        self.script("checkpoint", &[])
    }

    /// What a shell script prints that root runs on it; an error if it fails.
    pub fn root(&self, script: &str) -> Result<String> {
        let mut child = Command::new("ssh")
            .arg("-F")
            .arg(self.folder.join("ssh_config"))
            .args([&self.name, "sudo", "sh", "-s"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child
            .stdin
            .take()
            .context("stdin is a pipe")?
            .write_all(script.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "`{}...` ended with {} on `{}`: {}",
            script.trim().lines().next().unwrap_or_default(),
            output.status,
            self.name,
            String::from_utf8_lossy(&output.stderr)
                .lines()
                .take(5)
                .collect::<Vec<_>>()
                .join("\n")
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn script(&self, command: &str, arguments: &[&str]) -> Result<()> {
        let mut script = Command::new("sh");
        script
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/vps.sh"))
            .arg(command)
            .arg(&self.folder)
            .args(arguments);
        done(&mut script).map(drop)
    }
}

impl Drop for Vps {
    fn drop(&mut self) {
        let _ = self.script("stop", &[]);
    }
}
