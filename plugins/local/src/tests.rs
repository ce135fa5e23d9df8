mod logs;

use runner_sdk::machine_files::{Entry, Kind};
use runner_sdk::services::{Condition as Process, State};
use runner_sdk::target::Condition;
use runner_sdk::testing::{START, ScriptedHost, context, release};
use runner_sdk::{Artifact, Nature};
use serde_json::{Value, json};

use super::*;

const V1: &str = "releases/0.1.0-6229086ae1a7";
const V2: &str = "releases/0.2.0-6229086ae1a7";

fn shop(root: &str) -> Value {
    json!({"root": root, "artifacts": ["shop"], "services": {"web": {
        "run": ["{{release}}/shop", "--data", "{{data}}"],
        "env": {"APP_VERSION": "{{version}}", "PORT": "{{port}}", "KEY": "{{secret:key}}"},
        "port": 8080,
        "health": "/health",
    }}})
}

fn built(version: &str) -> Release {
    let artifact = Artifact {
        name: "shop".into(),
        digest: format!("sha256:{}", "b".repeat(64)),
        size: 3,
        location: "x".into(),
    };
    Release {
        artifacts: vec![artifact],
        ..release(version)
    }
}

fn prod(config: Value) -> Context<Config> {
    let mut context = context(config).with_environment("prod", Some("http://127.0.0.1:8080"));
    context.release = Some(built("0.2.0"));
    context.previous = Some(built("0.1.0"));
    context
}

fn state(condition: Process, label: &str) -> State {
    State {
        condition,
        label: Some(label.to_owned()),
        since: Some(START),
        restarts: 0,
        detail: String::new(),
    }
}

fn current(to: &str) -> Option<Vec<Entry>> {
    let entry = |name: &str, kind, target: Option<&str>| Entry {
        name: name.to_owned(),
        kind,
        size: 0,
        target: target.map(Into::into),
    };
    Some(vec![
        entry("current", Kind::Link, Some(to)),
        entry("releases", Kind::Folder, None),
    ])
}

/// The first deploy ever, up to where processes start.
fn placed(root: &str) -> ScriptedHost {
    ScriptedHost::new()
        .machine_read(None, &format!("{root}/state.json"), None)
        .machine_write(None, &format!("{root}/state.json"))
        .with_json(json!({"services": ["web"], "releases": [V2]}))
        .machine_fetch("shop", None, &format!("{root}/{V2}/shop"))
        .with("mode", "755")
        .machine_write(None, &format!("{root}/{V2}/.release.json"))
        .with_payload_containing("\"version\": \"0.2.0\"")
        .machine_write(None, &format!("{root}/data/.runner"))
        .machine_link(None, &format!("{root}/current"), V2)
}

#[test]
fn a_first_deploy_places_switches_and_starts() {
    let host = placed("/srv/shop")
        .service_start(None, "shop-prod-web", state(Process::Running, "0.2.0"))
        .with("argv", &format!("/srv/shop/{V2}/shop --data /srv/shop/data"))
        .with_env("APP_VERSION", "0.2.0")
        .with_env("PORT", "8080")
        .with_env("KEY", "{{secret:key}}")
        .with("cwd", &format!("/srv/shop/{V2}"))
        .with("log", "/srv/shop/logs/web.log")
        .with("label", "0.2.0");
    let there = Local::deploy(&host, &prod(shop("/srv/shop/"))).unwrap();
    assert_eq!(there.version.as_deref(), Some("0.2.0"));
    // Health is asked for afterwards.
    assert_eq!(there.services[0].condition, Condition::Starting);
}

#[test]
fn below_a_relative_root_paths_hold_where_they_are_used() {
    let host = placed("demo/prod")
        .service_start(None, "shop-prod-web", state(Process::Running, "0.2.0"))
        .with("argv", &format!("demo/prod/{V2}/shop --data ../../data"))
        .with("cwd", &format!("demo/prod/{V2}"))
        .with("log", "demo/prod/logs/web.log");
    Local::deploy(&host, &prod(shop("demo/prod"))).unwrap();
}

