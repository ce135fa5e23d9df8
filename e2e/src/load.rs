//! Constant load on a site while something happens to it, by `examples/agentiq/load/load.py`.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{Agentiq, Repository as _, Site};

/// A load that goes on until it is told to end, and has sent what it must. One that is dropped before ends at once.
#[derive(Debug)]
pub struct Load {
    child: Option<Child>,
    until: PathBuf,
}

/// What a load has seen.
#[derive(Clone, Debug)]
pub struct Seen(Value);

impl Load {
    /// Starts `requests` requests at least, `rate` a second, for a path of a site.
    pub fn start(agentiq: &Agentiq, site: Site, path: &str, rate: u32, requests: u32) -> Result<Self> {
        let until = agentiq.folder().join(format!(
            "load-{}{}.end",
            site.environment(),
            path.replace('/', "-")
        ));
        if until.exists() {
            fs::remove_file(&until)?;
        }
        let child = Command::new("python3")
            .arg(Agentiq::example().join("load/load.py"))
            .arg(format!("https://{}{path}", site.host()))
            .args(["--connect", &agentiq.vps().address()?])
            .args(["--rate", &rate.to_string(), "--requests", &requests.to_string()])
            .args(["--seconds", "600", "--timeout", "20", "--until"])
            .arg(&until)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run python3")?;
        Ok(Self {
            child: Some(child),
            until,
        })
    }

    /// It may end now; waits for what it has seen.
    pub fn end(mut self) -> Result<Seen> {
        fs::write(&self.until, "")?;
        let child = self.child.take().context("it has ended")?;
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(Seen(
            serde_json::from_str(&text).with_context(|| format!("the load said `{text}`"))?,
        ))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Seen {
    /// Requests that were sent.
    pub fn sent(&self) -> u64 {
        self.number("sent")
    }

    /// Those that were not answered whole, in time and well.
    pub fn failed(&self) -> u64 {
        self.number("failed")
    }

    /// From one answer that was well to the next, at the longest, in milliseconds.
    pub fn longest_gap_ms(&self) -> f64 {
        self.0
            .get("longest_gap_ms")
            .and_then(Value::as_f64)
            .unwrap_or(f64::NAN)
    }

    /// Versions that answered.
    pub fn versions(&self) -> Vec<&str> {
        let versions = self.0.get("by_version").and_then(Value::as_object);
        versions
            .into_iter()
            .flatten()
            .map(|(version, _)| version.as_str())
            .collect()
    }

    /// In one line.
    pub fn line(&self) -> String {
        let figure = |name: &str| self.0.get(name).unwrap_or(&Value::Null).to_string();
        format!(
            "{} failed of {}; retried {}; longest gap {} ms; p50 {} ms, p99 {} ms; versions {}; errors {}",
            self.failed(),
            self.sent(),
            figure("retried"),
            figure("longest_gap_ms"),
            figure("p50_ms"),
            figure("p99_ms"),
            figure("by_version"),
            figure("errors"),
        )
    }

    fn number(&self, name: &str) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or_default()
    }
}
