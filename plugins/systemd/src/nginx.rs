//! Which port nginx sends clients to: one included file, switched in one step, tested, reloaded, and then asked for, since
//! a reload succeeds even when nginx refused the new configuration.

use runner_sdk::{Error, Exit, Host};

use crate::config::Nginx;
use crate::machine::Machine;
use crate::site::Site;

/// A path of the site that answers on the server itself only, with what nginx runs on.
pub(crate) const PROBE: &str = "/.runner/health";
/// The header of that answer which holds the shares.
pub(crate) const SHARES: &str = "X-Runner-Shares";
/// How often nginx must answer from the new configuration in a row: old workers may take a moment to go.
const IN_A_ROW: u32 = 3;
const LOOKS: u32 = 40;
const PAUSE_MS: u64 = 100;

/// Ports, and their percent of the clients; 100 in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shares(pub(crate) Vec<(u16, u8)>);

impl Shares {
    pub(crate) fn all(port: u16) -> Self {
        Self(vec![(port, 100)])
    }

    pub(crate) fn of(&self, port: u16) -> u8 {
        self.0
            .iter()
            .find(|(other, _)| *other == port)
            .map_or(0, |(_, share)| *share)
    }

    /// The port that the most go to.
    pub(crate) fn main(&self) -> Option<u16> {
        self.0
            .iter()
            .max_by_key(|(_, share)| *share)
            .map(|(port, _)| *port)
    }

    /// `8001=90,8003=10`.
    pub(crate) fn text(&self) -> String {
        self.0
            .iter()
            .map(|(port, share)| format!("{port}={share}"))
            .collect::<Vec<_>>()
            .join(",")
    }

    /// From the included file; none where it has no such line.
    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("# shares: "))?;
        let one = |part: &str| {
            let (port, share) = part.split_once('=')?;
            Some((port.parse().ok()?, share.parse().ok()?))
        };
        line.trim()
            .split(',')
            .map(one)
            .collect::<Option<Vec<_>>>()
            .map(Self)
    }
}

/// The included file.
pub(crate) fn path(site: &Site<'_>) -> String {
    format!("/etc/nginx/runner/{}.conf", site.id)
}

/// The environment in the names of nginx's variables.
pub(crate) fn variable(site: &Site<'_>, what: &str) -> String {
    format!("{}_{what}", site.id.replace(['-', '.'], "_"))
}

/// What the included file says.
pub(crate) fn render(site: &Site<'_>, shares: &Shares) -> String {
    let mut text = format!("{}\n# shares: {}\n", site.mark(), shares.text());
    for (port, _) in &shares.0 {
        text.push_str(&format!(
            "upstream {}-{port} {{ server 127.0.0.1:{port}; }}\n",
            site.id
        ));
    }
    let (slot, told) = (variable(site, "slot"), variable(site, "shares"));
    match shares.0.as_slice() {
        [(port, _)] => text.push_str(&format!("map $host ${slot} {{ default {port}; }}\n")),
        several => {
            // The same client comes to the same version, page and API alike.
            text.push_str(&format!(
                "split_clients \"${{remote_addr}}${{http_user_agent}}\" ${slot} {{\n"
            ));
            let main = shares.main();
            for (port, share) in several.iter().filter(|(port, _)| Some(*port) != main) {
                text.push_str(&format!("    {share}% {port};\n"));
            }
            text.push_str(&format!("    * {};\n}}\n", main.unwrap_or_default()));
        }
    }
    text.push_str(&format!(
        "map $host ${told} {{ default \"{}\"; }}\n",
        shares.text()
    ));
    text
}

/// What is switched on now; none before the set-up.
pub(crate) fn shares<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<Option<Shares>, Error> {
    let path = path(site);
    match machine.text(&path)? {
        None => Ok(None),
        Some(text) => match Shares::parse(&text) {
            Some(shares) => Ok(Some(shares)),
            None => Err(Error::failed(format!(
                "`{path}` was changed by hand: run `runner env setup {}`",
                site.environment.name
            ))),
        },
    }
}

