//! One trait per role. A type may serve in several.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::lock::Holder;
use crate::logs::Page;
use crate::metrics::{Query, Snapshot};
use crate::notifier::Event;
use crate::setup::Change;
use crate::target::Deployment;
use crate::{Artifact, Context, Error, Host, Instant, Release, Verdict};

/// A check: before a release, or of an environment after a deploy.
pub trait Gate {
    /// What the profile says; its JSON Schema is shown to users and checked by the host.
    type Config: DeserializeOwned + JsonSchema;

    /// Finds out. A failed check is a [`Verdict`]; an error means that nothing could be found out, which never counts as
    /// passed.
    fn check(host: &impl Host, context: &Context<Self::Config>) -> Result<Verdict, Error>;
}

/// A place to deploy to.
pub trait Target {
    /// What the profile says; its JSON Schema is shown to users and checked by the host.
    type Config: DeserializeOwned + JsonSchema;

    /// Asks the place itself what runs there.
    fn inspect(host: &impl Host, context: &Context<Self::Config>) -> Result<Deployment, Error>;
    /// Brings the context's release there.
    fn deploy(host: &impl Host, context: &Context<Self::Config>) -> Result<Deployment, Error>;
    /// Goes back to a release that was good there.
    fn rollback(host: &impl Host, context: &Context<Self::Config>, to: &Release)
    -> Result<Deployment, Error>;
}

/// The environment's lock, where all operators see it. Beside [`Target`], with the same config.
pub trait Lock {
    /// The config of the target.
    type Config: DeserializeOwned + JsonSchema;

    /// Takes the lock; returns who has it when it is somebody else's. `replaces` names a run whose owner is known to be
    /// dead: its lock is taken over.
    fn acquire(
        host: &impl Host,
        context: &Context<Self::Config>,
        holder: &Holder,
        replaces: Option<&str>,
    ) -> Result<Option<Holder>, Error>;
    /// Gives the lock back if it is this run's.
    fn release(host: &impl Host, context: &Context<Self::Config>, run_id: &str) -> Result<(), Error>;
}

/// A new release that gets the traffic little by little. Beside [`Target`], with the same config; [`Target::rollback`] gives
/// all traffic back, whatever the share is.
pub trait Traffic {
    /// The config of the target.
    type Config: DeserializeOwned + JsonSchema;

    /// Sends so much of the traffic to the context's release, the rest to what ran before. May be called twice.
    fn shift(host: &impl Host, context: &Context<Self::Config>, percent: u8) -> Result<(), Error>;
    /// Drains and stops what ran before: the context's release has all traffic and stays. May be called twice.
    fn finish(host: &impl Host, context: &Context<Self::Config>) -> Result<(), Error>;
}

/// An environment from nothing, the same again and again. Beside [`Target`], with the same config.
pub trait Setup {
    /// The config of the target.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes the environment what the config says, and returns what had to be changed: nothing the second time. In a plan
    /// the same changes come back, so what they are must not depend on the result of a write.
    fn apply(host: &impl Host, context: &Context<Self::Config>) -> Result<Vec<Change>, Error>;
}

/// What an environment's programs, and what stands in front of them, have written down. Beside [`Target`], with the same
/// config. Every call only reads; [`crate::logs`] helps with files and times.
pub trait Logs {
    /// The config of the target.
    type Config: DeserializeOwned + JsonSchema;

    /// What can be read, by name. Asks nothing of the environment.
    fn sources(context: &Context<Self::Config>) -> Result<Vec<String>, Error>;
    /// The newest lines of these sources, at most `max` of each, none that says it is older than `since`.
    fn recent(
        host: &impl Host,
        context: &Context<Self::Config>,
        sources: &[String],
        since: Option<Instant>,
        max: u32,
    ) -> Result<Page, Error>;
    /// What was written after the page that `cursor` is of. A line is told once it has ended.
    fn more(
        host: &impl Host,
        context: &Context<Self::Config>,
        sources: &[String],
        cursor: &str,
    ) -> Result<Page, Error>;
}

/// A source of readings.
pub trait Metrics {
    /// What the profile says; its JSON Schema is shown to users and checked by the host.
    type Config: DeserializeOwned + JsonSchema;

    /// Reads all queries once. `memory` is what the sample before this one, of the same watch, returned.
    fn sample(
        host: &impl Host,
        context: &Context<Self::Config>,
        queries: &[Query],
        memory: Option<&str>,
    ) -> Result<Snapshot, Error>;
}

/// Tells people, or other systems, what happens.
pub trait Notifier {
    /// What the profile says; its JSON Schema is shown to users and checked by the host.
    type Config: DeserializeOwned + JsonSchema;

    /// Returns where the message can be found, if anywhere.
    fn notify(
        host: &impl Host,
        context: &Context<Self::Config>,
        event: &Event,
    ) -> Result<Option<String>, Error>;
}

/// Keeps what a deploy could destroy.
pub trait Backup {
    /// What the profile says; its JSON Schema is shown to users and checked by the host.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes the backup.
    fn create(host: &impl Host, context: &Context<Self::Config>) -> Result<Vec<Artifact>, Error>;
    /// Reads it all back.
    fn verify(host: &impl Host, context: &Context<Self::Config>, artifacts: &[Artifact])
    -> Result<(), Error>;
    /// Brings the world back to what the backup holds.
    fn restore(
        host: &impl Host,
        context: &Context<Self::Config>,
        artifacts: &[Artifact],
    ) -> Result<(), Error>;
}
