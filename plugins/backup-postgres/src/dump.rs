//! A dump: made, read back whole, and brought into the store.

use runner_sdk::{Artifact, Command, Error, Host, WithContext};

use crate::name;
use crate::server::Server;

/// How often to begin anew after being cut off.
const ATTEMPTS: u32 = 3;
/// The longest list of a dump's content to look at, in bytes: some hundred thousand objects.
const LIST: u32 = 16 * 1024 * 1024;

/// One dump to make.
pub(crate) struct Dump<'a> {
    pub(crate) server: &'a Server<'a>,
    /// See [`name::base`].
    pub(crate) name: String,
    /// In bytes.
    pub(crate) minimum_size: u64,
    /// Whether one without the data of any table is none.
    pub(crate) of_data: bool,
    /// Whether it stays in the folder, too.
    pub(crate) leave: bool,
}

impl Dump<'_> {
    /// Makes it. What is left of one that failed is cleared away.
    pub(crate) fn make(&self, host: &impl Host) -> Result<Artifact, Error> {
        let config = &self.server.config;
        let doing = format!("dumping `{}`", config.database);
        let wait = format!("--lock-wait-timeout={}", config.lock_wait_timeout.as_millis());
        let pg_dump = self.server.client("pg_dump").args(["-Fc", "-Z6", &wait]);
        let mut begun = Vec::new();
        let dumped = write_file(host, self.server, &self.name, &doing, &mut begun, |path| {
            pg_dump.clone().args(["-f", path])
        });
        let kept = dumped.and_then(|path| self.keep(host, &path));
        for path in begun {
            self.server.remove(host, &path);
        }
        kept
    }

    fn keep(&self, host: &impl Host, path: &str) -> Result<Artifact, Error> {
        let server = self.server;
        let name = name::finished(&self.name);
        let digest = match server.plan {
            true => None,
            false => Some(
                read_and_digest(host, server, path, self.of_data)
                    .context(format!("reading back the dump of `{}`", server.config.database))?,
            ),
        };
        let artifact = host
            .artifact_put(server.machine(), path, &name)
            .context(format!("keeping the dump of `{}`", server.config.database))?;
        if let Some(digest) = digest {
            self.compare(&artifact, &digest)?;
        }
        if self.leave {
            let link = server
                .command(["ln", "-f", "--", path, &server.path(&name)])
                .idempotent()
                .foresee_success();
            server.run(
                host,
                &link,
                &format!("leaving the dump in `{}`", server.config.folder),
            )?;
        }
        Ok(artifact)
    }

    fn compare(&self, artifact: &Artifact, digest: &str) -> Result<(), Error> {
        let name = &artifact.name;
        if artifact.digest != digest {
            return Err(Error::failed(format!(
                "keeping `{name}`: the store has {} and the machine {digest}: it was changed on its way",
                artifact.digest
            )));
        }
        if artifact.size < self.minimum_size {
            return Err(Error::failed(format!(
                "`{name}` has {} bytes, and `minimum-size` is {}: look whether `{}` still holds its data",
                artifact.size, self.minimum_size, self.server.config.database
            )));
        }
        Ok(())
    }
}

/// Runs a program that writes a file of the folder, under another name each time it was cut off: the one before it may
/// still be writing. All paths begun are left in `begun`.
pub(crate) fn write_file(
    host: &impl Host,
    server: &Server<'_>,
    name: &str,
    doing: &str,
    begun: &mut Vec<String>,
    command: impl Fn(&str) -> Command,
) -> Result<String, Error> {
    for attempt in 1.. {
        let path = server.path(&name::partial(name, attempt));
        begun.push(path.clone());
        match server.run(host, &command(&path).foresee_success(), doing) {
            Err(Error::Interrupted(_)) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(path),
        }
    }
    unreachable!("the last attempt returns")
}

fn read_and_digest(
    host: &impl Host,
    server: &Server<'_>,
    path: &str,
    of_data: bool,
) -> Result<String, Error> {
    require_data(read_back(host, server, path)?, of_data)?;
    let command = server.plain(["sha256sum", "--", path]).read();
    let exit = server.run(host, &command, "taking its digest")?;
    let text = exit.stdout_text();
    let digest = text.split_whitespace().next().unwrap_or_default();
    match digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(format!("sha256:{digest}")),
        false => Err(Error::failed(format!(
            "`sha256sum` printed no digest but `{}`",
            text.trim()
        ))),
    }
}

/// Reads a dump whole, which its table of contents alone does not show; returns how many tables it has the data of.
pub(crate) fn read_back(host: &impl Host, server: &Server<'_>, path: &str) -> Result<usize, Error> {
    let pg_restore = || server.plain([server.tool("pg_restore")]).read();
    let list = server.run(
        host,
        &pg_restore().args(["--list", path]).capture(LIST),
        "listing what it holds",
    )?;
    let whole = pg_restore().args(["-f", "/dev/null", path]);
    server.run(host, &whole, "reading all of it")?;
    Ok(list
        .stdout_text()
        .lines()
        .filter(|line| is_table_data(line))
        .count())
}

/// Says whether a dump that holds the data of so many tables will do.
pub(crate) fn require_data(tables: usize, wanted: bool) -> Result<(), Error> {
    match tables == 0 && wanted {
        true => Err(Error::failed(
            "it holds the data of no table; set `allow-empty` where that is as it should be, before a first release",
        )),
        false => Ok(()),
    }
}

/// `3346; 0 16389 TABLE DATA public users owner`; lines of comment start with `;`.
fn is_table_data(line: &str) -> bool {
    let mut words = line.split(' ');
    let id = words.next().and_then(|word| word.strip_suffix(';'));
    let number =
        |word: Option<&str>| word.is_some_and(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit()));
    number(id)
        && number(words.next())
        && number(words.next())
        && words.next() == Some("TABLE")
        && words.next() == Some("DATA")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_tables_is_told_from_the_rest() {
        // As PostgreSQL 15 writes it.
        let list = "\
;
; Archive created at 2026-03-15 10:00:00 UTC
;     dbname: TABLE DATA
;     TOC Entries: 12
216; 1259 16389 TABLE public users app
215; 1259 16388 SEQUENCE public TABLE DATA app
3351; 0 16389 TABLE DATA public users app
3352; 0 16390 TABLE DATA public TABLE x app
3353; 0 0 SEQUENCE SET public users_id_seq app
3205; 2606 16394 CONSTRAINT public users users_pkey app
";
        assert_eq!(list.lines().filter(|line| is_table_data(line)).count(), 2);
        assert!(!is_table_data(""));
        assert!(!is_table_data("; 0 0 TABLE DATA"));
    }
}
