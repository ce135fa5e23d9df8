//! The files of two schedules of one project, whole or by what differs.

use similar::TextDiff;

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
[gate.go]
plugin = "checklist"
[environments.prod]
url = "https://shop.example"
backup = ["database"]
gate = ["lint"]
before = ["go"]
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
    RUNNER_SECRET_CHAT_TOKEN="{{secret:chat-token|quoted}}"
    RUNNER_SECRET_DB="{{secret:db|quoted}}"
    AWS_REGION="eu"
    AWS_SECRET_ACCESS_KEY="{{secret:bucket|quoted}}"

    /opt/runner/my-shop/backup.toml
    # runner: my-shop prod, schedule backup
    store = "s3://bucket/shop"

    [backup.database]
    plugin = "backup-postgres"

    [backup.database.config]
    password = "{{secret:db}}"

    [environments.prod]
    backup = ["database"]
    url = "https://shop.example"

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
    let (backup, files) = (of("backup"), of("digest"));
    let text = |files: &Files| format!("{}\n{}", files.variables.content, files.profile.content);
    let (backup, digest) = (text(&backup), text(&files));
    let differs = TextDiff::from_lines(&backup, &digest);
    insta::assert_snapshot!(differs.unified_diff().context_radius(0), @r#"
    @@ -1 +1 @@
    -# runner: my-shop prod, schedule backup
    +# runner: my-shop prod, schedule digest
    @@ -3,3 +3 @@
    -RUNNER_SECRET_DB="{{secret:db|quoted}}"
    -AWS_REGION="eu"
    -AWS_SECRET_ACCESS_KEY="{{secret:bucket|quoted}}"
    +RUNNER_SECRET_SENTRY="{{secret:sentry|quoted}}"
    @@ -7 +5 @@
    -# runner: my-shop prod, schedule backup
    +# runner: my-shop prod, schedule digest
    @@ -10,5 +8,4 @@
    -[backup.database]
    -plugin = "backup-postgres"
    -
    -[backup.database.config]
    -password = "{{secret:db}}"
    +[digest.readings.warnings]
    +level = "warning"
    +query = "issues level:warning"
    +source = "sentry"
    @@ -17 +13,0 @@
    -backup = ["database"]
    @@ -29,0 +26,6 @@
    +[metrics.sentry]
    +plugin = "sentry"
    +
    +[metrics.sentry.config]
    +token = "{{secret:sentry}}"
    +
    @@ -46,3 +47,0 @@
    -
    -[secrets.db]
    -env = "RUNNER_SECRET_DB"
    @@ -52,0 +52,3 @@
    +[secrets.sentry]
    +env = "RUNNER_SECRET_SENTRY"
    +
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
