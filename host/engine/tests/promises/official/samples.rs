//! A config that is good for each official plugin.

use serde_json::{Value, json};

/// How to use a plugin here.
pub(super) struct Sample {
    /// Its name.
    pub(super) plugin: &'static str,
    /// Good for all its roles.
    pub(super) config: Value,
    /// For a metrics source.
    pub(super) queries: &'static [&'static str],
}

/// One or more per official plugin.
pub(super) fn samples() -> Vec<Sample> {
    let sample = |plugin, config| Sample {
        plugin,
        config,
        queries: &[],
    };
    let mut samples = vec![
        sample(
            "ai-review",
            json!({
                "base": "main",
                "anthropic": { "key": "{{secret:anthropic}}" },
                "openai": { "key": "{{secret:openai}}", "api": "chat" },
                "models": {
                    "claude": { "provider": "anthropic", "context-tokens": 200_000, "price": { "input": 3, "output": 15 } },
                    "gpt": { "provider": "openai", "context-tokens": 200_000, "price": { "input": 2, "output": 8 } },
                },
                "reviewers": {
                    "claude": { "default": ["gpt"] },
                    "openai": { "default": ["claude"] },
                    "person": { "default": ["claude", "gpt"] },
                },
                "checklist": { "architecture": { "dry": "Nothing is written twice." } },
                "budget": { "per-month": 5 },
                "github": { "repository": "shop/shop", "token": "{{secret:github}}" },
                "pull-request": 12,
            }),
        ),
        sample("backup-files", json!({ "root": "/srv/shop", "paths": ["data"] })),
        sample(
            "backup-postgres",
            json!({ "database": "shop", "user": "app", "password": "{{secret:db}}", "folder": "/var/backups/shop", "keep": 2 }),
        ),
        sample(
            "checklist",
            json!({
                "people": ["ann"],
                "items": [
                    { "id": "tests", "group": "code", "text": "All tests have passed", "run": ["make", "test"] },
                    { "id": "claude", "group": "code", "text": "`CLAUDE.md` is not committed", "not-committed": "CLAUDE.md" },
                    { "id": "markers", "group": "code", "text": "There are no merge conflicts", "no-merge-markers": true },
                    { "id": "qa", "group": "staging", "text": "The QA checklist is done" },
                ],
            }),
        ),
        sample("command", json!({ "run": ["make", "lint"] })),
        sample("file", json!({ "path": "notices.txt" })),
        sample(
            "files",
            json!({ "forbidden": ["*.pem"], "required": ["README.md"] }),
        ),
        sample(
            "local",
            json!({
                "root": "deploy/staging",
                "services": { "web": { "run": ["{{release}}/app", "{{port}}"], "port": 8080, "health": "/health" } },
            }),
        ),
        sample("systemd", on_a_server("restart", &[8002])),
        sample("systemd", on_a_server("canary", &[8001, 8003])),
        sample(
            "webhook",
            json!({ "url": "https://hooks.example/in", "secret": "{{secret:hook}}" }),
        ),
        sample(
            "telegram",
            json!({ "token": "{{secret:bot}}", "chats": [-1001, "@shop"] }),
        ),
        Sample {
            plugin: "prometheus",
            config: json!({ "url": "http://prometheus.example:9090" }),
            queries: &[
                "up",
                "share rate(errors[{{window}}]) ;; rate(requests[{{window}}])",
            ],
        },
        Sample {
            plugin: "scrape",
            config: json!({ "url": "http://shop.example/metrics" }),
            queries: &[
                "value up",
                "rate requests_total",
                "share errors_total / requests_total",
                "quantile 0.95 latency_seconds",
            ],
        },
    ];
    samples.extend(observers());
    for format in ["go", "junit", "cargo", "nextest", "jest", "vitest", "playwright"] {
        let config = json!({ "run": ["make", "test"], "format": format, "report": "report.out" });
        samples.push(sample("tests", config));
    }
    for format in ["lcov", "cobertura", "go", "coverage-py"] {
        let config =
            json!({ "run": ["make", "cover"], "format": format, "report": "cover.out", "total": 80 });
        samples.push(sample("coverage", config));
    }
    samples
}

/// What looks at an environment from outside.
fn observers() -> Vec<Sample> {
    let api =
        json!({ "path": "/api/health", "json": { "status": "healthy", "environment": "{{environment}}" } });
    let robot = |api| json!({ "api": api, "key": "{{secret:robot}}", "monitors": { "staging": 22 } });
    let mut samples = vec![
        Sample {
            plugin: "sentry",
            config: json!({ "organization": "acme", "projects": ["shop"], "token": "{{secret:sentry}}" }),
            queries: &["errors release:{{release}}", "issues level:fatal"],
        },
        Sample {
            plugin: "http-health",
            config: json!({ "endpoints": { "api": api, "site": { "path": "/" } }, "tries": 2 }),
            queries: &["healthy", "healthy api", "latency api"],
        },
        Sample {
            plugin: "uptimerobot",
            config: robot("v2"),
            queries: &["up staging", "response-time staging", "uptime staging 7d"],
        },
        Sample {
            plugin: "uptimerobot",
            config: robot("v3"),
            queries: &["up staging", "uptime staging"],
        },
    ];
    for format in ["k6", "wrk", "hey"] {
        let config = json!({ "run": ["sh", "load.sh"], "format": format, "p99": "500ms", "min-rate": 50 });
        samples.push(Sample {
            plugin: "load",
            config,
            queries: &[],
        });
    }
    samples
}

/// An environment behind nginx, with all that a set-up can be asked for.
fn on_a_server(strategy: &str, ports: &[u16]) -> Value {
    json!({
        "root": "/opt/shop-staging", "user": "shop", "strategy": strategy,
        "backend": { "artifact": "app", "alembic": true },
        "frontend": { "artifact": "app", "web-root": "/var/www/shop-staging" },
        "web": { "unit": "shop-staging", "ports": ports, "run": ["{{venv}}/bin/uvicorn", "--port", "{{port}}"] },
        "workers": { "celery": { "unit": "shop-staging-celery", "run": ["{{venv}}/bin/celery"] } },
        "env": { "ENV": "staging" },
        "nginx": { "site": "shop-staging", "names": ["staging.shop.example"], "tls": "self-signed" },
        "database": { "name": "shop_staging", "owner": "shop_staging", "password": "x", "copy-from": "shop" },
        "packages": ["nginx-light"],
        "timers": { "backup": { "run": ["/usr/bin/true"], "at": "*-*-* 03:30" } },
    })
}
