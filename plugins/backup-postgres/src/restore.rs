//! Brings a database back to what a dump holds, in one transaction, after a dump of what is there now.
//!
//! `pg_restore --clean` alone leaves what the dump does not know: a table that the newer release added stays, and the next
//! migration fails on it; where it has a foreign key, the restore does. So the dump is turned into a script, and one
//! transaction of `psql` first drops everything and then runs the script.

use runner_sdk::{Artifact, Error, Host, Instant, Level, WithContext};

use crate::connections;
use crate::dump::{self, Dump, write_file};
use crate::name::{self, Label};
use crate::server::Server;
use crate::trouble::explain;

/// Drops what lies in schemas of the database's own. Extensions and what belongs to them stay: the script knows them.
///
/// A second one waits until the first has ended, in whatever state that leaves the database: a restore that was cut off
/// may still be under way when it is begun again.
pub(crate) const DROP_ALL: &str = include_str!("drop_all.sql");

/// Restores the one artifact that is a dump of this database.
pub(crate) fn restore(host: &impl Host, server: &Server<'_>, artifacts: &[Artifact]) -> Result<(), Error> {
    let database = &server.config.database;
    let artifact = the_one(database, artifacts)?;
    server.make_folder(host)?;
    let now = host.now();
    let fetched = fetch(host, server, artifact, now)?;
    let restored = from_file(host, server, &fetched, now);
    server.remove(host, &fetched);
    crate::retention::sweep(host, server, now, server.config.keep);
    restored.context(format!("restoring `{database}` from `{}`", artifact.name))
}

fn the_one<'a>(database: &str, artifacts: &'a [Artifact]) -> Result<&'a Artifact, Error> {
    match artifacts {
        [artifact] if name::parse(database, &artifact.name).is_some() => Ok(artifact),
        [artifact] => Err(Error::failed(format!(
            "`{}` is no dump of `{database}`",
            artifact.name
        ))),
        several => Err(Error::failed(format!(
            "`{database}` is restored from one dump, not from {}",
            several.len()
        ))),
    }
}

/// Copies a dump out of the store into the folder; returns the path.
pub(crate) fn fetch(
    host: &impl Host,
    server: &Server<'_>,
    artifact: &Artifact,
    now: Instant,
) -> Result<String, Error> {
    let path = server.path(&name::partial(
        &name::base(&server.config.database, &Label::Fetched, now),
        1,
    ));
    // The folder keeps strangers out; the account of `sudo-user` must get in.
    let mode = if server.config.sudo_user.is_some() {
        0o644
    } else {
        0o600
    };
    host.machine_fetch(artifact, server.machine(), &path, mode)
        .context(format!("bringing `{}` to {}", artifact.name, server.place()))?;
    Ok(path)
}

fn from_file(host: &impl Host, server: &Server<'_>, fetched: &str, now: Instant) -> Result<(), Error> {
    if !server.plan {
        let tables = dump::read_back(host, server, fetched)?;
        dump::require_data(tables, true)?;
    }
    connections::require_none(host, server)?;
    let safety = Dump {
        server,
        name: name::base(&server.config.database, &Label::Safety, now),
        minimum_size: 0,
        of_data: false,
        leave: true,
    };
    let kept = safety.make(host).context("keeping what is there now")?;
    host.log(
        Level::Info,
        &format!(
            "what is there now is kept as `{}` ({})",
            server.path(&kept.name),
            kept.digest
        ),
    );
    let script = format!("{}.sql", safety.name);
    let mut begun = Vec::new();
    let applied = write_script(host, server, fetched, &script, &mut begun)
        .and_then(|script| apply(host, server, &script));
    for path in begun {
        server.remove(host, &path);
    }
    applied
}

/// The dump as SQL, from `BEGIN` to `COMMIT`.
fn write_script(
    host: &impl Host,
    server: &Server<'_>,
    fetched: &str,
    name: &str,
    begun: &mut Vec<String>,
) -> Result<String, Error> {
    let mut pg_restore = server
        .command([server.tool("pg_restore")])
        .args(["-1", "--clean", "--if-exists"]);
    if server.config.sudo_user.is_none() {
        // A usual role can give nothing to others; an administrator must, or the application would not own its tables.
        pg_restore = pg_restore.arg("--no-owner");
    }
    write_file(host, server, name, "turning the dump into SQL", begun, |path| {
        pg_restore.clone().args(["-f", path, fetched])
    })
}

/// Runs the script. Done twice it is as done once: each time all is dropped first.
fn apply(host: &impl Host, server: &Server<'_>, script: &str) -> Result<(), Error> {
    connections::terminate(host, server)?;
    let drop_all = DROP_ALL.replace(
        "{lock-timeout}",
        &server.config.lock_wait_timeout.as_millis().to_string(),
    );
    let psql = server
        .psql()
        // The script's own COMMIT ends it; one that was cut short has none.
        .args(["-o", "/dev/null", "-c", "BEGIN", "-c", &drop_all, "-f", script])
        .idempotent()
        .foresee_success();
    let doing = "running it as one transaction";
    let exit = match host.run(&psql) {
        Err(Error::Interrupted(_)) => host.run(&psql),
        done => done,
    };
    let exit = exit.context(doing)?;
    match exit.code {
        Some(0) => Ok(()),
        // An error of the SQL, says psql's manual: the transaction is gone.
        Some(1 | 3) => Err(explain(server, &format!("nothing was changed: {doing}"), &exit)),
        _ => Err(explain(server, doing, &exit)),
    }
}
