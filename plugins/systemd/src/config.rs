//! What the profile says about one environment on a server.

use std::collections::BTreeMap;

use runner_sdk::Duration;
use schemars::JsonSchema;
use serde::Deserialize;

/// One environment on a server: releases in folders, systemd units, nginx in front.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The server: a machine of the profile. Without it, the machine that `runner` runs on.
    pub(crate) machine: Option<String>,
    /// The environment's own folder on it, e.g. `/opt/agentiq-staging`.
    #[schemars(regex(pattern = r"^/[^/]+/.*[^/]$"))]
    pub(crate) root: String,
    /// The account that the units run as, and that `runner` comes as: releases are its own.
    pub(crate) user: String,
    /// How a new version takes over.
    #[serde(default)]
    pub(crate) strategy: Strategy,
    /// The application.
    pub(crate) backend: Backend,
    /// What nginx serves as it is.
    pub(crate) frontend: Option<Frontend>,
    /// The unit that answers requests.
    pub(crate) web: Web,
    /// Units that answer none, by name.
    #[serde(default)]
    pub(crate) workers: BTreeMap<String, Worker>,
    /// Variables of all units; `{{secret:name}}` in a value is filled in on the way to the server. They go into a file that
    /// only root reads.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// The site in front. `blue-green` and `canary` need it.
    pub(crate) nginx: Option<Nginx>,
    /// The database, for the set-up.
    pub(crate) database: Option<Database>,
    /// Debian packages, for the set-up.
    #[serde(default)]
    pub(crate) packages: Vec<String>,
    /// Programs that run every so often, for the set-up, by name.
    #[serde(default)]
    pub(crate) timers: BTreeMap<String, Timer>,
    /// How many releases to keep. The running one, and the one that a rollback would go to, are kept in any case.
    #[serde(default = "five")]
    #[schemars(range(min = 1))]
    pub(crate) keep: usize,
    /// How much of the disk must be free before a deploy, in MiB.
    #[serde(default = "half_a_gigabyte")]
    pub(crate) min_free: u64,
}

/// How a new version takes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Strategy {
    /// The unit is restarted: a moment without answers.
    #[default]
    Restart,
    /// The new version starts on the other port; nginx is switched over once it is healthy.
    BlueGreen,
    /// The same, bit by bit: by the steps of the environment's `canary`, which belongs to this strategy and to no other.
    Canary,
}

impl Strategy {
    /// As in the config.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::BlueGreen => "blue-green",
            Self::Canary => "canary",
        }
    }
}

/// A Python application.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Backend {
    /// The artifact, a folder; units work in it.
    pub(crate) artifact: String,
    /// Its requirements, below the folder. Releases with the same ones share a virtual environment.
    #[serde(default = "requirements")]
    pub(crate) requirements: String,
    /// The Python to make virtual environments with.
    #[serde(default = "python3")]
    pub(crate) python: String,
    /// Whether `alembic upgrade head` is run in it before the new version starts.
    #[serde(default)]
    pub(crate) alembic: bool,
    /// How long a migration may take.
    #[serde(default = "ten_minutes")]
    pub(crate) migration_timeout: Duration,
}

/// Files for the browser.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Frontend {
    /// The artifact, a folder with an `index.html`.
    pub(crate) artifact: String,
    /// Becomes a link to the released files, e.g. `/var/www/staging`.
    #[schemars(regex(pattern = r"^/[^/]+/.*[^/]$"))]
    pub(crate) web_root: String,
    /// A file that says which version these files are, e.g. `version.json`: `{"version": "1.2.3"}`. They are built before it is
    /// known.
    #[schemars(regex(pattern = r"^[^/]+$"))]
    pub(crate) version_file: Option<String>,
    /// Whom the files belong to.
    #[serde(default = "www_data")]
    pub(crate) owner: String,
}

