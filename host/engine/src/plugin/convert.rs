//! Between the WIT's types and the core's: field by field, nothing else.

use runner_core::{
    effect::{self, ServiceCondition},
    fault::Fault,
    output, release,
};

use super::bindings::{
    gate::exports::runner::plugin::gate as gate_wit,
    host::runner::plugin::{git, http, machine_files, person, process, services},
    target::exports::runner::plugin::target as target_wit,
    types,
};

impl From<Fault> for types::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Denied { message } => Self::Denied(message),
            Fault::Interrupted { message } => Self::Interrupted(message),
            Fault::Planned { message } => Self::Planned(message),
            Fault::Transient { message, after_ms } => Self::Transient(types::Retry { message, after_ms }),
            Fault::InvalidConfig { message } => Self::InvalidConfig(message),
            Fault::Failed { message } => Self::Failed(message),
            Fault::Other { message } => Self::Other(message),
        }
    }
}

impl From<types::Error> for Fault {
    fn from(error: types::Error) -> Self {
        match error {
            types::Error::Denied(message) => Self::Denied { message },
            types::Error::Interrupted(message) => Self::Interrupted { message },
            types::Error::Planned(message) => Self::Planned { message },
            types::Error::Transient(retry) => Self::Transient {
                message: retry.message,
                after_ms: retry.after_ms,
            },
            types::Error::InvalidConfig(message) => Self::InvalidConfig { message },
            types::Error::Failed(message) => Self::Failed { message },
            types::Error::Other(message) => Self::Other { message },
        }
    }
}

impl From<types::Nature> for effect::Nature {
    fn from(nature: types::Nature) -> Self {
        match nature {
            types::Nature::Read => Self::Read,
            types::Nature::Idempotent => Self::Idempotent,
            types::Nature::Write => Self::Write,
        }
    }
}

impl From<process::Command> for effect::Command {
    fn from(c: process::Command) -> Self {
        Self {
            machine: c.machine,
            argv: c.argv,
            env: c.env,
            cwd: c.cwd,
            stdin: c.stdin.map(Into::into),
            timeout_ms: c.timeout_ms,
            nature: c.nature.into(),
            foresee_success: c.foresee_success,
            capture: c.capture,
        }
    }
}

impl From<effect::Exit> for process::Exit {
    fn from(e: effect::Exit) -> Self {
        Self {
            code: e.code,
            signal: e.signal,
            stdout: e.stdout.0,
            stderr: e.stderr.0,
            truncated: e.truncated,
            wall_ms: e.wall_ms,
        }
    }
}

impl From<http::Request> for effect::HttpRequest {
    fn from(r: http::Request) -> Self {
        let signing = r.signing.map(|s| effect::Signing {
            secret: s.secret,
            content: s.content.into(),
            header: s.header,
            prefix: s.prefix,
        });
        Self {
            method: r.method.to_ascii_uppercase(),
            url: r.url,
            headers: r.headers,
            body: r.body.into(),
            signing,
            timeout_ms: r.timeout_ms,
            nature: r.nature.into(),
            foresee_status: r.foresee_status,
            max_response: r.max_response,
        }
    }
}

impl From<effect::HttpResponse> for http::Response {
    fn from(r: effect::HttpResponse) -> Self {
        Self {
            status: r.status,
            headers: r.headers,
            body: r.body.0,
            truncated: r.truncated,
        }
    }
}

impl From<effect::Entry> for machine_files::Entry {
    fn from(e: effect::Entry) -> Self {
        let kind = match e.kind {
            effect::EntryKind::File => machine_files::Kind::File,
            effect::EntryKind::Folder => machine_files::Kind::Folder,
            effect::EntryKind::Link => machine_files::Kind::Link,
        };
        Self {
            name: e.name,
            kind,
            size: e.size,
            target: e.target,
        }
    }
}

impl From<services::Service> for effect::Service {
    fn from(s: services::Service) -> Self {
        Self {
            name: s.name,
            argv: s.argv,
            env: s.env,
            cwd: s.cwd,
            log: s.log,
            label: s.label,
        }
    }
}

