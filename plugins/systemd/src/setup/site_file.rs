//! The site in front: HTTP leads to HTTPS, the API is proxied, everything else is the front end's.

use runner_sdk::machine_files::Kind;
use runner_sdk::{Error, Host};

use super::certificate;
use super::{Before, Work};
use crate::config::{Nginx, Tls};
use crate::deploy::current;
use crate::nginx::{self, PROBE, SHARES, Shares};
use crate::site::Site;
use crate::strategy::slots;

/// Writes what differs, tests it, and has nginx read it. What nginx refuses is taken back.
pub(super) fn write<H: Host>(work: &mut Work<'_, H>) -> Result<(), Error> {
    let Some(config) = &work.site.config.nginx else {
        return Ok(());
    };
    let plan = work.site.context.is_plan();
    if !plan {
        nginx::is_sound(work.machine)?;
    }
    certificate::names_lead_here(work, config)?;
    work.folder("/etc/nginx/runner", "0755")?;
    let good = certificate::is_good(work, config)?;
    match &config.tls {
        Tls::SelfSigned if !good => certificate::sign(work, config)?,
        Tls::Certbot { email } if !good => {
            work.folder(certificate::CHALLENGES, "0755")?;
            // The authority asks over HTTP, and a site that names a missing certificate would not start.
            let is_there = work.machine.text(&path(config))?.is_some();
            if !is_there {
                let text = format!("{}\n{}", work.site.mark(), plain_server(work.site, config));
                activate(work, config, None, &text)?;
            }
            certificate::obtain(work, config, email)?;
        }
        _ => {}
    }
    let include = nginx::render(work.site, &wanted_shares(work)?);
    let text = text(work.site, config);
    activate(work, config, Some(&include), &text)
}

/// Puts the files into place; all or none of them.
fn activate<H: Host>(
    work: &mut Work<'_, H>,
    config: &Nginx,
    include: Option<&str>,
    text: &str,
) -> Result<(), Error> {
    let mut before = Vec::new();
    if let Some(include) = include {
        before.extend(work.file(&nginx::path(work.site), include)?);
    }
    before.extend(work.file(&path(config), text)?);
    let linked = enable(work, config)?;
    if before.is_empty() && !linked {
        return Ok(());
    }
    if work.site.context.is_plan() {
        return nginx::reload(work.machine);
    }
    let exit = nginx::test(work.machine)?;
    if exit.success() {
        return nginx::reload(work.machine);
    }
    before
        .iter()
        .rev()
        .try_for_each(|file: &Before| file.put_back(work.machine))?;
    if linked {
        work.machine.remove_root(&enabled(config))?;
    }
    Err(Error::failed(format!(
        "nginx refuses the site `{}`, so its files are as they were: {}",
        config.site,
        exit.last_lines(3)
    )))
}

/// Links the site into what nginx reads; whether it had to.
fn enable<H: Host>(work: &mut Work<'_, H>, config: &Nginx) -> Result<bool, Error> {
    let entries = work.machine.list("/etc/nginx/sites-enabled")?;
    let there = |entry: &&runner_sdk::machine_files::Entry| {
        let target = entry.target.as_deref().unwrap_or_default();
        entry.kind == Kind::Link
            && (target == path(config) || target == format!("../sites-available/{}", config.site))
    };
    if entries
        .iter()
        .filter(|entry| entry.name == config.site)
        .any(|entry| there(&entry))
    {
        return Ok(false);
    }
    let link = enabled(config);
    if work.written.insert(link.clone(), path(config)).is_some() {
        return Ok(false);
    }
    work.note(&link, format!("+ link to {}", path(config)));
    work.machine.link_root(&link, &path(config))?;
    Ok(true)
}

fn path(config: &Nginx) -> String {
    format!("/etc/nginx/sites-available/{}", config.site)
}

fn enabled(config: &Nginx) -> String {
    format!("/etc/nginx/sites-enabled/{}", config.site)
}