#[test]
fn what_the_config_no_longer_names_is_stopped_and_old_releases_go() {
    let mut config = shop("/r");
    config["keep"] = json!(1);
    let old = format!("releases/{}", "0.0.1-aaaaaaaaaaaa");
    let before = json!({"services": ["web", "worker"], "releases": [old, V1, "releases/../../etc", "/etc"]});
    let host = ScriptedHost::new()
        .machine_read(None, "/r/state.json", Some(before.to_string().as_bytes()))
        .machine_write(None, "/r/state.json")
        .with_json(json!({"services": ["web", "worker"], "releases": [V2, old, V1]}))
        .machine_fetch("shop", None, &format!("/r/{V2}/shop"))
        .machine_write(None, &format!("/r/{V2}/.release.json"))
        .machine_write(None, "/r/data/.runner")
        .machine_link(None, "/r/current", V2)
        .service_start(None, "shop-prod-web", state(Process::Running, "0.2.0"))
        .service_stop(None, "shop-prod-worker")
        // The one that a rollback would go to stays.
        .machine_remove(None, "/r/releases/0.0.1-aaaaaaaaaaaa")
        .machine_write(None, "/r/state.json")
        .with_json(json!({"services": ["web"], "releases": [V2, V1]}));
    Local::deploy(&host, &prod(config)).unwrap();
}

#[test]
fn a_rollback_fetches_again_what_was_removed_by_hand() {
    let before = json!({"services": ["web"], "releases": [V2, V1]});
    let host = ScriptedHost::new()
        .machine_read(None, "/r/state.json", Some(before.to_string().as_bytes()))
        .machine_write(None, "/r/state.json")
        .with_json(json!({"services": ["web"], "releases": [V1, V2]}))
        .machine_fetch("shop", None, &format!("/r/{V1}/shop"))
        .machine_write(None, &format!("/r/{V1}/.release.json"))
        .machine_write(None, "/r/data/.runner")
        .machine_link(None, "/r/current", V1)
        .service_start(None, "shop-prod-web", state(Process::Running, "0.1.0"))
        .with("label", "0.1.0");
    let there = Local::rollback(&host, &prod(shop("/r")), &built("0.1.0")).unwrap();
    assert_eq!(there.version.as_deref(), Some("0.1.0"));
}

#[test]
fn a_plan_lists_what_it_can_before_anything_is_built() {
    let mut planned = built("0.2.0");
    planned.artifacts[0].digest = "sha256:not-yet-made".into();
    for release in [release("0.2.0"), planned] {
        let mut context = prod(shop("/r")).in_plan();
        context.release = Some(release);
        let host = ScriptedHost::new()
            .machine_read(None, "/r/state.json", None)
            .machine_write(None, "/r/state.json")
            .machine_fetch("shop", None, "/r/releases/0.2.0-unbuilt/shop")
            .machine_write(None, "/r/releases/0.2.0-unbuilt/.release.json")
            .machine_write(None, "/r/data/.runner")
            .machine_link(None, "/r/current", "releases/0.2.0-unbuilt")
            .service_start(None, "shop-prod-web", state(Process::Running, "0.2.0"));
        Local::deploy(&host, &context).unwrap();
    }
}

#[test]
fn a_config_that_makes_no_sense_changes_nothing() {
    let refused = |change: fn(&mut Value)| {
        let mut config = shop("/r");
        change(&mut config);
        let error = Local::deploy(&ScriptedHost::new(), &prod(config)).unwrap_err();
        assert!(matches!(error, Error::InvalidConfig(_)), "{error:?}");
        error.message().to_owned()
    };
    insta::assert_snapshot!(refused(|c| c["root"] = json!("/")), @"`root` is `/`: give the environment a folder of its own");
    insta::assert_snapshot!(refused(|c| c["artifacts"] = json!(["shop", "shp"])), @"`artifacts` names `shp`, which release 0.2.0 does not have; it has shop");
    insta::assert_snapshot!(refused(|c| c["services"]["web"]["run"] = json!([])), @"`services.web.run` is empty");
    insta::assert_snapshot!(refused(|c| c["services"]["web"]["run"] = json!(["{{relese}}/shop"])), @"`services.web.run[0]` holds `{{relese}}`, which nothing is known by: there are `{{release}}`, `{{root}}`, `{{data}}`, `{{version}}`, `{{environment}}`, `{{port}}`");
    insta::assert_snapshot!(refused(|c| c["services"] = json!({"we/b": {"run": ["x"]}})), @"`services.we/b`: a name is made of letters, digits, `-` and `_`");
    insta::assert_snapshot!(refused(|c| c["services"] = json!({})), @"`services` is empty: there is nothing to run");
}

// ----- what runs there -----

fn record() -> Vec<u8> {
    json!({"version": "0.2.0", "tag": "v0.2.0", "commit": "a", "artifacts": []})
        .to_string()
        .into_bytes()
}

