//! A server in memory: the step's conversation with it, again and again.

mod server;

use runner_core::digest::Digest;

use crate::conductor::Broken;
use server::Server;

const PROFILE: &str = r#"
[project]
name = "shop"
[machines.vps]
ssh = "ubuntu@example.org"
[environments.prod.target]
plugin = "systemd"
[environments.staging.target]
plugin = "systemd"
[notify.chat]
plugin = "telegram"
config.token = "{{secret:token}}"
[schedule.backup]
run = ["backup", "create", "prod"]
at = "03:17"
machine = "vps"
[schedule.news]
run = ["digest", "prod", "--send"]
at = "07:00"
machine = "vps"
[schedule.staging-news]
run = ["digest", "staging", "--send"]
at = "07:05"
machine = "vps"
[secrets]
token.env = "TOKEN"
"#;

#[test]
fn a_second_time_nothing_is_changed() {
    let server = Server::new();
    let told = server.done(PROFILE, "prod");
    let place = |text: &str| told.find(text).expect(text);
    let [backup, news, started] = [
        "/opt/runner/shop/backup.toml",
        "/opt/runner/shop/news.toml",
        "unit runner-shop-backup.timer",
    ]
    .map(place);
    let own = [
        ("news", "backup"),
        ("digest prod --send", "backup create prod"),
        ("07:00", "03:17"),
    ];
    let (backup, news) = (&told[backup..news], &told[news..started]);
    let alike = own
        .iter()
        .fold(news.to_owned(), |text, (from, to)| text.replace(from, to));
    assert_eq!(alike, backup, "only name, command and time are a schedule's own");
    insta::assert_snapshot!(told.replace(news, ""), @r#"
    /opt/runner/bin/runner-eb136e4b51f43269
    + runner 0.1.0
    /opt/runner/shop/backup.toml
    @@ -0,0 +1,31 @@
    +# runner: shop prod, schedule backup
    +[environments.prod.target]
    +plugin = "systemd"
    +
    +[machines.vps]
    +connect-timeout = "10s"
    +ssh = "ubuntu@example.org"
    +
    +[notify.chat]
    +plugin = "telegram"
    +
    +[notify.chat.config]
    +token = "{{secret:token}}"
    +
    +[project]
    +name = "shop"
    +
    +[reports]
    +agent = "Agent16_ReleaseEngineer"
    +fm-version = "1.0.5"
    +folder = ".runner/reports/{run}"
    +
    +[secrets.token]
    +env = "RUNNER_SECRET_TOKEN"
    +
    +[version]
    +initial = "0.1.0"
    +tag-prefix = "v"
    +zero-major = "minor"
    +
    +[version.bumps]
    /etc/runner/runner-shop-backup.env
    +RUNNER_SECRET_TOKEN
    /etc/systemd/system/runner-shop-backup.service
    @@ -0,0 +1,18 @@
    +# runner: shop prod, schedule backup
    +[Unit]
    +Description=shop: runner backup create prod
    +Wants=network-online.target
    +After=network-online.target
    +
    +[Service]
    +Type=oneshot
    +User=ubuntu
    +StateDirectory=runner/shop
    +WorkingDirectory=/var/lib/runner/shop
    +Environment=RUNNER_PROFILE_FILE=/opt/runner/shop/backup.toml
    +Environment=RUNNER_HERE=vps
    +Environment=RUNNER_DATA_DIR=/var/lib/runner/shop
    +Environment=RUNNER_CACHE_DIR=/var/lib/runner/shop/cache
    +Environment=RUNNER_ACTOR=runner-shop-backup
    +EnvironmentFile=/etc/runner/runner-shop-backup.env
    +ExecStart=/opt/runner/bin/runner-eb136e4b51f43269 backup create prod
    /etc/systemd/system/runner-shop-backup.timer
    @@ -0,0 +1,10 @@
    +# runner: shop prod, schedule backup
    +[Unit]
    +Description=shop: runner backup create prod
    +
    +[Timer]
    +OnCalendar=03:17
    +Persistent=true
    +
    +[Install]
    +WantedBy=timers.target
    unit runner-shop-backup.timer
    + started, now and at boot
    unit runner-shop-news.timer
    + started, now and at boot
    "#);
    insta::assert_snapshot!(server.paths().join("\n"), @r"
    /etc/runner/runner-shop-backup.env
    /etc/runner/runner-shop-news.env
    /etc/systemd/system/runner-shop-backup.service
    /etc/systemd/system/runner-shop-backup.timer
    /etc/systemd/system/runner-shop-news.service
    /etc/systemd/system/runner-shop-news.timer
    /opt/runner/bin/runner-eb136e4b51f43269
    /opt/runner/shop/backup.toml
    /opt/runner/shop/news.toml
    ");
    for (path, text) in server.files.borrow().iter() {
        let only_roots = path.starts_with("/etc/runner/");
        assert_eq!(text.contains("secret'-"), only_roots, "{path}");
    }
    server.writes.borrow_mut().clear();
    assert_eq!(server.done(PROFILE, "prod"), "");
    assert_eq!(server.writes.borrow().as_slice(), [""; 0]);
}

#[test]
fn what_changed_is_changed_and_told() {
    let server = Server::new();
    server.done(PROFILE, "prod");
    let later = PROFILE
        .replace("03:17", "04:17")
        .replace("\"07:00\"", "\"07:00\"\nenv.PROXY = \"http://10.0.0.1\"");
    insta::assert_snapshot!(server.done(&later, "prod"), @r"
    /etc/systemd/system/runner-shop-backup.timer
    @@ -4,5 +4,5 @@
     
     [Timer]
    -OnCalendar=03:17
    +OnCalendar=04:17
     Persistent=true
    /etc/runner/runner-shop-news.env
    +PROXY
    ");
    assert_eq!(*server.read.borrow(), server.units());
    server.files.borrow_mut().insert(
        "/etc/runner/runner-shop-news.env".into(),
        "RUNNER_SECRET_TOKEN=\"old\"\nPROXY=\"x\"\n".into(),
    );
    assert_eq!(
        server.done(&later, "prod"),
        "/etc/runner/runner-shop-news.env\n~ values"
    );
}

#[test]
fn what_was_dropped_is_removed_and_what_is_anothers_is_not() {
    let server = Server::new();
    server.done(PROFILE, "prod");
    server.done(PROFILE, "staging");
    let others = "/etc/systemd/system/runner-shop-by-hand.service";
    server
        .files
        .borrow_mut()
        .insert(others.into(), "[Service]\n".into());
    let without = PROFILE.replace(
        "[schedule.backup]\nrun = [\"backup\", \"create\", \"prod\"]",
        "[schedule.news-2]\nrun = [\"digest\", \"staging\", \"--send\"]",
    );
    insta::assert_snapshot!(server.done(&without, "prod"), @r"
    unit runner-shop-backup.timer
    - stopped and removed: it is not in the profile any more
    ");
    let started = server.started.borrow().clone();
    assert_eq!(
        started.into_iter().collect::<Vec<_>>(),
        ["runner-shop-news.timer", "runner-shop-staging-news.timer"]
    );
    assert!(server.paths().contains(&others.to_owned()));
    // The last one of an environment.
    let none = without.replace("[\"digest\", \"prod\"", "[\"digest\", \"staging\"");
    server.done(&none, "prod");
    assert!(
        !server
            .paths()
            .iter()
            .any(|path| path.contains("runner-shop-news.")),
        "{:?}",
        server.paths()
    );
}

#[test]
fn a_newer_runner_takes_the_place_of_the_older_once_nothing_needs_that() {
    let mut server = Server::new();
    server.done(PROFILE, "prod");
    server.done(PROFILE, "staging");
    let before = runner_core::schedule::files::executable(&server.runner);
    server.runner = Digest::of(b"runner 2");
    let after = runner_core::schedule::files::executable(&server.runner);
    server.done(PROFILE, "prod");
    assert!(server.paths().contains(&before) && server.paths().contains(&after));
    let told = server.done(PROFILE, "staging");
    assert!(
        told.ends_with(&format!("{before}\n- no unit names it any more")),
        "{told}"
    );
    assert!(!server.paths().contains(&before) && server.paths().contains(&after));
}

#[test]
fn broken_off_anywhere_it_is_done_by_doing_it_again() {
    let whole = Server::new();
    whole.done(PROFILE, "prod");
    let writes = whole.writes.borrow().len();
    assert!(writes > 10, "{writes}");
    for cut in 0..writes {
        let server = Server::new();
        server.patience.set(cut);
        let broken = server.set_up(PROFILE, "prod").expect_err("cut");
        assert!(matches!(broken, Broken::Failed(..)));
        server.patience.set(usize::MAX);
        server.done(PROFILE, "prod");
        // A file that was sent is sent again and removed; one beside its place is written over.
        assert_eq!(server.paths(), whole.paths(), "after {cut}");
        assert_eq!(*server.files.borrow(), *whole.files.borrow(), "after {cut}");
        assert_eq!(*server.read.borrow(), *whole.read.borrow(), "after {cut}");
        assert_eq!(*server.started.borrow(), *whole.started.borrow(), "after {cut}");
    }
}

#[test]
fn what_cannot_run_there_is_not_installed() {
    let mut server = Server::new();
    let foreign = PROFILE.replace("plugin = \"telegram\"", "plugin = \"./chat.wasm\"");
    let refused = |server: &Server, text: &str| match server.set_up(text, "prod") {
        Err(Broken::Failed(error, _)) => error.message,
        other => panic!("{other:?}"),
    };
    insta::assert_snapshot!(refused(&server, &foreign), @"[schedule.backup] needs [notify.chat], whose plugin is a file that the machine does not have");
    server.system = "Linux riscv64".to_owned();
    insta::assert_snapshot!(refused(&server, PROFILE).replace(std::env::consts::ARCH, "ARCH"), @"machine `vps` is `Linux riscv64`, and this runner is for `linux ARCH`");
    assert_eq!(server.paths(), [""; 0]);
    assert_eq!(server.writes.borrow().as_slice(), [""; 0]);
}