/// Whether nginx's configuration is good; asked before anything is touched.
pub(crate) fn is_sound<H: Host>(machine: &Machine<'_, H>) -> Result<(), Error> {
    let exit = test(machine)?;
    if exit.success() {
        return Ok(());
    }
    Err(Error::failed(format!(
        "nginx on {} is broken already, so nothing was touched: mend what `nginx -t` says: {}",
        machine.title(),
        exit.last_lines(3)
    )))
}

/// Sends clients to these ports. Where anything is wrong, the file is as it was, and so is nginx.
pub(crate) fn switch<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    shares: &Shares,
) -> Result<(), Error> {
    let path = path(site);
    let before = machine.text(&path)?;
    let after = render(site, shares);
    if before.as_ref() != Some(&after) {
        machine.write_root(&path, &after, "0644")?;
    }
    let put_back = || match &before {
        Some(text) if *text != after => machine.write_root(&path, text, "0644"),
        _ => Ok(()),
    };
    if !site.context.is_plan() {
        let exit = test(machine)?;
        if !exit.success() {
            put_back()?;
            return Err(Error::failed(format!(
                "nginx refuses `{path}`, which is as it was again: {}",
                exit.last_lines(3)
            )));
        }
    }
    let done = reload(machine).and_then(|()| verify(machine, site, shares));
    if let Err(error) = done {
        if !error.is_planned() {
            put_back()?;
            reload(machine)?;
        }
        return Err(error);
    }
    Ok(())
}

/// Has nginx read its configuration again.
pub(crate) fn reload<H: Host>(machine: &Machine<'_, H>) -> Result<(), Error> {
    machine.act_root(&["systemctl", "reload", "nginx"], "reloading nginx")
}

/// `nginx -t`, as root, since it opens what nginx opens.
pub(crate) fn test<H: Host>(machine: &Machine<'_, H>) -> Result<Exit, Error> {
    machine.ask_root(&["nginx", "-t"])
}

/// Asks nginx, as clients do, until it answers from the new configuration.
fn verify<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>, shares: &Shares) -> Result<(), Error> {
    if site.context.is_plan() {
        return Ok(());
    }
    let nginx = site.nginx()?;
    let wanted = shares.text();
    let (mut row, mut last) = (0, String::new());
    for _ in 0..LOOKS {
        last = probe(machine, nginx)?;
        row = if serves(&last, &wanted) { row + 1 } else { 0 };
        if row == IN_A_ROW {
            return Ok(());
        }
        machine.host.sleep(PAUSE_MS);
    }
    Err(Error::failed(format!(
        "nginx was reloaded and does not serve {wanted}: look for `emerg` in its error log; it answered: {}",
        last.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" · ")
    )))
}

/// Status line and headers of the probe, or what curl said.
fn probe<H: Host>(machine: &Machine<'_, H>, nginx: &Nginx) -> Result<String, Error> {
    let name = &nginx.names[0];
    let (address, port) = nginx
        .https
        .rsplit_once(':')
        .unwrap_or(("127.0.0.1", &nginx.https));
    let (resolve, url) = (
        format!("{name}:{port}:{address}"),
        format!("https://{name}:{port}{PROBE}"),
    );
    let exit = machine.ask(&[
        "curl",
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "5",
        "--insecure",
        "--resolve",
        &resolve,
        "--dump-header",
        "-",
        "--output",
        "/dev/null",
        &url,
    ])?;
    Ok(if exit.success() {
        exit.stdout_text()
    } else {
        exit.last_lines(1)
    })
}

fn serves(answer: &str, wanted: &str) -> bool {
    let healthy = answer
        .lines()
        .next()
        .is_some_and(|line| line.split_whitespace().nth(1) == Some("200"));
    let told = answer.lines().filter_map(|line| line.split_once(':'));
    healthy
        && told
            .into_iter()
            .any(|(name, value)| name.eq_ignore_ascii_case(SHARES) && value.trim() == wanted)
}

/// Whether the site answers, asked on the server itself; the error says what is wrong.
pub(crate) fn answers<H: Host>(machine: &Machine<'_, H>, nginx: &Nginx) -> Result<Result<(), String>, Error> {
    let answer = probe(machine, nginx)?;
    let first = answer.lines().next().unwrap_or_default().trim().to_owned();
    Ok(match first.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        _ => Err(format!("nginx answers for {}: {first}", nginx.names[0])),
    })
}
