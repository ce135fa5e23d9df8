//! AgentIQ on a real server.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use runner_e2e::{Agentiq, Beginning, Built, Load, Repository, Site};

use super::Stage;
use crate::story::Story;

/// A copy of the server on which the first version was released, with one of its own for each job.
pub(super) struct Server {
    agentiq: Agentiq,
    story: Story,
    programs: PathBuf,
}

impl Server {
    pub(super) fn prepare(story: Story, job: usize) -> Result<Self> {
        let shown = Built::find()?.scratch().join("agentiq/kept");
        fs::create_dir_all(&shown)?;
        let agentiq = Beginning::find_or_make(&shown)?.copy(&format!("{story}-{job}"))?;
        let programs = agentiq.folder().join("programs");
        fs::create_dir_all(&programs)?;
        let ssh = programs.join("ssh");
        fs::write(&ssh, include_str!("ssh.sh"))?;
        fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755))?;
        let production = "environments.production";
        let agentiq = agentiq.programs(programs.clone()).set([
            // What is measured is how it ends, not how long somebody looked.
            "environments.staging.watch=false".to_owned(),
            format!("{production}.watch.duration=3s"),
            format!("{production}.target.config.web.drain=2s"),
        ]);
        // Staging's strategy is tried in the other story.
        let agentiq = match story {
            Story::Server => agentiq
                .set([r#"release.environments=["production"]"#])
                .without_staging()?,
            _ => agentiq,
        };
        Ok(Self {
            agentiq,
            story,
            programs,
        })
    }
}

impl Stage for Server {
    fn repository(&self) -> &dyn Repository {
        &self.agentiq
    }

    fn reset(&self) -> Result<()> {
        self.agentiq.reset()?;
        for name in ["sessions", "at", "cut"] {
            let _ = fs::remove_file(self.programs.join(name));
        }
        match self.story {
            Story::ServerRollback => self.agentiq.history("break.sh", &["suggestion"]),
            _ => self.agentiq.change("feat: another version"),
        }
    }

    fn clients(&self) -> Result<Option<Load>> {
        Load::start(&self.agentiq, Site::Production, "/api/version", 20, 20).map(Some)
    }

    fn sessions(&self) -> u64 {
        let text = fs::read_to_string(self.programs.join("sessions")).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }

    fn cut_at(&self, session: u64) -> Result<()> {
        Ok(fs::write(self.programs.join("at"), session.to_string())?)
    }

    fn was_cut(&self) -> bool {
        self.programs.join("cut").exists()
    }

    /// The version before ends what it is at, and is stopped by a timer.
    fn settle(&self) -> Result<()> {
        let began = Instant::now();
        let going_on = "systemctl list-units --plain --no-legend '*-drain-*' '*-migration*' | grep . || :\n\
                        systemctl list-units --plain --no-legend --state=deactivating,activating 'agentiq*' | grep . || :";
        loop {
            let units = self.agentiq.vps().root(going_on)?;
            if units.trim().is_empty() {
                return Ok(());
            }
            ensure!(
                began.elapsed() < Duration::from_secs(60),
                "still going on: {units}"
            );
            thread::sleep(Duration::from_millis(300));
        }
    }
}
