//! What PostgreSQL's programs say when something is wrong, and what to do about it.

use runner_sdk::{Error, Exit};

use crate::server::Server;

/// An error of what a program said last; with what to do, where that is known.
pub(crate) fn explain(server: &Server<'_>, doing: &str, exit: &Exit) -> Error {
    let said = said(exit);
    let lines: Vec<_> = said.lines().collect();
    let last = match &lines[lines.len().saturating_sub(4)..] {
        [] => "it said nothing".to_owned(),
        last => last.join("\n"),
    };
    let what = match advice(server, &said) {
        Some(advice) => format!("{last}; {advice}"),
        None => last,
    };
    Error::failed(format!("{doing}: ended with {}: {what}", exit.status()))
}

/// What it said, without what is always there.
fn said(exit: &Exit) -> String {
    let text = exit.last_lines(usize::MAX);
    // Said by every program that `sudo` starts in a folder of somebody else, and harmless.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("could not change directory to "));
    lines.collect::<Vec<_>>().join("\n")
}

/// The first that fits; what is more special stands first.
fn advice(server: &Server<'_>, said: &str) -> Option<String> {
    let config = server.config;
    let (database, place, folder) = (&config.database, server.place(), &config.folder);
    let account = match (&config.sudo_user, &config.user) {
        (Some(name), _) | (None, Some(name)) => format!("`{name}`"),
        (None, None) => "the role".to_owned(),
    };
    let has = |text: &str| said.contains(text);
    let advice = if has("server version mismatch") {
        let major = server_major(said).unwrap_or("of the server's version");
        format!(
            "install postgresql-client-{major} on {place}, and set `programs` where `pg_dump` stays the older one"
        )
    } else if has("sudo:") && (has("a password is required") || has("not allowed")) {
        format!("let `sudo -n` run the programs without a password, by a line in /etc/sudoers.d of {place}")
    } else if has("No space left on device") || has("Disk quota exceeded") {
        format!("make room in `{folder}` on {place}, or name another `folder`")
    } else if has("due to lock timeout") || (has("due to statement timeout") && has("LOCK TABLE")) {
        format!(
            "something holds a lock on `{database}`, such as a migration: wait for it, or raise `lock-wait-timeout` \
             (`select pid, query from pg_stat_activity` shows who it is)"
        )
    } else if has(&format!("database \"{database}\" does not exist")) {
        format!(
            "the database is gone: look whether `database` and `host` are right; to restore into a new one, make it with \
             `createdb -O OWNER {database}` first"
        )
    } else if has("does not exist") && has("role \"") && has("FATAL") {
        "make the role, or correct `user`".to_owned()
    } else if has("authentication failed") || has("no password supplied") || has("no pg_hba.conf entry") {
        format!("check `user` and `password`, and what pg_hba.conf allows {account}")
    } else if has("Connection refused")
        || has("timeout expired")
        || has("No such file or directory\n\tIs the server")
    {
        format!("no server answers there: start it, or correct `host` and `port` as seen from {place}")
    } else if has("remaining connection slots") || has("too many clients") {
        "the server has no free connection: close some, or raise `max_connections`".to_owned()
    } else if has("must be owner of")
        || has("must be superuser")
        || has("permission denied to create extension")
    {
        "restore as an administrator, by `sudo-user = \"postgres\"`".to_owned()
    } else if has("permission denied for") {
        format!("grant pg_read_all_data to {account}, or use `sudo-user`")
    } else if has("Permission denied") {
        shared(server)
    } else {
        return None;
    };
    Some(advice)
}

/// What to do about a folder that one of the two accounts has no right to.
fn shared(server: &Server<'_>) -> String {
    let (folder, place) = (&server.config.folder, server.place());
    match &server.config.sudo_user {
        Some(account) => format!(
            "both `{account}` and the machine's own user must write to it: `install -d -o USER -g {account} -m 2770 {folder}` on \
             {place}, as root"
        ),
        None => format!("the machine's own user must write to `{folder}` on {place}"),
    }
}

/// The server's major version in `server version: 16.2 (Debian 16.2-1); pg_dump version: 15.18`.
fn server_major(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("server version: ")?;
    let major = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    (!major.is_empty()).then_some(major)
}
