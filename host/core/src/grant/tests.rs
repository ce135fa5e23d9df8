//! Every kind of request against a grant, allowed and denied.

use serde_json::json;

use super::*;
use crate::{
    digest::Digest,
    effect::{Command, HttpRequest, Nature, Question, Request, Service, Signing},
    release::Artifact,
};

const MANIFEST: &str = r#"
name = "wiki"
version = "1.0.0"
description = "Everything at once"
roles = ["notifier"]

[[wants]]
reason = "what the profile writes in the config"
http = ["GET,POST {{config:/url}}/rest/*"]
process = [["{{config:/command}}"]]
files = ["{{config:/report}}"]
machine-files = ["{{config:/folder}}"]
services = ["{{config:/service}}-*"]
env = ["{{config:/env}}"]
machines = ["{{config:/machine}}"]
secrets = ["{{config:/key}}"]

[[wants]]
reason = "what the profile must allow"
http = ["POST https://hooks.example/*", "POST https://evil.example/{{config:/service}}/*"]
process = [["git", "log", "**"], ["docker", "ps", "*"]]
files = ["coverage/**", "*.xml"]
append = ["audit.log"]
machine-files = ["/var/log"]
services = ["*"]
artifacts = ["dump-*"]
machines = ["db-*"]
env = ["GIT_*"]
reports = true
person = true
"#;

fn grant(allow: serde_json::Value, official: bool) -> Grant {
    let config = json!({
        "url": "https://wiki.example:8443/", "command": ["make", "-j", "*"], "report": "out/junit.xml",
        "folder": "/srv/shop", "service": "shop", "machine": "vps", "env": {"CI": "1"}, "key": "hmac", "header": "Bearer {{secret:token}}"
    });
    let of = Use {
        plugin: "./wiki.wasm".into(),
        config,
        allow: serde_json::from_value(allow).expect("permissions"),
        timeout: None,
    };
    let context = GrantContext {
        official,
        project: "shop",
        environment: None,
        url: None,
    };
    Grant::of(
        &Manifest::parse(MANIFEST).expect("a manifest"),
        "notify.wiki",
        &of,
        &context,
    )
}

fn run(line: &str) -> Request {
    Request::Run(command(line))
}

fn command(line: &str) -> Command {
    Command {
        machine: None,
        argv: line.split_whitespace().map(str::to_owned).collect(),
        env: Vec::new(),
        cwd: None,
        stdin: None,
        timeout_ms: 1000,
        nature: Nature::Read,
        foresee_success: false,
        capture: 10,
    }
}

fn send(line: &str) -> Request {
    Request::Send(http_request(line))
}

fn http_request(line: &str) -> HttpRequest {
    let (method, url) = line.split_once(' ').expect(line);
    HttpRequest {
        method: method.into(),
        url: url.into(),
        headers: Vec::new(),
        body: "".into(),
        signing: None,
        timeout_ms: 1000,
        nature: Nature::Write,
        foresee_status: None,
        max_response: 10,
    }
}

fn read(path: &str) -> Request {
    Request::MachineRead {
        machine: None,
        path: path.into(),
        max: 10,
    }
}

fn read_on(machine: &str, path: &str) -> Request {
    Request::MachineRead {
        machine: Some(machine.into()),
        path: path.into(),
        max: 10,
    }
}

fn on(machine: &str, line: &str) -> Command {
    Command {
        machine: Some(machine.into()),
        ..command(line)
    }
}

fn link(path: &str, to: &str) -> Request {
    Request::MachineLink {
        machine: None,
        path: path.into(),
        to: to.into(),
    }
}

fn put(path: &str, name: &str) -> Request {
    Request::ArtifactPut {
        machine: None,
        path: path.into(),
        name: name.into(),
    }
}

fn start(name: &str, argv: &[&str], cwd: &str, log: &str) -> Request {
    let service = Service {
        name: name.into(),
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        env: vec![("CI".into(), "1".into())],
        cwd: cwd.into(),
        log: log.into(),
        label: String::new(),
    };
    Request::ServiceStart {
        machine: None,
        service,
    }
}

