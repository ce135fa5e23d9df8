//! The files of the units: the one that answers, the workers, and timers.

use runner_sdk::{Duration, Error, Host};

use super::Work;
use crate::site::Site;

/// Writes what differs, and has systemd read it.
pub(super) fn write<H: Host>(work: &mut Work<'_, H>) -> Result<(), Error> {
    let site = work.site;
    let mut changed = false;
    for (name, content) in services(site)?.into_iter().chain(timers(site)?) {
        changed |= work
            .file(&format!("/etc/systemd/system/{name}"), &content)?
            .is_some();
    }
    if changed {
        work.machine
            .act_root(&["systemctl", "daemon-reload"], "having systemd read the units")?;
    }
    if !site.has_slots() {
        let port = site.config.web.ports[0];
        for unit in site.units(port) {
            enable(work, &unit, false)?;
        }
    }
    for name in site.config.timers.keys() {
        enable(work, &format!("{}-{name}.timer", site.id), true)?;
    }
    Ok(())
}

/// Has a unit started when the server boots. Before the first deploy there is nothing to start now.
fn enable<H: Host>(work: &mut Work<'_, H>, unit: &str, now: bool) -> Result<(), Error> {
    if work
        .machine
        .ask(&["systemctl", "is-enabled", unit])?
        .stdout_text()
        .trim()
        == "enabled"
    {
        return Ok(());
    }
    work.note(format!("unit {unit}"), "+ started at boot");
    let words: &[&str] = match now {
        true => &["systemctl", "enable", "--quiet", "--now", unit],
        false => &["systemctl", "enable", "--quiet", unit],
    };
    work.machine.act_root(words, &format!("enabling `{unit}`"))
}

/// Name and content of each service.
fn services(site: &Site<'_>) -> Result<Vec<(String, String)>, Error> {
    let config = site.config;
    let web = Service {
        at: "web",
        run: &config.web.run,
        stop_timeout: config.web.drain,
        is_worker: false,
    };
    let mut all = vec![(file_name(site, &config.web.unit), web.text(site)?)];
    for (name, worker) in &config.workers {
        let at = format!("workers.{name}");
        let service = Service {
            at: &at,
            run: &worker.run,
            stop_timeout: worker.stop_timeout,
            is_worker: true,
        };
        all.push((file_name(site, &worker.unit), service.text(site)?));
    }
    Ok(all)
}

fn file_name(site: &Site<'_>, unit: &str) -> String {
    if site.has_slots() {
        format!("{unit}@.service")
    } else {
        format!("{unit}.service")
    }
}

struct Service<'a> {
    at: &'a str,
    run: &'a [String],
    stop_timeout: Duration,
    is_worker: bool,
}

impl Service<'_> {
    fn text(&self, site: &Site<'_>) -> Result<String, Error> {
        let link = match site.has_slots() {
            true => site.path("slots/%i"),
            false => site.path("current"),
        };
        let port = if site.has_slots() {
            "%i".to_owned()
        } else {
            site.config.web.ports[0].to_string()
        };
        let (project, environment, kind) = (&site.context.project, &site.environment.name, self.at);
        // A worker's children are left alone by TERM: the main process ends its task first.
        let kill = if self.is_worker { "KillMode=mixed\n" } else { "" };
        Ok(format!(
            "{mark}\n[Unit]\nDescription={project} {environment}: {kind}\nAfter=network.target postgresql.service\n\n\
             [Service]\nType=simple\nUser={user}\nWorkingDirectory={link}/{backend}\nEnvironmentFile={env}\n\
             EnvironmentFile=-{link}/.env\nExecStart={run}\nRestart=always\nRestartSec=10\n{kill}TimeoutStopSec={stop}\n\n\
             [Install]\nWantedBy=multi-user.target\n",
            mark = site.mark(),
            user = site.config.user,
            backend = site.config.backend.artifact,
            env = site.env_file(),
            run = exec(self.run, &format!("{}.run", self.at), &link, &port)?,
            stop = self.stop_timeout.as_millis().div_ceil(1000),
        ))
    }
}

/// Name and content of each timer and what it starts.
fn timers(site: &Site<'_>) -> Result<Vec<(String, String)>, Error> {
    let mut all = Vec::new();
    for (name, timer) in &site.config.timers {
        let unit = format!("{}-{name}", site.id);
        let run = exec(
            &timer.run,
            &format!("timers.{name}.run"),
            &site.path("current"),
            "",
        )?;
        let user = timer.user.as_ref().unwrap_or(&site.config.user);
        let mark = site.mark();
        let service = format!(
            "{mark}\n[Unit]\nDescription={unit}\nAfter=network.target postgresql.service\n\n\
             [Service]\nType=oneshot\nUser={user}\nEnvironmentFile={}\nExecStart={run}\n",
            site.env_file()
        );
        if timer.at.contains('\n') {
            return Err(Error::InvalidConfig(format!(
                "`timers.{name}.at` has more than one line"
            )));
        }
        let when = format!(
            "{mark}\n[Unit]\nDescription={unit}\n\n[Timer]\nOnCalendar={}\nPersistent=true\n\n\
             [Install]\nWantedBy=timers.target\n",
            timer.at
        );
        all.push((format!("{unit}.service"), service));
        all.push((format!("{unit}.timer"), when));
    }
    Ok(all)
}

/// A command line as systemd reads it. Secrets have no place in it: everybody on the server sees units.
fn exec(run: &[String], at: &str, link: &str, port: &str) -> Result<String, Error> {
    let mut words = Vec::new();
    for word in run {
        if word.contains("{{secret:") {
            let message =
                format!("`{at}` holds a secret, which everybody on the server would see: put it into `env`");
            return Err(Error::InvalidConfig(message));
        }
        if word.contains(['\n', '\r', '"', '\\', '\'']) {
            return Err(Error::InvalidConfig(format!(
                "`{at}`: `{word}` holds a quote, a backslash or a line's end"
            )));
        }
        let word = word.replace('%', "%%").replace('$', "$$");
        let venv = format!("{link}/venv");
        let filled = word
            .replace("{{venv}}", &venv)
            .replace("{{release}}", link)
            .replace("{{port}}", port);
        if let Some((_, rest)) = filled.split_once("{{") {
            let name = rest.split("}}").next().unwrap_or_default();
            let message = format!(
                "`{at}` holds `{{{{{name}}}}}`; there are `{{{{venv}}}}`, `{{{{release}}}}` and `{{{{port}}}}`"
            );
            return Err(Error::InvalidConfig(message));
        }
        let plain = !filled.is_empty() && !filled.contains([' ', '\t', ';', '#']);
        words.push(if plain { filled } else { format!("\"{filled}\"") });
    }
    Ok(words.join(" "))
}
