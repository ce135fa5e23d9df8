//! A certificate by the real certbot. The authority is Pebble, Let's Encrypt's own server for tests, on the server itself: it
//! asks nginx for the answer to its question, as Let's Encrypt does.

use std::fs;

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use runner_e2e::{Agentiq, Beginning, Repository as _, Site};

use crate::{kept, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("certbot_has_a_certificate_issued_and_renewed", certbot)]
}

/// What certbot is told of the authority stands in its own file, as whoever has one in the company would write it.
const PEBBLE: &str = r#"
set -e
apt-get update -qq
apt-get install -qq -y --no-install-recommends pebble >/dev/null
cd /root
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout pebble.key -out pebble.crt 2>/dev/null
cat >pebble.json <<END
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000", "httpPort": 80, "tlsPort": 443,
  "certificate": "/root/pebble.crt", "privateKey": "/root/pebble.key"}}
END
systemd-run --quiet --unit pebble --setenv PEBBLE_VA_NOSLEEP=1 pebble -config /root/pebble.json
curl --silent --insecure --fail --retry 50 --retry-delay 1 --retry-max-time 50 --retry-all-errors https://localhost:15000/roots/0 >/dev/null
printf 'server = https://localhost:14000/dir\nno-verify-ssl = true\n' >>/etc/letsencrypt/cli.ini
"#;

/// What nginx shows to whoever comes for the site.
const SERIAL: &str = "openssl s_client -connect 127.0.0.1:443 -servername staging.agentiq.ru </dev/null 2>/dev/null \
                      | openssl x509 -noout -serial";

fn certbot() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    let address = agentiq.vps().address()?;
    let agentiq = agentiq.set([format!(
        "environments.staging.target.config.nginx={{ site = \"staging-agentiq\", names = [\"staging.agentiq.ru\"], \
         address = \"{address}\", tls = {{ certbot = {{ email = \"ops@agentiq.ru\" }} }} }}"
    )]);
    agentiq.vps().root(PEBBLE)?;
    let said = agentiq.told(&["env", "setup", "staging"])?;
    ensure!(
        said.contains("a certificate from Let's Encrypt"),
        "the set-up said: {said}"
    );
    let said = agentiq.told(&["env", "setup", "staging"])?;
    ensure!(
        said.contains("nothing had to be changed"),
        "once more it said: {said}"
    );

    let root = agentiq
        .vps()
        .root("curl --silent --insecure https://localhost:15000/roots/0")?;
    fs::write(agentiq.folder().join("sites.pem"), root)?;
    is_served(&agentiq)
}

/// Nobody who trusts the authority and not the server itself sees anything wrong, and a renewed one is shown at once.
fn is_served(agentiq: &Agentiq) -> Result<()> {
    agentiq.change("feat: another version")?;
    let ended = agentiq.start(&["deploy", "staging"])?.ended()?;
    ended.ended_with(0)?;
    agentiq.page(Site::Staging, "/")?;
    let first = agentiq.vps().root(SERIAL)?;
    agentiq
        .vps()
        .root("certbot renew --force-renewal --no-random-sleep-on-renew >/dev/null 2>&1; sleep 1")?;
    let second = agentiq.vps().root(SERIAL)?;
    ensure!(
        first.starts_with("serial=") && second.starts_with("serial=") && first != second,
        "not renewed: {first}{second}"
    );
    agentiq.page(Site::Staging, "/").map(drop)
}