/// The unit that answers requests. In `run`, `{{venv}}`, `{{release}}` and `{{port}}` are filled in.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Web {
    /// Name of the unit without `.service`. With two ports it is a template, and its instances are the ports.
    pub(crate) unit: String,
    /// Program and arguments, e.g. `["{{venv}}/bin/uvicorn", "app.main:app", "--port", "{{port}}"]`.
    #[schemars(length(min = 1))]
    pub(crate) run: Vec<String>,
    /// One port for `restart`, two for the others.
    #[schemars(length(min = 1, max = 2))]
    pub(crate) ports: Vec<u16>,
    /// Path that answers 200 on the port.
    #[serde(default = "health")]
    #[schemars(regex(pattern = "^/"))]
    pub(crate) health: String,
    /// How long it may take to become healthy.
    #[serde(default = "a_minute")]
    pub(crate) start_timeout: Duration,
    /// How long it must then stay up, as the same process, before it is trusted. Not asked of a version that was good.
    #[serde(default = "four_seconds")]
    pub(crate) stable: Duration,
    /// How long it keeps answering what it has begun, once it gets nothing new.
    #[serde(default = "half_a_minute")]
    pub(crate) drain: Duration,
}

/// A unit that answers no requests. It is told to stop by TERM, and may end what it is at.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Worker {
    /// Name of the unit without `.service`.
    pub(crate) unit: String,
    /// Program and arguments, with `{{venv}}` and `{{release}}`.
    #[schemars(length(min = 1))]
    pub(crate) run: Vec<String>,
    /// How long it may take to end its task.
    #[serde(default = "ten_minutes")]
    pub(crate) stop_timeout: Duration,
}

/// The site in front.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Nginx {
    /// Name of its file below `sites-available`.
    pub(crate) site: String,
    /// What it answers to; the first is asked in checks.
    #[schemars(length(min = 1))]
    pub(crate) names: Vec<String>,
    /// What is proxied.
    #[serde(default = "api")]
    #[schemars(regex(pattern = "^/(.*/)?$"))]
    pub(crate) proxied: String,
    /// Where `web.health` can be asked for through nginx.
    #[serde(default = "public_health")]
    #[schemars(regex(pattern = "^/"))]
    pub(crate) health: String,
    /// Where it listens for HTTP: a port, or an address and a port.
    #[serde(default = "http")]
    pub(crate) http: String,
    /// Where it listens for HTTPS.
    #[serde(default = "https")]
    pub(crate) https: String,
    /// The largest request, as nginx writes it.
    #[serde(default = "ten_megabytes")]
    pub(crate) body_limit: String,
    /// Where the certificate comes from.
    pub(crate) tls: Tls,
    /// The server's address, which the names must lead to.
    pub(crate) address: Option<String>,
}

/// Where the certificate comes from.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Tls {
    /// From Let's Encrypt, by certbot; renewed by its own timer.
    #[serde(rename_all = "kebab-case")]
    Certbot {
        /// Whom Let's Encrypt may write to.
        email: String,
    },
    /// Made on the server. Browsers warn of it: for servers that no authority can reach.
    SelfSigned,
}

/// A PostgreSQL database on the server.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) name: String,
    /// The role that owns it.
    pub(crate) owner: String,
    /// The role's password, e.g. `{{secret:staging-db}}`; set when the role is made.
    pub(crate) password: String,
    /// A database to fill it from while it is empty, e.g. production's.
    pub(crate) copy_from: Option<String>,
}

/// A program that runs every so often.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Timer {
    /// Program and arguments.
    #[schemars(length(min = 1))]
    pub(crate) run: Vec<String>,
    /// When, as systemd writes it, e.g. `*-*-* 03:30`.
    pub(crate) at: String,
    /// The account. Default: `user`.
    pub(crate) user: Option<String>,
}

fn five() -> usize {
    5
}
fn half_a_gigabyte() -> u64 {
    512
}
fn requirements() -> String {
    "requirements.txt".to_owned()
}
fn python3() -> String {
    "python3".to_owned()
}
fn ten_minutes() -> Duration {
    Duration::from_secs(600)
}
fn a_minute() -> Duration {
    Duration::from_secs(60)
}
fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}
fn four_seconds() -> Duration {
    Duration::from_secs(4)
}
fn www_data() -> String {
    "www-data".to_owned()
}
fn health() -> String {
    "/health".to_owned()
}
fn api() -> String {
    "/api/".to_owned()
}
fn public_health() -> String {
    "/api/health".to_owned()
}
fn http() -> String {
    "80".to_owned()
}
fn https() -> String {
    "443".to_owned()
}
fn ten_megabytes() -> String {
    "10m".to_owned()
}
