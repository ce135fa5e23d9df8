//! The typed calls, one per function that a role exports. Each returns what the plugin said, or why it said nothing.

use runner_core::{
    fault::Fault,
    output::{Change, Deployment, Verdict},
    release::{Artifact, Release},
    rules::Reading,
};

use super::{
    bindings::{self, gate, lock, metrics, types},
    call::{CallError, Calls},
    load::Plugin,
};

/// What a plugin said: its answer, or its own error.
pub type Said<T> = Result<Result<T, Fault>, CallError>;

/// What a call is about; the WIT's `context`.
#[derive(Clone, Debug, PartialEq)]
pub struct CallContext {
    /// The run's id.
    pub run: String,
    /// The step's id.
    pub step: String,
    /// Whether this is a plan.
    pub plan: bool,
    /// The project's name.
    pub project: String,
    /// The release it is about.
    pub release: Option<Release>,
    /// The good release that runs, or last ran, in the environment.
    pub previous: Option<Release>,
    /// Name and URL of the environment.
    pub environment: Option<(String, Option<String>)>,
    /// Whether a new release gets the environment's traffic bit by bit.
    pub gradual: bool,
    /// JSON.
    pub config: String,
}

impl From<CallContext> for types::Context {
    fn from(c: CallContext) -> Self {
        Self {
            run_id: c.run,
            step: c.step,
            mode: if c.plan {
                types::Mode::Plan
            } else {
                types::Mode::Run
            },
            project: c.project,
            release: c.release.map(Into::into),
            previous: c.previous.map(Into::into),
            environment: c.environment.map(|(name, url)| types::Environment {
                name,
                url,
                gradual: c.gradual,
            }),
            config: c.config,
        }
    }
}

/// What is told to a notifier.
pub use bindings::notifier::exports::runner::plugin::notifier as notice;
/// What is told to a notifier.
pub use notice::Event as Notice;

/// A question to a metrics source.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The rule that asks.
    pub name: String,
    /// In the source's own language.
    pub expression: String,
    /// Milliseconds.
    pub window_ms: u64,
}

/// A metrics source's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsAnswer {
    /// Milliseconds since the epoch.
    pub at: u64,
    /// In the order of the queries.
    pub readings: Vec<Reading>,
    /// To hand back at the next sample.
    pub memory: Option<String>,
}

/// Who holds a target's own lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// For people.
    pub owner: String,
    /// The run.
    pub run: String,
    /// For people.
    pub reason: String,
    /// Milliseconds since the epoch.
    pub since: u64,
}

/// Looks up a role's exports in a fresh instance and calls one function of it.
macro_rules! call {
    ($plugin:expr, $calls:expr, $module:ident :: $world:ident, $interface:ident . $function:ident ($($argument:expr),*)) => {
        $plugin.enter($calls, |store, instance| {
            let role = bindings::$module::$world::new(&mut *store, instance)?;
            role.$interface().$function(store, $($argument),*)
        })
    };
}

mod logs;

impl Plugin {
    /// JSON Schema of the config for a role.
    pub fn schema(&self, calls: Box<dyn Calls>, role: &str) -> Result<String, CallError> {
        call!(
            self,
            calls,
            configuration::ConfigurationRole,
            runner_plugin_configuration.call_schema(role)
        )
    }

    /// `gate.check`.
    pub fn check(&self, calls: Box<dyn Calls>, context: CallContext) -> Said<Verdict> {
        let context = context.into();
        let verdict: Result<gate::exports::runner::plugin::gate::Verdict, types::Error> = call!(
            self,
            calls,
            gate::GateRole,
            runner_plugin_gate.call_check(&context)
        )?;
        Ok(verdict.map(Into::into).map_err(Into::into))
    }

    /// `target.inspect`.
    pub fn inspect(&self, calls: Box<dyn Calls>, context: CallContext) -> Said<Deployment> {
        let context = context.into();
        let there = call!(
            self,
            calls,
            target::TargetRole,
            runner_plugin_target.call_inspect(&context)
        )?;
        Ok(there.map(Into::into).map_err(Into::into))
    }

    /// `target.deploy`.
    pub fn deploy(&self, calls: Box<dyn Calls>, context: CallContext) -> Said<Deployment> {
        let context = context.into();
        let there = call!(
            self,
            calls,
            target::TargetRole,
            runner_plugin_target.call_deploy(&context)
        )?;
        Ok(there.map(Into::into).map_err(Into::into))
    }

    /// `target.rollback`.
    pub fn rollback(&self, calls: Box<dyn Calls>, context: CallContext, to: Release) -> Said<Deployment> {
        let (context, to) = (context.into(), to.into());
        let there = call!(
            self,
            calls,
            target::TargetRole,
            runner_plugin_target.call_rollback(&context, &to)
        )?;
        Ok(there.map(Into::into).map_err(Into::into))
    }

    /// `lock.acquire`: who has it when it is somebody else's.
    pub fn acquire(
        &self,
        calls: Box<dyn Calls>,
        context: CallContext,
        holder: Holder,
        replaces: Option<&str>,
    ) -> Said<Option<Holder>> {
        use lock::exports::runner::plugin::lock as wit;
        let context = context.into();
        let holder = wit::Holder {
            owner: holder.owner,
            run_id: holder.run,
            reason: holder.reason,
            since: holder.since,
        };
        let other = call!(
            self,
            calls,
            lock::LockRole,
            runner_plugin_lock.call_acquire(&context, &holder, replaces)
        )?;
        let back = |h: wit::Holder| Holder {
            owner: h.owner,
            run: h.run_id,
            reason: h.reason,
            since: h.since,
        };
        Ok(other.map(|other| other.map(back)).map_err(Into::into))
    }