fn artifact(name: &str) -> Artifact {
    Artifact {
        name: name.into(),
        digest: Digest::of(b"x"),
        size: 1,
        location: "x".into(),
    }
}

fn fetch(path: &str) -> Request {
    Request::MachineFetch {
        artifact: artifact("shop"),
        machine: None,
        path: path.into(),
        mode: 0o755,
    }
}

fn file(path: &str) -> Request {
    Request::ReadFile {
        path: path.into(),
        max: 10,
    }
}

fn glob(pattern: &str) -> Request {
    Request::Glob {
        pattern: pattern.into(),
    }
}

fn report(name: &str) -> Request {
    Request::WriteReport {
        name: name.into(),
        media_type: "text/plain".into(),
        content: "".into(),
    }
}

fn append(path: &str) -> Request {
    Request::AppendLine {
        path: path.into(),
        line: "x".into(),
        key: "x".into(),
    }
}

fn ask() -> Request {
    let question = json!({"id": "q", "text": "?", "choices": [], "may_answer": []});
    Request::Ask(serde_json::from_value::<Question>(question).expect("a question"))
}

/// What the profile itself wrote, and what needs no grant.
fn written() -> Vec<Request> {
    vec![
        send("GET https://wiki.example:8443/rest/api?x=1"),
        run("make -j *"),
        Request::Run(Command {
            env: vec![
                ("CI".into(), "1".into()),
                ("RUNNER_VERSION".into(), "1.2.3".into()),
            ],
            ..command("make -j *")
        }),
        file("./out/junit.xml"),
        glob("out/junit.xml"),
        read("/srv/shop/current/VERSION"),
        read_on("local", "/srv/shop/current/VERSION"),
        read_on("vps", "/srv/shop/current/VERSION"),
        Request::Run(on("vps", "make -j *")),
        link("/srv/shop/current", "releases/1"),
        link("/srv/shop/current", "/srv/shop/releases/1"),
        fetch("/srv/shop/releases/1/shop"),
        start(
            "shop-prod",
            &["/srv/shop/current/shop", "-p", "80"],
            "/srv/shop",
            "/srv/shop/log",
        ),
        start("shop-prod", &["make", "-j", "*"], "/srv/shop", "/srv/shop/log"),
        Request::ServiceStop {
            machine: None,
            name: "shop-prod".into(),
            grace_ms: 1,
        },
        Request::GitTrackedFiles,
        Request::GitShow {
            revision: "HEAD".into(),
            path: "x".into(),
            max: 1,
        },
        Request::Now,
        Request::Random { bytes: 8 },
        Request::Sleep { ms: 1 },
    ]
}

/// What the manifest asks for and the profile must allow.
fn asked() -> Vec<Request> {
    vec![
        send("POST https://hooks.example/a/b"),
        send("POST https://evil.example/shop/x"),
        run("git log -1"),
        run("docker ps -a"),
        Request::RunAll {
            commands: vec![command("make -j *"), command("git log")],
        },
        Request::RunAll {
            commands: vec![command("make -j *"), on("db-1", "make -j *")],
        },
        read_on("db-1", "/srv/shop/x"),
        file("coverage/a/b.info"),
        glob("coverage/*.info"),
        append("audit.log"),
        read("/var/log/shop.log"),
        link("/srv/shop/logs", "/var/log/shop"),
        start("other", &["/srv/shop/x"], "/srv/shop", "/srv/shop/log"),
        put("/srv/shop/dump.sql", "dump-prod"),
        put("out/junit.xml", "dump-prod"),
        Request::ArtifactVerify {
            artifact: artifact("dump-prod"),
        },
        report("notes.md"),
        ask(),
    ]
}

