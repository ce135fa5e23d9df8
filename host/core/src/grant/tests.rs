//! Every kind of request against a grant, allowed and denied.

mod covered;
mod denial;
mod secrets;

use serde_json::json;

use super::*;
use crate::{
    digest::Digest,
    effect::{Command, HttpRequest, Nature, Question, Request, Service},
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

#[test]
fn a_grant_reads_back_from_json() {
    let grant = grant(json!({"http": ["POST https://hooks.example/*"]}), true);
    let text = serde_json::to_string(&grant).expect("serialises");
    assert_eq!(serde_json::from_str::<Grant>(&text).expect("reads back"), grant);
}
