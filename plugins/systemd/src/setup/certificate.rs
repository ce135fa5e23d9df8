//! The site's certificate, and whether its names lead here.

use std::time::Duration;

use runner_sdk::{Error, Host, Level};

use super::Work;
use crate::config::{Nginx, Tls};
use crate::machine::{Machine, command, sudo};
use crate::site::Site;

/// It is renewed when it ends within two weeks.
const SOON: &str = "1209600";
/// Where certbot answers the authority's question.
pub(super) const CHALLENGES: &str = "/var/www/letsencrypt";

/// Certificate and key.
pub(super) fn files(nginx: &Nginx) -> (String, String) {
    let name = &nginx.names[0];
    match &nginx.tls {
        Tls::Certbot { .. } => {
            let folder = format!("/etc/letsencrypt/live/{name}");
            (format!("{folder}/fullchain.pem"), format!("{folder}/privkey.pem"))
        }
        Tls::SelfSigned => (
            format!("/etc/ssl/runner/{name}.crt"),
            format!("/etc/ssl/runner/{name}.key"),
        ),
    }
}

/// That it has not expired: nobody would get to a new version, and its smoke test would only say that it failed.
pub(crate) fn has_not_expired<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<(), Error> {
    let Some(nginx) = &site.config.nginx else {
        return Ok(());
    };
    let (certificate, _) = files(nginx);
    let words = ["openssl", "x509", "-noout", "-checkend", "0", "-in", &certificate];
    match machine.ask_root(&words)?.success() {
        true => Ok(()),
        false => Err(Error::failed(format!(
            "the certificate `{certificate}` on {} has expired or is not there, so nothing was touched: `runner env setup {}` makes a new one",
            machine.title(),
            site.environment.name
        ))),
    }
}

/// Whether there is one that lasts.
pub(super) fn is_good<H: Host>(work: &Work<'_, H>, nginx: &Nginx) -> Result<bool, Error> {
    let (certificate, _) = files(nginx);
    let words = [
        "openssl",
        "x509",
        "-noout",
        "-checkend",
        SOON,
        "-in",
        &certificate,
    ];
    Ok(work.machine.ask_root(&words)?.success())
}

/// Makes one on the server.
pub(super) fn sign<H: Host>(work: &mut Work<'_, H>, nginx: &Nginx) -> Result<(), Error> {
    let (certificate, key) = files(nginx);
    work.folder("/etc/ssl/runner", "0755")?;
    work.note(
        &certificate,
        "+ a certificate signed by itself: browsers warn of it, since no authority vouches for it",
    );
    let (subject, names) = (format!("/CN={}", nginx.names[0]), alternative_names(nginx));
    let words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "825",
        "-subj",
        &subject,
        "-addext",
        &names,
        // By itself it would be an authority's, which clients such as rustls refuse from a server.
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        &key,
        "-out",
        &certificate,
    ];
    work.machine.act_root(&words, &format!("making `{certificate}`"))
}

fn alternative_names(nginx: &Nginx) -> String {
    let names: Vec<_> = nginx.names.iter().map(|name| format!("DNS:{name}")).collect();
    format!("subjectAltName={}", names.join(","))
}

/// Has Let's Encrypt issue one. The names must lead here, and nginx must answer on port 80.
pub(super) fn obtain<H: Host>(work: &mut Work<'_, H>, nginx: &Nginx, email: &str) -> Result<(), Error> {
    let (certificate, _) = files(nginx);
    work.note(
        &certificate,
        "+ a certificate from Let's Encrypt, renewed by certbot's own timer",
    );
    let words = [
        "certbot",
        "certonly",
        "--non-interactive",
        "--agree-tos",
        "--email",
        email,
        "--webroot",
        "--webroot-path",
        CHALLENGES,
        "--keep-until-expiring",
        "--deploy-hook",
        "systemctl reload nginx",
        "--cert-name",
        &nginx.names[0],
    ];
    let names = nginx.names.iter().flat_map(|name| ["--domain", name.as_str()]);
    let argv: Vec<&str> = words.into_iter().chain(names).collect();
    let command = command(&sudo(&argv)).timeout(Duration::from_secs(300));
    work.machine.change(
        command,
        &format!(
            "having Let's Encrypt issue a certificate for {}",
            nginx.names.join(", ")
        ),
    )
}

/// Whether the names lead to the server's address. Without that Let's Encrypt would refuse, so it is not asked.
pub(super) fn names_lead_here<H: Host>(work: &Work<'_, H>, nginx: &Nginx) -> Result<(), Error> {
    let Some(address) = &nginx.address else {
        return Ok(());
    };
    for name in &nginx.names {
        let text = work.machine.ask(&["getent", "ahosts", name])?.stdout_text();
        let there: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        if there.contains(&address.as_str()) {
            continue;
        }
        let leads = there
            .first()
            .map_or("nowhere".to_owned(), |first| format!("to {first}"));
        let message = format!("`{name}` leads {leads}, not to {address}: set its A record");
        match nginx.tls {
            Tls::Certbot { .. } => return Err(Error::Failed(message)),
            Tls::SelfSigned => work.machine.host.log(Level::Warn, &message),
        }
    }
    Ok(())
}
