//! What differs from the profile `agentiq` in these tests.

use std::path::Path;

use crate::{Agentiq, Repository as _, chromium};

/// The repository's own `runner.toml`: no certificate authority, nobody to tell, watches that take seconds, and
/// timers that wait.
pub(super) fn own() -> String {
    format!(
        "{OWN}\n[smoke.browser]\nconfig.env.CHROMIUM = {}\n",
        serde_json::json!(chromium())
    )
}

const OWN: &str = r#"# The server of the tests: no authority can reach it, and nobody else is told.
[environments.staging.target.config]
env = { DEMO_PASSWORD = "{{secret:demo-password}}", WB_API_TOKEN = "" }
nginx = { tls = "self-signed" }

[environments.staging.watch]
duration = "3s"
interval = "1s"

[environments.production]
before = ["go-no-go"]

[environments.production.target.config]
env = { DEMO_PASSWORD = "{{secret:demo-password}}", WB_API_TOKEN = "" }
nginx = { tls = "self-signed" }

[environments.production.watch]
duration = "4s"
interval = "1s"
rules.critical = false

# Without models, Sentry and people: these are asked elsewhere.
[gate]
review = false
sentry-quiet = false

[gate.go-no-go]
config.items = [
    { id = "no-merge-conflicts", group = "code", text = "There are no merge conflicts", no-merge-markers = true },
    { id = "no-claude-md", group = "code", text = "`CLAUDE.md` is not committed", not-committed = "CLAUDE.md" },
    { id = "changelog-prepared", group = "communication", text = "The changelog is written", run = ["sh", "-c", "git show \"v$RUNNER_VERSION:CHANGELOG.md\" | grep -qF \"$RUNNER_VERSION\""] },
]

[notify]
telegram = false
sentry = false

[notify.team]
plugin = "file"
config.path = ".runner/notices.log"

[metrics]
sentry = false

[digest.readings]
warnings = false
errors = false
critical = false

# Installed, and not started while a trial compares what was before with what is after.
[schedule]
backup.at = "yearly"
critical.at = "yearly"
# On the server, its own certificate is trusted by nobody else.
critical.env = { SSL_CERT_FILE = "/etc/ssl/runner/agentiq.ru.crt" }
digest-production.env = { SSL_CERT_FILE = "/etc/ssl/runner/agentiq.ru.crt" }
digest-production.at = "yearly"
digest-staging.at = "yearly"
"#;

/// After the first release: without the checks of the gate, which are the same whatever happens on the server, without the
/// browser, and with a front end that was built before, in `frontend`. It is committed, since no option skips a check.
pub(super) fn without_checks(own: &str, frontend: &Path) -> String {
    let copy = format!("rm -rf dist && cp -r '{}' dist", frontend.display());
    let run = serde_json::json!(["sh", "-c", copy]);
    let dropped =
        ["lint", "unit", "coverage", "types", "frontend-tests"].map(|check| format!("{check} = false\n"));
    let (rest, _browser) = own.rsplit_once("[smoke.browser]").unwrap_or((own, ""));
    rest.replacen("[gate]\n", &format!("[gate]\n{}", dropped.concat()), 1)
        + &format!("[gate.frontend-build]\nconfig.run = {run}\n")
        + "\n[environments.staging]\nsmoke = [\"critical-paths\"]\n\n[smoke]\nbrowser = false\n"
}

/// Values of the profile's secrets.
pub(super) const SECRETS: [(&str, &str); 7] = [
    ("STAGING_DB_PASSWORD", "staging-db-3f9a"),
    ("STAGING_WB_API_TOKEN", "staging-wb-77c1"),
    ("STAGING_OZON_API_KEY", "staging-ozon-0d2e"),
    ("PRODUCTION_DB_PASSWORD", "production-db-91be"),
    ("PRODUCTION_WB_API_TOKEN", "production-wb-5a40"),
    ("PRODUCTION_OZON_API_KEY", "production-ozon-c8d7"),
    ("DEMO_PASSWORD", "demo-e44b"),
];

/// What is known only once the server runs.
pub(super) fn settings(agentiq: &Agentiq) -> Vec<String> {
    let address = agentiq.vps().address().unwrap_or_default();
    let mut settings = vec![
        format!("machines.vps.ssh={}", agentiq.vps().name()),
        format!(
            "machines.vps.ssh-config={}",
            agentiq.vps().folder().join("ssh_config").display()
        ),
        format!(
            "smoke.critical-paths.config.env.SSL_CERT_FILE={}",
            agentiq.folder().join("sites.pem").display()
        ),
    ];
    for environment in ["staging", "production"] {
        settings.push(format!(
            "environments.{environment}.target.config.nginx.address={address}"
        ));
    }
    settings
}
