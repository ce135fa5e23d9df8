mod config;
mod gradual;
mod inspected;
mod logs;
mod restarted;
mod server;
mod set_up;
mod switched;
mod twice;

use runner_sdk::testing::{context, release};
use runner_sdk::{Artifact, Context, Error, Release, Setup, Target};
use serde_json::{Value, json};

use self::server::{Node, Server};
use crate::{Config, Systemd};

/// As the profile `agentiq` has it, cut to what the tests need.
fn staging() -> Value {
    json!({
        "machine": "vps", "root": "/opt/agentiq-staging", "user": "ubuntu",
        "backend": {"artifact": "backend", "alembic": true},
        "frontend": {"artifact": "frontend", "web-root": "/var/www/staging"},
        "web": {"unit": "agentiq-staging", "ports": [8002],
            "run": ["{{venv}}/bin/uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", "{{port}}"]},
        "workers": {"celery": {"unit": "agentiq-staging-celery",
            "run": ["{{venv}}/bin/celery", "-A", "app.celery_app", "worker", "--loglevel=info"]}},
        "env": {"ENV": "staging", "DATABASE_URL": "postgresql://agentiq_staging:{{secret:staging-db}}@127.0.0.1/agentiq_chat_staging"},
        "nginx": {"site": "staging-agentiq", "names": ["staging.agentiq.ru"], "tls": {"certbot": {"email": "ops@agentiq.ru"}},
            "address": "79.137.175.164"},
        "database": {"name": "agentiq_chat_staging", "owner": "agentiq_staging", "password": "{{secret:staging-db}}",
            "copy-from": "agentiq_chat"},
        "packages": ["nginx-light", "postgresql"],
        "timers": {"backup": {"run": ["/usr/local/bin/runner", "backup", "prod"], "at": "*-*-* 03:30"}},
    })
}

fn prod(strategy: &str) -> Value {
    let mut config = json!({
        "machine": "vps", "root": "/opt/agentiq", "user": "ubuntu", "strategy": strategy, "keep": 2,
        "backend": {"artifact": "backend", "alembic": true},
        "frontend": {"artifact": "frontend", "web-root": "/var/www/agentiq", "version-file": "version.json"},
        "web": {"unit": "agentiq-chat", "ports": [8001, 8003], "run": ["{{venv}}/bin/uvicorn", "app.main:app", "--port", "{{port}}"]},
        "workers": {"celery": {"unit": "agentiq-celery", "run": ["{{venv}}/bin/celery", "worker", "-n", "w{{port}}@%h"]}},
        "nginx": {"site": "agentiq", "names": ["agentiq.ru"], "tls": "self-signed"},
    });
    config["workers"]["celery"]["run"] = json!(["{{venv}}/bin/celery", "worker"]);
    config
}

fn built(version: &str) -> Release {
    let artifact = |name: &str| Artifact {
        name: name.into(),
        digest: format!("sha256:{version}"),
        size: 3,
        location: "x.tar".into(),
    };
    Release {
        artifacts: vec![artifact("backend"), artifact("frontend")],
        ..release(version)
    }
}

fn about(config: Value, environment: &str, version: &str, previous: Option<&str>) -> Context<Config> {
    let (gradual, url) = (config["strategy"] == "canary", Some("https://staging.agentiq.ru"));
    let mut context = match gradual {
        true => context(config).with_gradual_environment(environment, url),
        false => context(config).with_environment(environment, url),
    };
    context.project = "agentiq".into();
    context.release = Some(built(version));
    context.previous = previous.map(built);
    context
}

/// A server that is set up, on which these versions were deployed one after the other.
fn running(config: &Value, environment: &str, versions: &[&str]) -> Server {
    running_with(Server::new(), config, environment, versions)
}

fn running_with(server: Server, config: &Value, environment: &str, versions: &[&str]) -> Server {
    Systemd::apply(&server, &about(config.clone(), environment, "0.0.0", None)).unwrap();
    for (index, version) in versions.iter().enumerate() {
        let previous = index.checked_sub(1).map(|index| versions[index]);
        let context = about(config.clone(), environment, version, previous);
        Systemd::deploy(&server, &context).unwrap();
        if config["strategy"] == "canary" {
            <Systemd as runner_sdk::Traffic>::finish(&server, &context).unwrap();
        }
    }
    server.told();
    server
}

fn deploy(server: &Server, config: &Value, version: &str, previous: Option<&str>) -> Result<(), Error> {
    let environment = if config["root"] == "/opt/agentiq" {
        "prod"
    } else {
        "staging"
    };
    Systemd::deploy(server, &about(config.clone(), environment, version, previous)).map(|_| ())
}

fn roll_back(server: &Server, config: &Value, from: &str, to: &str) -> Result<(), Error> {
    let environment = if config["root"] == "/opt/agentiq" {
        "prod"
    } else {
        "staging"
    };
    Systemd::rollback(
        server,
        &about(config.clone(), environment, from, Some(to)),
        &built(to),
    )
    .map(|_| ())
}

/// The version of a folder, e.g. `0.2.0` of `/opt/agentiq/releases/0.2.0-0123456789ab`.
fn version(folder: Option<String>) -> Option<String> {
    let folder = folder?;
    Some(folder.rsplit('/').next()?.rsplit_once('-')?.0.to_owned())
}

fn message(error: Error) -> String {
    error.message().to_owned()
}

/// Digests, which say nothing to a reader.
fn short(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_inclusive([' ', '\n', '/', '"']) {
        let bare = word.trim_end_matches([' ', '\n', '/', '"']);
        let is_digest = |digest: &str| digest.len() == 12 && digest.chars().all(|c| c.is_ascii_hexdigit());
        let shown = match bare.rsplit_once('-') {
            Some((start, digest)) if is_digest(digest) => word.replace(bare, &format!("{start}-DIGEST")),
            _ if is_digest(bare) => word.replace(bare, "DIGEST"),
            _ => word.to_owned(),
        };
        words.push(shown);
    }
    words.concat()
}

fn file(server: &Server, path: &str) -> String {
    match server.node(path) {
        Some(Node::File(text)) => text,
        other => panic!("{path}: {other:?}"),
    }
}
