//! The files of a schedule on its machine: the profile, the variables with the secrets, the service and the timer.

use std::fmt::Write as _;

use super::{Schedule, installed};
use crate::{
    digest::Digest,
    profile::{LOCAL, Profile},
};

/// Where systemd reads units.
pub const UNITS: &str = "/etc/systemd/system";
/// Where the executables are: one for each digest.
pub const EXECUTABLES: &str = "/opt/runner/bin";
/// Files that only root reads.
pub const SECRET: &str = "/etc/runner";
/// What the first line of each file begins with that `runner env setup` writes.
const MARK: &str = "# runner: ";

/// Where this executable is on a machine.
pub fn executable(digest: &Digest) -> String {
    let hex = digest.hex();
    format!("{EXECUTABLES}/runner-{}", &hex[..hex.len().min(16)])
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Absolute.
    pub path: String,
    /// May hold `{{secret:name}}` where it is root's alone.
    pub content: String,
}

/// The files of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Name of the units, without `.service` and `.timer`.
    pub unit: String,
    /// The profile that its command uses.
    pub profile: File,
    /// Variables, a line each; only root may read them.
    pub variables: File,
    /// What the timer starts.
    pub service: File,
    /// The timer.
    pub timer: File,
}

/// Who has the files of a schedule.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The environment whose set-up installs it.
    pub environment: &'a str,
    /// The schedule's name.
    pub name: &'a str,
}

impl Owner<'_> {
    /// The first line of each file.
    pub fn mark(&self) -> String {
        format!("{}schedule {}", self.of_environment(), self.name)
    }

    /// What the marks of all schedules of the environment begin with.
    pub fn of_environment(&self) -> String {
        format!("{MARK}{} {}, ", safe(self.project), self.environment)
    }

    /// The name of its units.
    pub fn unit(&self) -> String {
        format!("{}{}", self.of_project(), self.name)
    }

    /// What the names of all units of the project begin with.
    pub fn of_project(&self) -> String {
        format!("runner-{}-", safe(self.project))
    }

    /// The profile's path.
    pub fn profile(&self) -> String {
        format!("/opt/runner/{}/{}.toml", safe(self.project), self.name)
    }

    /// The path of the variables.
    pub fn variables(&self) -> String {
        format!("{SECRET}/{}.env", self.unit())
    }
}

/// The files of a schedule, for a machine where programs run as `user` and `executable` is.
pub fn files(
    owner: Owner<'_>,
    profile: &Profile,
    schedule: &Schedule,
    executable: &str,
    user: &str,
) -> Files {
    let (mark, unit) = (owner.mark(), owner.unit());
    let installed = installed(profile, schedule);
    let mut variables = format!("{mark}\n");
    for (variable, secret) in &installed.secrets {
        let _ = writeln!(variables, "{variable}='{{{{secret:{secret}}}}}'");
    }
    for (name, value) in &schedule.env {
        let _ = writeln!(variables, "{name}='{value}'");
    }
    Files {
        profile: File {
            path: owner.profile(),
            content: format!("{mark}\n{}", installed.profile),
        },
        variables: File {
            path: owner.variables(),
            content: variables,
        },
        service: File {
            path: format!("{UNITS}/{unit}.service"),
            content: service(owner, schedule, executable, user),
        },
        timer: File {
            path: format!("{UNITS}/{unit}.timer"),
            content: timer(owner, schedule),
        },
        unit,
    }
}

/// The user is the one that programs over SSH run as, so what both write is one's. Its state is below /var/lib.
fn service(owner: Owner<'_>, schedule: &Schedule, executable: &str, user: &str) -> String {
    let project = safe(owner.project);
    let here = schedule.machine.as_ref().filter(|machine| *machine != LOCAL);
    let here = here.map(|machine| format!("Environment=RUNNER_HERE={machine}\n"));
    format!(
        "{mark}\n[Unit]\nDescription={project}: {schedule}\nWants=network-online.target\nAfter=network-online.target\n\n\
         [Service]\nType=oneshot\nUser={user}\nStateDirectory=runner/{project}\nWorkingDirectory=/var/lib/runner/{project}\n\
         Environment=RUNNER_PROFILE_FILE={profile}\n{here}\
         Environment=RUNNER_DATA_DIR=/var/lib/runner/{project}\n\
         Environment=RUNNER_CACHE_DIR=/var/lib/runner/{project}/cache\n\
         Environment=RUNNER_ACTOR={unit}\n\
         EnvironmentFile={variables}\nExecStart={executable} {run}\n",
        mark = owner.mark(),
        profile = owner.profile(),
        here = here.unwrap_or_default(),
        unit = owner.unit(),
        variables = owner.variables(),
        run = schedule.run.join(" "),
    )
}

/// What was missed while the machine was off is made up for.
fn timer(owner: Owner<'_>, schedule: &Schedule) -> String {
    let at: Vec<_> = schedule.at.split_whitespace().collect();
    format!(
        "{}\n[Unit]\nDescription={}: {schedule}\n\n[Timer]\nOnCalendar={}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        owner.mark(),
        safe(owner.project),
        at.join(" "),
    )
}