fn seen(process: State) -> ScriptedHost {
    ScriptedHost::new()
        .machine_list(None, "/r", current(V2))
        .machine_read(None, &format!("/r/{V2}/.release.json"), Some(&record()))
        .service_status(None, "shop-prod-web", process)
}

fn inspected(host: ScriptedHost) -> (Condition, String) {
    let there = Local::inspect(&host, &prod(shop("/r"))).unwrap();
    assert_eq!(there.version.as_deref(), Some("0.2.0"));
    let web = &there.services[0];
    (web.condition, web.detail.clone())
}

#[test]
fn healthy_is_running_answering_and_of_that_version() {
    for answer in [
        r#"{"status":"ok","version":"0.2.0"}"#,
        r#"{"version":"v0.2.0"}"#,
        "ok",
        "",
    ] {
        let host = seen(state(Process::Running, "0.2.0"))
            .get("http://127.0.0.1:8080/health")
            .with_nature(Nature::Read)
            .answers(200, answer);
        assert_eq!(inspected(host), (Condition::Healthy, String::new()), "{answer}");
    }
}

#[test]
fn unhealthy_says_why() {
    let asked = || seen(state(Process::Running, "0.2.0")).get("http://127.0.0.1:8080/health");
    let (condition, detail) = inspected(asked().answers(503, "no database\n"));
    assert_eq!(condition, Condition::Unhealthy);
    insta::assert_snapshot!(detail, @"http://127.0.0.1:8080/health: answered 503: no database");
    insta::assert_snapshot!(inspected(asked().answers(200, r#"{"version":"0.1.0"}"#)).1, @"http://127.0.0.1:8080/health: answers as 0.1.0, and 0.2.0 was deployed");
    insta::assert_snapshot!(inspected(asked().fails(Error::transient("connection refused"))).1, @"http://127.0.0.1:8080/health: connection refused");
    // A login page is no health.
    assert_eq!(inspected(asked().answers(302, "")).0, Condition::Unhealthy);
    insta::assert_snapshot!(inspected(seen(state(Process::Running, "0.1.0"))).1, @"0.1.0 runs, though `current` is 0.2.0");
}

#[test]
fn a_process_that_does_not_run_is_not_asked() {
    let restarting = State {
        restarts: 4,
        detail: "exit code 1".into(),
        ..state(Process::Restarting, "0.2.0")
    };
    let (condition, detail) = inspected(seen(restarting));
    assert_eq!(condition, Condition::Unhealthy);
    insta::assert_snapshot!(detail, @"it ended and is started again, 4 times so far: exit code 1");
    assert_eq!(
        inspected(seen(state(Process::Stopped, "0.2.0"))).0,
        Condition::Stopped
    );
    assert_eq!(
        inspected(seen(state(Process::Starting, "0.2.0"))).0,
        Condition::Starting
    );
}

#[test]
fn nothing_deployed_is_no_version() {
    for host in [
        ScriptedHost::new().machine_list(None, "/r", None),
        ScriptedHost::new().machine_list(None, "/r", Some(Vec::new())),
        ScriptedHost::new()
            .machine_list(None, "/r", current(V2))
            .machine_read(None, &format!("/r/{V2}/.release.json"), None),
    ] {
        let there = Local::inspect(&host, &prod(shop("/r"))).unwrap();
        assert_eq!((there.version, there.services.len()), (None, 0));
    }
    let host = ScriptedHost::new().machine_list(None, "/r", current("/etc"));
    let error = Local::inspect(&host, &prod(shop("/r"))).unwrap_err();
    insta::assert_snapshot!(error.message(), @"`/r/current` is no link of this plugin's: it does not lead into `releases/`");
}

#[test]
fn a_denial_is_no_opinion_on_health() {
    let host = seen(state(Process::Running, "0.2.0"))
        .get("http://127.0.0.1:8080/health")
        .fails(Error::Denied("add a line".into()));
    assert!(matches!(
        Local::inspect(&host, &prod(shop("/r"))),
        Err(Error::Denied(_))
    ));
}

#[test]
fn a_health_url_lies_below_one_that_the_config_names() {
    let mut config = shop("/r");
    config["urls"] = json!(["http://127.0.0.1:9000"]);
    config["services"]["web"]["health"] = json!("http://127.0.0.1:9000/live");
    let host = seen(state(Process::Running, "0.2.0")).get("http://127.0.0.1:9000/live");
    let there = Local::inspect(&host, &prod(config.clone())).unwrap();
    assert_eq!(there.services[0].condition, Condition::Healthy);
    config["services"]["web"]["health"] = json!("http://127.0.0.1:90001/live");
    let host = seen(state(Process::Running, "0.2.0"));
    let error = Local::inspect(&host, &prod(config)).unwrap_err();
    insta::assert_snapshot!(error.message(), @"`services.web.health` is neither a path nor a URL below one of `urls`");
}

// ----- the lock -----

fn holder(run: &str) -> Holder {
    Holder {
        owner: "ann".into(),
        run_id: run.into(),
        reason: "release 0.2.0 to prod".into(),
        since: START,
    }
}

fn written(run: &str) -> Vec<u8> {
    json!({"owner": "ann", "run-id": run, "reason": "release 0.2.0 to prod", "since": START})
        .to_string()
        .into_bytes()
}

fn acquire(host: &ScriptedHost, replaces: Option<&str>) -> Option<String> {
    let context = prod(shop("/r"));
    Local::acquire(host, &context, &holder("r2"), replaces)
        .unwrap()
        .map(|holder| holder.run_id)
}

#[test]
fn the_lock_is_the_first_ones() {
    let free = ScriptedHost::new()
        .machine_create(None, "/r/lock", true)
        .with_json(serde_json::from_slice(&written("r2")).unwrap());
    assert_eq!(acquire(&free, None), None);
    let taken = || ScriptedHost::new().machine_create(None, "/r/lock", false);
    let theirs = taken().machine_read(None, "/r/lock", Some(&written("r1")));
    assert_eq!(acquire(&theirs, None).as_deref(), Some("r1"));
    // Broken off after the file was made: the same run finds its own.
    let ours = taken().machine_read(None, "/r/lock", Some(&written("r2")));
    assert_eq!(acquire(&ours, None), None);
    let interrupted = ScriptedHost::new()
        .machine_create(None, "/r/lock", true)
        .fails(Error::Interrupted("create".into()))
        .machine_read(None, "/r/lock", Some(&written("r2")));
    assert_eq!(acquire(&interrupted, None), None);
}

#[test]
fn a_dead_runs_lock_is_taken_over_and_no_other() {
    let taken = || ScriptedHost::new().machine_create(None, "/r/lock", false);
    let dead = taken()
        .machine_read(None, "/r/lock", Some(&written("r1")))
        .machine_remove(None, "/r/lock")
        .machine_create(None, "/r/lock", true);
    assert_eq!(acquire(&dead, Some("r1")), None);
    let another = taken().machine_read(None, "/r/lock", Some(&written("r3")));
    assert_eq!(acquire(&another, Some("r1")).as_deref(), Some("r3"));
    let lost = taken()
        .machine_read(None, "/r/lock", Some(&written("r1")))
        .machine_remove(None, "/r/lock")
        .machine_create(None, "/r/lock", false)
        .machine_read(None, "/r/lock", Some(&written("r3")));
    assert_eq!(acquire(&lost, Some("r1")).as_deref(), Some("r3"));
    let given_back = taken()
        .machine_read(None, "/r/lock", None)
        .machine_create(None, "/r/lock", true);
    assert_eq!(acquire(&given_back, None), None);
}

#[test]
fn a_file_that_is_no_lock_is_not_removed() {
    let host = ScriptedHost::new()
        .machine_create(None, "/r/lock", false)
        .machine_read(None, "/r/lock", Some(b"hello"));
    let error = Local::acquire(&host, &prod(shop("/r")), &holder("r2"), None).unwrap_err();
    insta::assert_snapshot!(error.message(), @"`/r/lock` is no lock of `runner`; remove it if nobody deploys here: expected value at line 1 column 1");
}

#[test]
fn only_ones_own_lock_is_given_back() {
    let release = |host: ScriptedHost| <Local as Lock>::release(&host, &prod(shop("/r")), "r2").unwrap();
    let read = |content: Option<&[u8]>| ScriptedHost::new().machine_read(None, "/r/lock", content);
    release(read(Some(&written("r2"))).machine_remove(None, "/r/lock"));
    release(read(Some(&written("r1"))));
    release(read(None));
}

#[test]
fn a_plan_lists_that_the_lock_is_given_back() {
    let host = ScriptedHost::new().machine_remove(None, "/r/lock");
    <Local as Lock>::release(&host, &prod(shop("/r")).in_plan(), "r2").unwrap();
}
