//! Who else is connected to the database: nobody may write to it while it is restored.

use runner_sdk::{Error, Host};

use crate::server::Server;

// A role that may not look into others' sessions reads a null `backend_type` of them.
const OTHERS: &str = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() \
                      and coalesce(backend_type, 'client backend') = 'client backend'";

/// Refuses while others are connected, unless they may be cut off.
pub(crate) fn require_none(host: &impl Host, server: &Server<'_>) -> Result<(), Error> {
    let doing = format!("asking who is connected to `{}`", server.config.database);
    let query = format!(
        "select count(*), coalesce(string_agg(distinct coalesce(nullif(application_name, ''), usename), ', '), '') {OTHERS}"
    );
    let exit = server.run(host, &server.psql().args(["-c", &query]).read(), &doing)?;
    let answer = exit.stdout_text();
    let (count, names) = answer.trim().split_once('|').unwrap_or((answer.trim(), ""));
    match count.parse::<u64>() {
        Ok(0) => Ok(()),
        Ok(_) if server.config.terminate_connections => Ok(()),
        Ok(count) => Err(Error::failed(format!(
            "`{}` has {count} open connections ({names}): stop what uses it, or set `terminate-connections = true`; nothing \
             was changed",
            server.config.database
        ))),
        Err(_) => Err(Error::failed(format!(
            "{doing}: `{}` is no number",
            answer.trim()
        ))),
    }
}

/// Cuts the others off, where the config allows that.
pub(crate) fn terminate(host: &impl Host, server: &Server<'_>) -> Result<(), Error> {
    if !server.config.terminate_connections {
        return Ok(());
    }
    let query = format!("select count(pg_terminate_backend(pid)) {OTHERS}");
    let command = server.psql().args(["-c", &query]).idempotent().foresee_success();
    let doing = format!("ending the connections to `{}`", server.config.database);
    server.run(host, &command, &doing).map(drop)
}