impl From<effect::ServiceStatus> for services::State {
    fn from(s: effect::ServiceStatus) -> Self {
        let condition = match s.condition {
            ServiceCondition::Starting => services::Condition::Starting,
            ServiceCondition::Running => services::Condition::Running,
            ServiceCondition::Restarting => services::Condition::Restarting,
            ServiceCondition::Stopped => services::Condition::Stopped,
        };
        Self {
            condition,
            label: s.label,
            since: s.since,
            restarts: s.restarts,
            detail: s.detail,
        }
    }
}

impl From<effect::CommitInfo> for git::Commit {
    fn from(c: effect::CommitInfo) -> Self {
        let (subject, body) = c.message.split_once('\n').unwrap_or((&c.message, ""));
        Self {
            id: c.id.clone(),
            subject: subject.trim_end().to_owned(),
            body: body.trim_start_matches(['\r', '\n']).to_owned(),
            trailers: c.trailers,
            author: c.author,
            at: c.at.saturating_mul(1000),
        }
    }
}

impl From<person::Question> for effect::Question {
    fn from(q: person::Question) -> Self {
        Self {
            id: q.id,
            text: q.text,
            choices: q.choices,
            may_answer: q.may_answer,
            subject: None,
            own: true,
            allowed_signers: None,
            timeout_ms: None,
        }
    }
}

impl From<effect::Answer> for person::Answer {
    fn from(a: effect::Answer) -> Self {
        Self {
            choice: a.choice,
            by: a.by,
            note: a.note,
        }
    }
}

impl From<types::Artifact> for release::Artifact {
    fn from(a: types::Artifact) -> Self {
        Self {
            name: a.name,
            digest: a.digest.into(),
            size: a.size,
            location: a.location,
        }
    }
}

impl From<release::Artifact> for types::Artifact {
    fn from(a: release::Artifact) -> Self {
        Self {
            name: a.name,
            digest: a.digest.as_str().to_owned(),
            size: a.size,
            location: a.location,
        }
    }
}

impl From<release::Release> for types::Release {
    fn from(r: release::Release) -> Self {
        Self {
            version: r.version,
            tag: r.tag,
            commit: r.commit,
            notes: r.notes,
            artifacts: r.artifacts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<gate_wit::Verdict> for output::Verdict {
    fn from(v: gate_wit::Verdict) -> Self {
        Self {
            passed: v.outcome == gate_wit::Outcome::Passed,
            summary: v.summary,
            findings: v.findings.into_iter().map(Into::into).collect(),
            // JSON, and with it the journal, has no NaN and no infinity.
            measures: v
                .measures
                .into_iter()
                .filter(|m| m.value.is_finite())
                .map(Into::into)
                .collect(),
        }
    }
}

impl From<types::Finding> for output::Finding {
    fn from(f: types::Finding) -> Self {
        let severity = match f.severity {
            types::Severity::Info => output::Severity::Info,
            types::Severity::Low => output::Severity::Low,
            types::Severity::Medium => output::Severity::Medium,
            types::Severity::High => output::Severity::High,
            types::Severity::Critical => output::Severity::Critical,
        };
        let (path, line) = f.location.map_or((None, None), |l| (Some(l.path), l.line));
        Self {
            severity,
            rule: f.rule,
            message: f.message,
            path,
            line,
        }
    }
}

impl From<types::Measure> for output::Measure {
    fn from(m: types::Measure) -> Self {
        Self {
            name: m.name,
            value: m.value,
            unit: m.unit,
            limit: m.limit.filter(|limit| limit.is_finite()),
        }
    }
}

impl From<target_wit::Deployment> for output::Deployment {
    fn from(d: target_wit::Deployment) -> Self {
        let service = |s: target_wit::Service| output::ServiceState {
            name: s.name,
            version: s.version,
            condition: match s.condition {
                target_wit::Condition::Starting => output::Condition::Starting,
                target_wit::Condition::Healthy => output::Condition::Healthy,
                target_wit::Condition::Unhealthy => output::Condition::Unhealthy,
                target_wit::Condition::Stopped => output::Condition::Stopped,
                target_wit::Condition::Unknown => output::Condition::Unknown,
            },
            since: s.since,
            detail: s.detail,
        };
        Self {
            version: d.version,
            services: d.services.into_iter().map(service).collect(),
            newer_data: d.newer_data,
        }
    }
}