/// What nothing covers.
fn foreign() -> Vec<Request> {
    vec![
        send("DELETE https://wiki.example:8443/rest/api"),
        send("GET https://wiki.example/rest/api"),
        send("GET http://wiki.example:8443/rest/api"),
        send("GET https://wiki.example:8443/rest/../admin"),
        send("GET https://wiki.example.evil.org:8443/rest/api"),
        send("GET https://wiki.example:8443@evil.org/rest/api"),
        run("make -j"),
        run("make -j 4"),
        run("make -j * install"),
        run("docker ps -a -q"),
        run("git push"),
        run("MAKE -j *"),
        Request::RunAll {
            commands: vec![command("make -j *"), command("rm -rf /")],
        },
        Request::Run(Command {
            cwd: Some("../elsewhere".into()),
            ..command("make -j *")
        }),
        Request::Run(Command {
            cwd: Some("/etc".into()),
            ..command("make -j *")
        }),
        Request::Run(Command {
            env: vec![("LD_PRELOAD".into(), "x".into())],
            ..command("git log")
        }),
        Request::Run(Command {
            env: vec![("RUNNER_PROFILE".into(), "x".into())],
            ..command("make -j *")
        }),
        file("out/other"),
        file("coverage/../.env"),
        file("Out/junit.xml"),
        glob("**"),
        append("./audit.log"),
        append("other.log"),
        read_on("other", "/srv/shop/x"),
        read_on("vps2", "/srv/shop/x"),
        read_on("", "/srv/shop/x"),
        read_on("vps", "/etc/passwd"),
        Request::Run(on("other", "make -j *")),
        Request::RunAll {
            commands: vec![
                command("make -j *"),
                on("vps", "make -j *"),
                on("other", "make -j *"),
            ],
        },
        Request::ServiceStatus {
            machine: Some("other".into()),
            name: "shop-prod".into(),
        },
        Request::ArtifactGet {
            artifact: artifact("dump-prod"),
            machine: Some("other".into()),
            path: "/srv/shop/x".into(),
        },
        read("/srv/shopping/x"),
        read("/srv/shop/../../etc/passwd"),
        read("srv/shop/x"),
        link("/srv/shop/current", "/etc"),
        link("/srv/shop/current", "../../etc"),
        link("/etc/x", "/srv/shop"),
        fetch("/etc/cron.d/x"),
        start("shop-prod", &["/bin/sh", "-c", "x"], "/srv/shop", "/srv/shop/log"),
        start(
            "shop-prod",
            &["/srv/shop/../../bin/sh"],
            "/srv/shop",
            "/srv/shop/log",
        ),
        start("shop-prod", &["/srv/shop/x"], "/", "/srv/shop/log"),
        start("shop-prod", &["/srv/shop/x"], "/srv/shop", "/etc/passwd"),
        start("shop-prod", &[], "/srv/shop", "/srv/shop/log"),
        put("/etc/shadow", "dump-prod"),
        put(".env", "dump-prod"),
        put("/srv/shop/x", "release"),
        Request::ArtifactGet {
            artifact: artifact("dump-prod"),
            machine: None,
            path: "/etc".into(),
        },
        report("../x"),
        report("/x"),
        Request::GitState {
            tag_prefix: "v".into(),
        },
        Request::GitPush {
            remote: "origin".into(),
            refs: Vec::new(),
        },
        Request::WriteOutput {
            path: "x".into(),
            content: "".into(),
        },
        Request::LockGive {
            environment: "prod".into(),
        },
    ]
}

