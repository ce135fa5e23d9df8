//! Every function of every role, called in the same way.

use runner_core::{fault::Fault, manifest::Role, output::Verdict, rules::Reading};
use runner_engine::plugin::{CallContext, CallError, Calls, Holder, Notice, Plugin, Query, notice};

use super::samples::Sample;
use crate::promises::conversation::{Conversation, artifact, context, nothing, release};

/// One function of a role.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Check,
    Inspect,
    Deploy,
    Rollback,
    Acquire(Option<&'static str>),
    Release,
    Apply,
    Recent(Option<u64>),
    More,
    Sample,
    Notify(&'static str, Notice),
    Create,
    Verify,
}

/// What came of a call.
#[derive(Debug)]
pub(super) enum Said {
    Answer(Answer),
    Fault(Fault),
    Crash(String),
}

/// An answer, as far as it matters here.
#[derive(Debug)]
#[expect(dead_code, reason = "compared and shown by their `Debug`")]
pub(super) enum Answer {
    Verdict(Verdict),
    Readings(Vec<Reading>),
    Other(String),
}

impl Answer {
    /// Whether it says that it got nowhere.
    pub(super) fn refuses(&self) -> bool {
        match self {
            Self::Verdict(verdict) => !verdict.passed,
            Self::Readings(readings) => readings.iter().all(|r| matches!(r, Reading::Error(_))),
            Self::Other(_) => false,
        }
    }
}

/// Every function of a role, with what it can be called with.
pub(super) fn every_call(role: Role) -> Vec<Call> {
    match role {
        Role::Gate => vec![Call::Check],
        Role::Target => vec![Call::Inspect, Call::Deploy, Call::Rollback],
        Role::Lock => vec![Call::Acquire(None), Call::Acquire(Some("r-dead")), Call::Release],
        // Only a target with stages has a part of the traffic to give; its own tests hold it to that.
        Role::Traffic => Vec::new(),
        Role::Setup => vec![Call::Apply],
        Role::Logs => vec![
            Call::Recent(None),
            Call::Recent(Some(1_767_225_600_000)),
            Call::More,
        ],
        Role::Metrics => vec![Call::Sample],
        Role::Notifier => notices()
            .into_iter()
            .map(|(name, n)| Call::Notify(name, n))
            .collect(),
        Role::Backup => vec![Call::Create, Call::Verify],
    }
}

fn notices() -> Vec<(&'static str, Notice)> {
    vec![
        (
            "gate",
            Notice::Gate(notice::GateResult {
                passed: 1,
                total: 2,
                failed: vec!["lint".to_owned()],
            }),
        ),
        ("deploy-started", Notice::DeployStarted),
        ("deploy-succeeded", Notice::DeploySucceeded),
        ("deploy-failed", Notice::DeployFailed("no health".to_owned())),
        (
            "rolled-back",
            Notice::RolledBack(notice::Undo {
                from_version: "1.2.3".to_owned(),
                to_version: "1.2.2".to_owned(),
                reason: "errors".to_owned(),
            }),
        ),
        (
            "approval-wanted",
            Notice::ApprovalWanted(notice::Approval {
                version: "1.2.3".to_owned(),
                how: "runner approve r".to_owned(),
            }),
        ),
        ("alert", Notice::Alert("latency".to_owned())),
        (
            "digest",
            Notice::Digest("prod, last 1 d: 1 warning\n- warning: a *cart* <b>&".to_owned()),
        ),
        (
            "released",
            Notice::Released(notice::Notes {
                version: "1.2.3".to_owned(),
                markdown: "- a *cart* <b>&\n".repeat(2_000),
                structural: true,
            }),
        ),
    ]
}

impl Call {
    /// For messages.
    pub(super) fn title(&self, sample: &Sample) -> String {
        match self {
            Self::Notify(name, _) => format!("`{}` notify({name})", sample.plugin),
            other => format!("`{}` {other:?}", sample.plugin),
        }
    }

    /// Whether a plan makes this call: it verifies no backup that it did not make, and looks at no lock of a dead run.
    pub(super) fn in_plans(&self) -> bool {
        !matches!(self, Self::Verify | Self::Acquire(Some(_)))
    }

    /// Calls a plugin with its sample config.
    pub(super) fn perform(
        &self,
        plugin: &Plugin,
        sample: &Sample,
        plan: bool,
        calls: Box<dyn Calls>,
    ) -> Said {
        self.perform_with(plugin, sample, sample.config.to_string(), plan, calls)
    }

    /// Calls a plugin with any config.
    pub(super) fn perform_with(
        &self,
        plugin: &Plugin,
        sample: &Sample,
        config: String,
        plan: bool,
        calls: Box<dyn Calls>,
    ) -> Said {
        let context = CallContext {
            config,
            ..context(&sample.config, plan)
        };
        match self {
            Self::Check => said(plugin.check(calls, context), Answer::Verdict),
            Self::Inspect => said(plugin.inspect(calls, context), other),
            Self::Deploy => said(plugin.deploy(calls, context), other),
            Self::Rollback => said(plugin.rollback(calls, context, release("1.2.2")), other),
            Self::Acquire(replaces) => said(plugin.acquire(calls, context, holder(), *replaces), other),
            Self::Release => said(plugin.release(calls, context, "r-20260101-000000-test"), other),
            Self::Apply => said(plugin.apply(calls, context), other),
            Self::Recent(since) => {
                let page = plugin.recent_logs(calls, context, &sources(plugin, sample), *since, 100);
                said(page, other)
            }
            Self::More => {
                // Where nothing was read yet.
                let page = plugin.more_logs(calls, context, &sources(plugin, sample), "{}");
                said(page, other)
            }
            Self::Sample => {
                let queries: Vec<_> = sample.queries.iter().map(|text| query(text)).collect();
                let answer = plugin.sample(calls, context, &queries, None);
                said(answer, |answer| Answer::Readings(answer.readings))
            }
            Self::Notify(_, notice) => said(plugin.notify(calls, context, notice), other),
            Self::Create => said(plugin.create(calls, context), other),
            Self::Verify => {
                let kept = [artifact("staging-data-r1", b"kept")];
                said(plugin.verify(calls, context, &kept), other)
            }
        }
    }
}

/// What of the sample's environment can be read, which is told without a host.
fn sources(plugin: &Plugin, sample: &Sample) -> Vec<String> {
    let (calls, heard) = Conversation::by(nothing);
    let sources = plugin.log_sources(calls, context(&sample.config, false));
    assert!(
        heard.asked().is_empty(),
        "`{}` asked for its sources",
        sample.plugin
    );
    sources.expect("answers").expect("a good config")
}

fn said<T>(result: Result<Result<T, Fault>, CallError>, answer: impl FnOnce(T) -> Answer) -> Said {
    match result {
        Ok(Ok(value)) => Said::Answer(answer(value)),
        Ok(Err(fault)) => Said::Fault(fault),
        Err(error) => Said::Crash(error.to_string()),
    }
}

fn other<T: std::fmt::Debug>(value: T) -> Answer {
    Answer::Other(format!("{value:?}"))
}

fn holder() -> Holder {
    Holder {
        owner: "ann".to_owned(),
        run: "r-20260101-000000-test".to_owned(),
        reason: "release 1.2.3 to staging".to_owned(),
        since: 1_767_225_600_000,
    }
}

fn query(text: &str) -> Query {
    Query {
        name: "rule".to_owned(),
        expression: text.to_owned(),
        window_ms: 60_000,
    }
}