    /// `lock.release`.
    pub fn release(&self, calls: Box<dyn Calls>, context: CallContext, run: &str) -> Said<()> {
        let context = context.into();
        let done = call!(
            self,
            calls,
            lock::LockRole,
            runner_plugin_lock.call_release(&context, run)
        )?;
        Ok(done.map_err(Into::into))
    }

    /// `traffic.shift`.
    pub fn shift(&self, calls: Box<dyn Calls>, context: CallContext, percent: u8) -> Said<()> {
        let context = context.into();
        let done = call!(
            self,
            calls,
            traffic::TrafficRole,
            runner_plugin_traffic.call_shift(&context, percent)
        )?;
        Ok(done.map_err(Into::into))
    }

    /// `traffic.finish`.
    pub fn finish(&self, calls: Box<dyn Calls>, context: CallContext) -> Said<()> {
        let context = context.into();
        let done = call!(
            self,
            calls,
            traffic::TrafficRole,
            runner_plugin_traffic.call_finish(&context)
        )?;
        Ok(done.map_err(Into::into))
    }

    /// `setup.apply`: what had to be changed.
    pub fn apply(&self, calls: Box<dyn Calls>, context: CallContext) -> Said<Vec<Change>> {
        let context = context.into();
        let changes = call!(
            self,
            calls,
            setup::SetupRole,
            runner_plugin_setup.call_apply(&context)
        )?;
        let change = |c: bindings::setup::exports::runner::plugin::setup::Change| Change {
            subject: c.subject,
            diff: c.diff,
        };
        Ok(changes
            .map(|changes| changes.into_iter().map(change).collect())
            .map_err(Into::into))
    }

    /// `metrics.sample`.
    pub fn sample(
        &self,
        calls: Box<dyn Calls>,
        context: CallContext,
        queries: &[Query],
        memory: Option<&str>,
    ) -> Said<MetricsAnswer> {
        use metrics::exports::runner::plugin::metrics as wit;
        let context = context.into();
        let asked: Vec<_> = queries
            .iter()
            .map(|q| wit::Query {
                name: q.name.clone(),
                expression: q.expression.clone(),
                window_ms: q.window_ms,
            })
            .collect();
        let answer = call!(
            self,
            calls,
            metrics::MetricsRole,
            runner_plugin_metrics.call_sample(&context, &asked, memory)
        )?;
        let reading = |reading: Result<wit::Reading, types::Error>| match reading {
            Ok(wit::Reading::Value(value)) if value.is_finite() => Reading::Value(value),
            Ok(wit::Reading::Share((part, whole))) if part.is_finite() && whole.is_finite() => {
                Reading::Share { part, whole }
            }
            // JSON, and with it the journal, has no NaN and no infinity; neither says anything.
            Ok(_) => Reading::NoData,
            Err(error) => Reading::Error(Fault::from(error).to_string()),
        };
        Ok(answer
            .map(|a| MetricsAnswer {
                at: a.at,
                readings: a.readings.into_iter().map(reading).collect(),
                memory: a.memory,
            })
            .map_err(Into::into))
    }

    /// `notifier.notify`: where the message can be found.
    pub fn notify(
        &self,
        calls: Box<dyn Calls>,
        context: CallContext,
        event: &Notice,
    ) -> Said<Option<String>> {
        let context = context.into();
        let at = call!(
            self,
            calls,
            notifier::NotifierRole,
            runner_plugin_notifier.call_notify(&context, event)
        )?;
        Ok(at.map_err(Into::into))
    }

    /// `backup.create`.
    pub fn create(&self, calls: Box<dyn Calls>, context: CallContext) -> Said<Vec<Artifact>> {
        let context = context.into();
        let kept = call!(
            self,
            calls,
            backup::BackupRole,
            runner_plugin_backup.call_create(&context)
        )?;
        Ok(kept
            .map(|kept| kept.into_iter().map(Into::into).collect())
            .map_err(Into::into))
    }

    /// `backup.verify`.
    pub fn verify(&self, calls: Box<dyn Calls>, context: CallContext, kept: &[Artifact]) -> Said<()> {
        let context = context.into();
        let kept: Vec<types::Artifact> = kept.iter().cloned().map(Into::into).collect();
        let done = call!(
            self,
            calls,
            backup::BackupRole,
            runner_plugin_backup.call_verify(&context, &kept)
        )?;
        Ok(done.map_err(Into::into))
    }

    /// `backup.restore`.
    pub fn restore(&self, calls: Box<dyn Calls>, context: CallContext, kept: &[Artifact]) -> Said<()> {
        let context = context.into();
        let kept: Vec<types::Artifact> = kept.iter().cloned().map(Into::into).collect();
        let done = call!(
            self,
            calls,
            backup::BackupRole,
            runner_plugin_backup.call_restore(&context, &kept)
        )?;
        Ok(done.map_err(Into::into))
    }
}