#[test]
fn the_config_of_the_profile_is_a_grant_and_the_rest_is_allowed_by_name() {
    let bare = grant(json!({}), false);
    let official = grant(json!({}), true);
    for request in written() {
        assert_eq!(bare.check(&request), Ok(()), "{request:?}");
        assert_eq!(official.check(&request), Ok(()), "{request:?}");
    }
    for request in asked() {
        assert!(
            matches!(bare.check(&request), Err(Denial::NotAllowed { .. })),
            "{request:?}"
        );
        assert_eq!(official.check(&request), Ok(()), "{request:?}");
    }
    let generous = json!({
        "http": ["POST https://hooks.example/*", "POST https://evil.example/*"], "process": [["git", "**"], ["docker", "ps", "-a"]],
        "files": ["**"], "append": ["audit.log"], "machine-files": ["/"], "services": ["*"], "artifacts": ["*"],
        "machines": ["db-1"], "env": ["GIT_*"], "reports": true, "person": true
    });
    let allowed = grant(generous, false);
    for request in asked() {
        assert_eq!(allowed.check(&request), Ok(()), "{request:?}");
    }
    for request in foreign() {
        for grant in [&bare, &official, &allowed] {
            assert!(grant.check(&request).is_err(), "{request:?}");
        }
    }
}

