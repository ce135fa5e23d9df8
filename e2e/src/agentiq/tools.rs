//! What a developer of the chat centre has: a virtual environment and `node_modules`, installed once for the same versions.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::Agentiq;
use crate::{Repository as _, repository::done};

/// The browser.
pub fn chromium() -> String {
    std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned())
}

/// Puts both into the repository, where git ignores them, unless they are there.
pub(super) fn install(agentiq: &Agentiq, work_tree: &Path) -> Result<()> {
    let center = work_tree.join("apps/chat-center");
    let (backend, frontend) = (center.join("backend"), center.join("frontend"));
    let python = once(
        agentiq,
        "venv",
        &[
            &backend.join("requirements-dev.txt"),
            &backend.join("requirements.txt"),
        ],
        &format!(
            "python3 -m venv . && bin/pip install --quiet --disable-pip-version-check -r '{}'",
            backend.join("requirements-dev.txt").display()
        ),
    )?;
    if !backend.join(".venv").exists() {
        symlink(python, backend.join(".venv"))?;
    }
    let node = once(
        agentiq,
        "node",
        &[&frontend.join("package-lock.json")],
        &format!(
            "cp '{0}/package.json' '{0}/package-lock.json' . && npm ci --silent --no-audit --no-fund",
            frontend.display()
        ),
    )?;
    if frontend.join("node_modules").exists() {
        return Ok(());
    }
    // Not a link: Vite looks for its plugins from where a file really lies.
    let mut copy = Command::new("cp");
    copy.args(["-al"]).arg(node.join("node_modules")).arg(&frontend);
    done(&mut copy).map(drop)
}

/// A folder made by a script that is run in it; the same again while the files are the same.
fn once(agentiq: &Agentiq, name: &str, files: &[&Path], script: &str) -> Result<std::path::PathBuf> {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    let kept = agentiq.built().scratch().join("tools");
    let folder = kept.join(format!("{name}-{}", &hex::encode(hash.finalize())[..12]));
    let whole = folder.join(".whole");
    if !whole.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut command = Command::new("sh");
        // A virtual environment cannot be moved, so it is made in its place; only a whole one is marked as such.
        command.args(["-c", script]).current_dir(&folder);
        agentiq.environment(&mut command);
        command.env_remove("SSL_CERT_FILE");
        done(&mut command)?;
        fs::write(whole, "")?;
    }
    Ok(folder)
}
