//! The PostgreSQL database: a role of its own, a database that is its own, and while that is empty, a copy of another.

use std::time::Duration;

use runner_sdk::{Error, Host};

use super::Work;
use crate::config::Database;
use crate::machine::{command, sudo};

/// How long a copy may take, each way.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Makes what is missing.
pub(super) fn make<H: Host>(work: &mut Work<'_, H>) -> Result<(), Error> {
    let Some(Database {
        name,
        owner,
        password,
        copy_from,
    }) = &work.site.config.database
    else {
        return Ok(());
    };
    role(work, owner, password)?;
    let owned = ask(
        work,
        "postgres",
        &format!("select pg_get_userbyid(datdba) from pg_database where datname = '{name}'"),
    )?;
    if owned.is_empty() {
        work.note(format!("database {name}"), format!("+ made, owned by {owner}"));
        let sql = format!(
            "select 'create database \"{name}\" owner \"{owner}\" template template0 encoding ''UTF8''' \
             where not exists (select from pg_database where datname = '{name}') \\gexec\n"
        );
        tell(work, "postgres", &sql, &format!("making the database `{name}`"))?;
    } else if owned != *owner {
        work.note(
            format!("database {name}"),
            format!("~ owned by {owned}, and now by {owner}"),
        );
        let sql = format!("alter database \"{name}\" owner to \"{owner}\";\n");
        tell(
            work,
            "postgres",
            &sql,
            &format!("giving the database `{name}` to `{owner}`"),
        )?;
    }
    let open = format!(
        "select count(*) from pg_database where datname = '{name}' and has_database_privilege('public', datname, 'connect')"
    );
    if owned.is_empty() || ask(work, "postgres", &open)? == "1" {
        work.note(format!("database {name}"), format!("~ only {owner} may connect"));
        tell(
            work,
            "postgres",
            &format!("revoke all on database \"{name}\" from public;\n"),
            "closing the database for others",
        )?;
    }
    match copy_from {
        Some(from) => copy(work, from, name, owner, owned.is_empty()),
        None => Ok(()),
    }
}

/// A role that gets in with the password of the profile, also when another one was set before.
fn role<H: Host>(work: &mut Work<'_, H>, owner: &str, password: &str) -> Result<(), Error> {
    let known = format!("select count(*) from pg_roles where rolname = '{owner}'");
    let change = match ask(work, "postgres", &known)? == "1" {
        true if gets_in(work, owner, password)? => return Ok(()),
        true => {
            "~ another password, since it could not log in with this one; what runs has the old one until it is deployed again"
        }
        false => "+ made, with its password",
    };
    work.note(format!("database role {owner}"), change);
    // The secret is filled in on the way, and never stands in an argument.
    let sql = format!(
        "do $do$ begin if not exists (select from pg_roles where rolname = '{owner}') then create role \"{owner}\" login; \
         end if; end $do$;\nalter role \"{owner}\" login password $runner${password}$runner$;\n"
    );
    tell(work, "postgres", &sql, &format!("making the role `{owner}`"))?;
    if work.site.context.is_plan() || gets_in(work, owner, password)? {
        return Ok(());
    }
    Err(Error::failed(format!(
        "the role `{owner}` cannot log in at 127.0.0.1 with its password, so the application could not either: see who may in \
         `pg_hba.conf` and what PostgreSQL has logged"
    )))
}

/// Whether a role gets in with a password, as the application does. Where PostgreSQL does not listen, nobody is refused.
fn gets_in<H: Host>(work: &Work<'_, H>, owner: &str, password: &str) -> Result<bool, Error> {
    let login = [
        "psql",
        "-XtAq",
        "--no-password",
        "--host",
        "127.0.0.1",
        "--username",
        owner,
        "--dbname",
        "postgres",
        "--command",
        "select 1",
    ];
    let login = command(&login)
        .env("PGPASSWORD", password)
        .read()
        .timeout(Duration::from_secs(60));
    if work.machine.run(&login)?.success() {
        return Ok(true);
    }
    let ready = ["pg_isready", "--quiet", "--host", "127.0.0.1"];
    Ok(!work.machine.ask(&ready)?.success())
}

/// How many tables a database has of its own.
const TABLES: &str = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                      where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')";

/// Fills an empty database; one with tables is left as it is.
fn copy<H: Host>(
    work: &mut Work<'_, H>,
    from: &str,
    name: &str,
    owner: &str,
    fresh: bool,
) -> Result<(), Error> {
    let is_empty = (fresh && work.site.context.is_plan()) || ask(work, name, TABLES)? == "0";
    if !is_empty {
        return Ok(());
    }
    work.note(
        format!("database {name}"),
        format!("+ filled with a copy of {from}"),
    );
    let file = format!("/var/tmp/{}-copy.dump", work.site.id);
    let dump = [
        "-u", "postgres", "pg_dump", "--format", "custom", "--file", &file, "--", from,
    ];
    work.machine.change(
        command(&sudo(&dump)).timeout(PATIENCE),
        &format!("copying the database `{from}`"),
    )?;
    fill(work, name, owner, &file)?;
    work.machine.remove_root(&file)
}

/// Fills an empty database out of a dump, wholly or not at all: in one transaction. Done again after it was whole, it is
/// refused at the first table and changes nothing. Nothing is ever dropped first: a run that is taken up late may come to a
/// database that is in use.
fn fill<H: Host>(work: &Work<'_, H>, name: &str, owner: &str, file: &str) -> Result<(), Error> {
    let words = [
        "-u",
        "postgres",
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--role",
        owner,
        "--exit-on-error",
        "--single-transaction",
        "--dbname",
        name,
        "--",
        file,
    ];
    let restore = command(&sudo(&words)).timeout(PATIENCE);
    // There were none a moment ago. What cannot be asked leaves the error of what failed.
    let was_filled = || {
        let count = ask(work, name, TABLES).ok().and_then(|count| count.parse().ok());
        Ok(count.is_some_and(|count: u64| count > 0))
    };
    work.machine
        .change_once(restore, &format!("filling the database `{name}`"), was_filled)
}

const PSQL: [&str; 7] = [
    "-u",
    "postgres",
    "psql",
    "-XtAq",
    "--set",
    "ON_ERROR_STOP=1",
    "--dbname",
];

/// The answer to a question, as one text.
fn ask<H: Host>(work: &Work<'_, H>, database: &str, sql: &str) -> Result<String, Error> {
    let argv: Vec<&str> = PSQL.into_iter().chain([database, "--command", sql]).collect();
    let exit = work.machine.ask_root(&argv)?;
    if work.site.context.is_plan() && !exit.success() {
        // PostgreSQL is among the packages of this very plan.
        return Ok(String::new());
    }
    Ok(exit
        .require_success("asking PostgreSQL")?
        .stdout_text()
        .trim()
        .to_owned())
}

fn tell<H: Host>(work: &Work<'_, H>, database: &str, sql: &str, doing: &str) -> Result<(), Error> {
    let argv: Vec<&str> = PSQL.into_iter().chain([database]).collect();
    work.machine.change(command(&sudo(&argv)).stdin(sql), doing)
}
