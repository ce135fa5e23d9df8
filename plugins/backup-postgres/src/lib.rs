//! Backup `backup-postgres`: one PostgreSQL database, dumped on its machine by `pg_dump`, read back whole, and kept in the
//! artifact store.
//!
//! Roles and tablespaces belong to the server, not to a database, and are not in the dump.

mod connections;
mod dump;
mod name;
mod restore;
mod retention;
mod server;
#[cfg(test)]
mod tests;
mod trouble;

use runner_sdk::{Artifact, Backup, Context, Duration, Error, Host, WithContext};
use schemars::JsonSchema;
use serde::Deserialize;

use dump::Dump;
use name::Label;
use server::Server;

/// Keeps a PostgreSQL database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The machine that the database is reached from, and dumped on. Default: the machine that `runner` runs on.
    machine: Option<String>,
    /// The database's name.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"))]
    database: String,
    /// Works as this account of the machine by `sudo -n -u`, which the server knows without a password (peer
    /// authentication); for an administrator, such as `postgres`. A restore then gives each object its owner back. `folder`
    /// must be one that both this account and the machine's own user write to.
    sudo_user: Option<String>,
    /// The server's role to connect as, beside `password`; not with `sudo-user`. A restore makes it the owner of all.
    user: Option<String>,
    /// The role's password: a secret, as in `{{secret:database}}`.
    password: Option<String>,
    /// Name or address of the server, or the folder of its socket. Default: the socket that the programs know.
    host: Option<String>,
    /// The server's port. Default: what the programs know, 5432.
    port: Option<u16>,
    /// The folder of `pg_dump`, `pg_restore` and `psql`, where the ones on the path are not as new as the server, e.g.
    /// `/usr/lib/postgresql/16/bin`.
    programs: Option<String>,
    /// An absolute folder on the machine, private to the backup, with room for a dump; for a restore, for the whole
    /// database as text.
    #[schemars(regex(pattern = r"^/"))]
    folder: String,
    /// A smaller dump, in bytes, is not taken for a backup.
    #[serde(default)]
    minimum_size: u64,
    /// How many dumps to leave in `folder` beside those in the store.
    #[serde(default)]
    keep: usize,
    /// How long to wait for a table that something else has locked.
    #[serde(default = "ten_seconds")]
    lock_wait_timeout: Duration,
    /// How long a dump or a restore may take.
    #[serde(default = "one_hour")]
    timeout: Duration,
    /// Whether a restore ends the connections of others to the database. Without it, it refuses while there are any.
    #[serde(default)]
    terminate_connections: bool,
    /// Whether the dump of a database without any table is a backup, too: before the very first release there is nothing to
    /// keep. Without it, such a dump is taken for the wrong database.
    #[serde(default)]
    allow_empty: bool,
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

fn one_hour() -> Duration {
    Duration::from_secs(3600)
}

/// The backup.
pub struct Postgres;

impl Backup for Postgres {
    type Config = Config;

    fn create(host: &impl Host, context: &Context<Config>) -> Result<Vec<Artifact>, Error> {
        let server = Server::of(context)?;
        server.make_folder(host)?;
        let now = host.now();
        let dump = Dump {
            server: &server,
            name: name::base(&context.config.database, &Label::of(context), now),
            minimum_size: context.config.minimum_size,
            of_data: !context.config.allow_empty,
            leave: context.config.keep > 0,
        };
        let artifact = dump.make(host)?;
        retention::sweep(host, &server, now, context.config.keep);
        Ok(vec![artifact])
    }

    fn verify(host: &impl Host, context: &Context<Config>, artifacts: &[Artifact]) -> Result<(), Error> {
        if artifacts.is_empty() {
            return Err(Error::failed("there is nothing in the backup"));
        }
        let server = Server::of(context)?;
        for artifact in artifacts {
            host.artifact_verify(artifact)
                .context(format!("reading back `{}`", artifact.name))?;
        }
        server.make_folder(host)?;
        let now = host.now();
        for artifact in artifacts {
            let fetched = restore::fetch(host, &server, artifact, now)?;
            // In a plan it is not there to be read.
            let read = match server.plan {
                true => Ok(()),
                false => dump::read_back(host, &server, &fetched)
                    .and_then(|tables| dump::require_data(tables, !context.config.allow_empty)),
            };
            server.remove(host, &fetched);
            read.context(format!("reading back `{}`", artifact.name))?;
        }
        Ok(())
    }

    fn restore(host: &impl Host, context: &Context<Config>, artifacts: &[Artifact]) -> Result<(), Error> {
        restore::restore(host, &Server::of(context)?, artifacts)
    }
}

runner_sdk::export! { backup: Postgres }