#[test]
fn a_denial_names_the_line_to_add() {
    let denied = |allow, request: Request| {
        grant(allow, false)
            .check(&request)
            .expect_err("denied")
            .to_string()
    };
    let lines = [
        denied(json!({}), send("POST https://hooks.example/a?b=c")),
        denied(
            json!({"http": ["GET https://x.example/"]}),
            send("POST https://hooks.example/a"),
        ),
        denied(json!({}), run("git log -1")),
        denied(json!({}), report("notes.md")),
        denied(json!({}), append("audit.log")),
        denied(
            json!({}),
            start("other", &["/var/log/x"], "/srv/shop", "/srv/shop/log"),
        ),
        denied(
            json!({"services": ["other"]}),
            start("other", &["/var/log/x"], "/srv/shop", "/srv/shop/log"),
        ),
        denied(json!({}), Request::Run(on("db-1", "make -j *"))),
        denied(json!({}), read_on("other", "/srv/shop/x")),
        denied(json!({}), run("rm *")),
        denied(
            json!({}),
            send("GET https://other.example:8443/{{secret:token}}/x?y"),
        ),
        denied(json!({}), file("../x")),
        denied(json!({}), send("GET https://{{secret:token}}/")),
        denied(
            json!({}),
            Request::LockGive {
                environment: "prod".into(),
            },
        ),
        denied(
            json!({"secrets": ["token"]}),
            send("GET https://wiki.example:8443/rest/{{secret:other}}"),
        ),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    `notify.wiki` may not POST https://hooks.example/a: the profile does not allow it; add to [notify.wiki]: allow.http = ["POST https://hooks.example/*"]
    `notify.wiki` may not POST https://hooks.example/a: the profile does not allow it; change in [notify.wiki]: allow.http = ["GET https://x.example/", "POST https://hooks.example/*"]
    `notify.wiki` may not run `git log -1`: the profile does not allow it; add to [notify.wiki]: allow.process = [["git", "log", "**"]]
    `notify.wiki` may not write reports: the profile does not allow it; add to [notify.wiki]: allow.reports = true
    `notify.wiki` may not add a line to `audit.log`: the profile does not allow it; add to [notify.wiki]: allow.append = ["audit.log"]
    `notify.wiki` may not manage the service `other`: the profile does not allow it; add to [notify.wiki]: allow.services = ["*"]
    `notify.wiki` may not run `/var/log/x`: the profile does not allow it; add to [notify.wiki]: allow.machine-files = ["/var/log"]
    `notify.wiki` may not work on the machine `db-1`: the profile does not allow it; add to [notify.wiki]: allow.machines = ["db-*"]
    plugin `wiki` may not work on the machine `other`: it does not ask for that, which is a mistake of the plugin; its `plugin.toml` needs machines = ["other"] under [[wants]]
    plugin `wiki` may not run `rm *`: it does not ask for that, which is a mistake of the plugin; its `plugin.toml` needs process = [["rm", "\\*"]] under [[wants]]
    plugin `wiki` may not GET https://other.example:8443/{{secret:token}}/x: it does not ask for that, which is a mistake of the plugin; its `plugin.toml` needs http = ["GET https://other.example:8443/{{secret:token}}/x"] under [[wants]]
    `notify.wiki` may not read ../x: `../x` holds `..`
    `notify.wiki` may not GET https://{{secret:token}}/: a secret stands in the scheme, host or port
    `notify.wiki` may not unlock prod: only `runner` itself may
    `notify.wiki` may not use the secret `other`: its config does not name it; change in [notify.wiki]: allow.secrets = ["token", "other"]
    "#);
}

#[test]
fn the_line_that_a_denial_names_is_enough() {
    for request in asked() {
        let mut allow = toml_edit::DocumentMut::new();
        // One line at a time, as a person would.
        for _ in 0..4 {
            let layer =
                crate::profile::Layer::of_toml(crate::profile::Source::CommandLine, &allow.to_string());
            let tree = layer.expect("toml").tree;
            let written = tree.get("allow").cloned().unwrap_or(json!({}));
            let Err(denial) = grant(written, false).check(&request) else {
                break;
            };
            let message = denial.to_string();
            let (_, line) = message.split_once("[notify.wiki]: ").expect("a line");
            let line: toml_edit::DocumentMut = line.parse().expect("toml");
            for (kind, entries) in line["allow"].as_table_like().expect("a table").iter() {
                allow["allow"][kind] = entries.clone();
            }
        }
        let layer = crate::profile::Layer::of_toml(crate::profile::Source::CommandLine, &allow.to_string());
        let tree = layer.expect("toml").tree;
        assert_eq!(
            grant(tree["allow"].clone(), false).check(&request),
            Ok(()),
            "{request:?}\n{allow}"
        );
    }
}

#[test]
fn secrets_go_only_where_they_are_granted() {
    let grant = grant(json!({"http": ["POST https://hooks.example/*"]}), false);
    let secret = |name: &str| format!("{{{{secret:{name}}}}}");
    let header = |line, name: &str| {
        Request::Send(HttpRequest {
            headers: vec![("Authorization".into(), format!("Bearer {}", secret(name)))],
            ..http_request(line)
        })
    };
    let wiki = "POST https://wiki.example:8443/rest/x";
    assert_eq!(grant.check(&header(wiki, "token")), Ok(()));
    assert!(
        matches!(grant.check(&header(wiki, "other")), Err(Denial::Secret { secret, .. }) if secret == "other")
    );
    assert!(
        grant
            .check(&header("POST https://evil.example/shop/x", "token"))
            .is_err()
    );
    let signed = |name: &str| {
        let signing = Signing {
            secret: name.into(),
            content: "x".into(),
            header: "X-Signature".into(),
            prefix: String::new(),
        };
        Request::Send(HttpRequest {
            signing: Some(signing),
            ..http_request(wiki)
        })
    };
    assert_eq!(grant.check(&signed("hmac")), Ok(()));
    assert!(grant.check(&signed("other")).is_err());
    let body = |text: String| {
        Request::Send(HttpRequest {
            body: text.as_str().into(),
            ..http_request(wiki)
        })
    };
    assert_eq!(grant.check(&body(secret("token"))), Ok(()));
    assert!(grant.check(&body(secret("other"))).is_err());
    let program = |env: String, stdin: String| {
        Request::Run(Command {
            env: vec![("CI".into(), env)],
            stdin: Some(stdin.as_str().into()),
            ..command("make -j *")
        })
    };
    assert_eq!(grant.check(&program(secret("token"), secret("token"))), Ok(()));
    assert!(grant.check(&program(secret("other"), String::new())).is_err());
    assert!(grant.check(&program(String::new(), secret("other"))).is_err());
    assert!(grant.check(&run("docker ps {{secret:token}}")).is_err());
}

#[test]
fn a_grant_reads_back_from_json() {
    let grant = grant(json!({"http": ["POST https://hooks.example/*"]}), true);
    let text = serde_json::to_string(&grant).expect("serialises");
    assert_eq!(serde_json::from_str::<Grant>(&text).expect("reads back"), grant);
}