/// What is switched on stays; where that cannot be read, the port of the current release has the clients.
fn wanted_shares<H: Host>(work: &Work<'_, H>) -> Result<Shares, Error> {
    let (machine, site) = (work.machine, work.site);
    let ports = &site.config.web.ports;
    if let Ok(Some(shares)) = nginx::shares(machine, site)
        && shares.0.iter().all(|(port, _)| ports.contains(port))
    {
        return Ok(shares);
    }
    let port = match (site.has_slots(), current(machine, site)?) {
        (true, Some(folder)) => slots::links(machine, site)?
            .into_iter()
            .find(|(_, there)| *there == folder)
            .map(|(port, _)| port),
        _ => None,
    };
    Ok(Shares::all(
        port.filter(|port| ports.contains(port)).unwrap_or(ports[0]),
    ))
}

/// The server on the port for HTTP.
fn plain_server(site: &Site<'_>, config: &Nginx) -> String {
    format!(
        "server {{\n    listen {http};\n    server_name {names};\n{logs}    location /.well-known/acme-challenge/ {{ root {challenges}; }}\n    \
         location / {{ return 301 https://$host$request_uri; }}\n}}\n",
        http = config.http,
        names = config.names.join(" "),
        logs = logs(site),
        challenges = certificate::CHALLENGES,
    )
}

/// Logs of its own, so that two environments of one server are told apart; Debian's `logrotate` takes care of them.
fn logs(site: &Site<'_>) -> String {
    format!(
        "    access_log {};\n    error_log {};\n",
        site.access_log(),
        site.error_log()
    )
}

fn text(site: &Site<'_>, config: &Nginx) -> String {
    let (certificate, key) = certificate::files(config);
    let upstream = format!("http://{}-${}", site.id, nginx::variable(site, "slot"));
    let pass = |target: &str| {
        format!(
            "        proxy_pass {target};\n        proxy_set_header Host $host;\n        proxy_set_header X-Real-IP $remote_addr;\n        \
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n        proxy_set_header X-Forwarded-Proto $scheme;\n"
        )
    };
    let health = format!("{upstream}{}", site.config.web.health);
    let exact = match config.health == site.config.web.health {
        true => String::new(),
        false => format!("    location = {} {{\n{}    }}\n", config.health, pass(&health)),
    };
    format!(
        "{mark}\ninclude {include};\n\n{plain}\nserver {{\n    listen {https} ssl;\n    server_name {names};\n{logs}    \
         ssl_certificate {certificate};\n    ssl_certificate_key {key};\n    client_max_body_size {limit};\n{root}\n    \
         location {proxied} {{\n{api}    }}\n{exact}    location = {PROBE} {{\n        allow 127.0.0.0/8;\n        deny all;\n{probe}        \
         add_header {SHARES} ${shares} always;\n        add_header X-Runner-Upstream $upstream_addr always;\n    }}\n{pages}}}\n",
        mark = site.mark(),
        include = nginx::path(site),
        plain = plain_server(site, config),
        https = config.https,
        names = config.names.join(" "),
        logs = logs(site),
        limit = config.body_limit,
        root = root(site),
        proxied = config.proxied,
        api = pass(&upstream),
        probe = pass(&health),
        shares = nginx::variable(site, "shares"),
        pages = pages(site),
    )
}

/// With two ports the page comes from the same release as the answers, and is switched with them.
fn root(site: &Site<'_>) -> String {
    match &site.config.frontend {
        None => String::new(),
        Some(frontend) if site.has_slots() => {
            let slot = nginx::variable(site, "slot");
            format!(
                "    root {}/slots/${slot}/{};\n    index index.html;\n",
                site.config.root, frontend.artifact
            )
        }
        Some(frontend) => format!("    root {};\n    index index.html;\n", frontend.web_root),
    }
}

fn pages(site: &Site<'_>) -> &'static str {
    match site.config.frontend {
        Some(_)
            if site
                .config
                .nginx
                .as_ref()
                .is_some_and(|nginx| nginx.proxied != "/") =>
        {
            "    location / { try_files $uri $uri/ /index.html; }\n"
        }
        _ => "",
    }
}