/// A project's name as part of the name of a unit or a file.
fn safe(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Layer, Source, resolve};

    const PROFILE: &str = r#"
store = "s3://bucket/shop"
[project]
name = "my shop"
[machines.vps]
ssh = "ubuntu@example.org"
[gate.lint]
plugin = "./lint.wasm"
config.token = "{{secret:lint}}"
[environments.prod]
url = "https://shop.example"
backup = ["database"]
gate = ["lint"]
smoke = ["home"]
[environments.prod.target]
plugin = "systemd"
config.env.KEY = "{{secret:key}}"
[environments.prod.watch]
duration = "5m"
[environments.prod.watch.rules.lag]
source = "prometheus"
query = "lag"
above = 5
action = "warn"
[environments.staging.target]
plugin = "./stage.wasm"
[smoke.home]
plugin = "command"
[metrics.prometheus]
plugin = "prometheus"
[metrics.sentry]
plugin = "sentry"
config.token = "{{secret:sentry}}"
[backup.database]
plugin = "backup-postgres"
config.password = "{{secret:db}}"
[backup.other]
plugin = "backup-files"
[notify.chat]
plugin = "telegram"
config.token = "{{secret:chat-token}}"
[notify.wiki]
plugin = "webhook"
events = ["released"]
config.token = "{{secret:wiki}}"
[digest.readings.warnings]
source = "sentry"
query = "issues level:warning"
[schedule.backup]
run = ["backup", "create", "prod"]
at = "*-*-* 03:17:00"
machine = "vps"
env = { AWS_REGION = "eu", AWS_SECRET_ACCESS_KEY = "{{secret:bucket}}" }
[schedule.digest]
run = ["digest", "prod", "--send"]
at = "07:00"
[secrets]
lint = { env = "LINT" }
key = { file = "key" }
db = { command = ["pass", "db"] }
sentry = { env = "SENTRY" }
chat-token = { env = "CHAT" }
wiki = { env = "WIKI" }
bucket = { env = "AWS_SECRET_ACCESS_KEY" }
"#;

    fn profile(text: &str) -> Profile {
        let layer = Layer::of_toml(Source::File("runner.toml".into()), text).expect("toml");
        resolve(vec![layer]).expect(text).profile
    }

    fn of(name: &str) -> Files {
        let profile = profile(PROFILE);
        let owner = Owner {
            project: &profile.project.name,
            environment: "prod",
            name,
        };
        let executable = executable(&Digest::of(b"runner"));
        files(owner, &profile, &profile.schedule[name], &executable, "ubuntu")
    }

    #[test]
    fn a_backup() {
        let files = of("backup");
        let all = [&files.service, &files.timer, &files.variables, &files.profile];
        let all: Vec<_> = all
            .iter()
            .map(|file| format!("{}\n{}", file.path, file.content))
            .collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
        /etc/systemd/system/runner-my-shop-backup.service
        # runner: my-shop prod, schedule backup
        [Unit]
        Description=my-shop: runner backup create prod
        Wants=network-online.target
        After=network-online.target

        [Service]
        Type=oneshot
        User=ubuntu
        StateDirectory=runner/my-shop
        WorkingDirectory=/var/lib/runner/my-shop
        Environment=RUNNER_PROFILE_FILE=/opt/runner/my-shop/backup.toml
        Environment=RUNNER_HERE=vps
        Environment=RUNNER_DATA_DIR=/var/lib/runner/my-shop
        Environment=RUNNER_CACHE_DIR=/var/lib/runner/my-shop/cache
        Environment=RUNNER_ACTOR=runner-my-shop-backup
        EnvironmentFile=/etc/runner/runner-my-shop-backup.env
        ExecStart=/opt/runner/bin/runner-527aa9f431539da8 backup create prod

        /etc/systemd/system/runner-my-shop-backup.timer
        # runner: my-shop prod, schedule backup
        [Unit]
        Description=my-shop: runner backup create prod

        [Timer]
        OnCalendar=*-*-* 03:17:00
        Persistent=true

        [Install]
        WantedBy=timers.target

        /etc/runner/runner-my-shop-backup.env
        # runner: my-shop prod, schedule backup
        RUNNER_SECRET_CHAT_TOKEN='{{secret:chat-token}}'
        RUNNER_SECRET_DB='{{secret:db}}'
        AWS_REGION='eu'
        AWS_SECRET_ACCESS_KEY='{{secret:bucket}}'

        /opt/runner/my-shop/backup.toml
        # runner: my-shop prod, schedule backup
        store = "s3://bucket/shop"

        [backup.database]
        plugin = "backup-postgres"

        [backup.database.config]
        password = "{{secret:db}}"

        [environments.prod]
        backup = ["database"]
        first-deploy = "refuse"
        url = "https://shop.example"

        [environments.prod.health]
        interval = "1s"
        timeout = "1m"

        [environments.prod.target]
        plugin = "systemd"

        [environments.prod.target.config.env]
        KEY = "{{secret:key}}"

        [machines.vps]
        connect-timeout = "10s"
        ssh = "ubuntu@example.org"

        [notify.chat]
        plugin = "telegram"

        [notify.chat.config]
        token = "{{secret:chat-token}}"

        [project]
        name = "my shop"

        [reports]
        agent = "Agent16_ReleaseEngineer"
        fm-version = "1.0.5"
        folder = ".runner/reports/{run}"

        [secrets.chat-token]
        env = "RUNNER_SECRET_CHAT_TOKEN"

        [secrets.db]
        env = "RUNNER_SECRET_DB"

        [secrets.key]
        env = "RUNNER_SECRET_KEY"

        [version]
        initial = "0.1.0"
        tag-prefix = "v"
        zero-major = "minor"

        [version.bumps]
        "#);
    }

    #[test]
    fn a_digest_gets_what_it_asks_and_whom_it_tells() {
        let files = of("digest");
        insta::assert_snapshot!(format!("{}\n{}", files.variables.content, files.profile.content), @r#"
        # runner: my-shop prod, schedule digest
        RUNNER_SECRET_CHAT_TOKEN='{{secret:chat-token}}'
        RUNNER_SECRET_SENTRY='{{secret:sentry}}'

        # runner: my-shop prod, schedule digest
        store = "s3://bucket/shop"

        [digest.readings.warnings]
        level = "warning"
        query = "issues level:warning"
        source = "sentry"

        [environments.prod]
        first-deploy = "refuse"
        url = "https://shop.example"

        [environments.prod.health]
        interval = "1s"
        timeout = "1m"

        [environments.prod.target]
        plugin = "systemd"

        [environments.prod.target.config.env]
        KEY = "{{secret:key}}"

        [machines.vps]
        connect-timeout = "10s"
        ssh = "ubuntu@example.org"

        [metrics.sentry]
        plugin = "sentry"

        [metrics.sentry.config]
        token = "{{secret:sentry}}"

        [notify.chat]
        plugin = "telegram"

        [notify.chat.config]
        token = "{{secret:chat-token}}"

        [project]
        name = "my shop"

        [reports]
        agent = "Agent16_ReleaseEngineer"
        fm-version = "1.0.5"
        folder = ".runner/reports/{run}"

        [secrets.chat-token]
        env = "RUNNER_SECRET_CHAT_TOKEN"

        [secrets.key]
        env = "RUNNER_SECRET_KEY"

        [secrets.sentry]
        env = "RUNNER_SECRET_SENTRY"

        [version]
        initial = "0.1.0"
        tag-prefix = "v"
        zero-major = "minor"

        [version.bumps]
        "#);
        assert!(
            !files.service.content.contains("RUNNER_HERE"),
            "{}",
            files.service.content
        );
    }

    #[test]
    fn what_is_installed_is_a_profile_that_needs_nothing_else() {
        for name in ["backup", "digest"] {
            let text = of(name).profile.content;
            let installed = profile(&text);
            assert_eq!(installed.environments.keys().collect::<Vec<_>>(), ["prod"]);
            // Installed once more, it would be the same.
            let whole = profile(PROFILE);
            let again = super::super::installed(&installed, &whole.schedule[name]);
            let first = super::super::installed(&whole, &whole.schedule[name]);
            assert_eq!(again.profile, first.profile);
        }
    }

    #[test]
    fn a_plugin_that_is_a_file_is_told_of() {
        let text = PROFILE
            .replace("plugin = \"telegram\"", "plugin = \"./chat.wasm\"")
            .replace("plugin = \"systemd\"", "plugin = \"./prod.wasm\"");
        let profile = profile(&text);
        let foreign = |name: &str| super::super::installed(&profile, &profile.schedule[name]).foreign;
        assert_eq!(foreign("digest"), ["environments.prod.target", "notify.chat"]);
        assert_eq!(foreign("backup"), ["environments.prod.target", "notify.chat"]);
    }

    #[test]
    fn secrets_of_like_names_have_variables_of_their_own() {
        let text = PROFILE
            .replace(
                "{{secret:chat-token}}",
                "{{secret:chat-token}}{{secret:chat.token}}",
            )
            .replace("[secrets]\n", "[secrets]\n\"chat.token\" = { env = \"OTHER\" }\n");
        let profile = profile(&text);
        let secrets = super::super::installed(&profile, &profile.schedule["digest"]).secrets;
        let secrets: Vec<_> = secrets
            .iter()
            .map(|(variable, name)| format!("{variable}={name}"))
            .collect();
        assert_eq!(
            secrets,
            [
                "RUNNER_SECRET_CHAT_TOKEN=chat-token",
                "RUNNER_SECRET_CHAT_TOKEN_=chat.token",
                "RUNNER_SECRET_SENTRY=sentry"
            ]
        );
    }
}
