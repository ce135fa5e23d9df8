//! What `ssh` says when it cannot connect, as an error with what to do. Nothing was done then.

use runner_core::fault::Fault;

/// Where a machine is, for messages.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Its name in the profile.
    pub(super) name: String,
    /// As `ssh` takes it.
    pub(super) destination: String,
    /// `ssh` with its configuration, as a person would type it.
    pub(super) line: String,
}

/// What the OpenSSH client prints (ssh.c, sshconnect.c, sshconnect2.c of OpenSSH 9.2) and what it means.
pub(super) fn of(named: &Named, said: &str) -> Fault {
    let Named {
        name,
        destination,
        line,
    } = named;
    let has = |what: &str| said.contains(what);
    let machine = format!("machine `{name}` (`{destination}`)");
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") || has("Host key for") && has("was revoked") {
        return Fault::failed(format!(
            "the host key of {machine} is not the one that is known: the server was set up anew, or somebody stands between. Nothing \
             was sent. Ask whoever runs the server for the fingerprint of its key{}; only if it is that one: `{}`, then `{line}` once by hand",
            fingerprint(said),
            removal(said).unwrap_or_else(|| format!("ssh-keygen -R {}", host(destination))),
        ));
    }
    if has("host key is known for") || has("Host key verification failed") {
        return Fault::failed(format!(
            "the host key of {machine} is not known here: connect once by hand with `{line}`, and compare the fingerprint with the \
             one that whoever runs the server gives you"
        ));
    }
    if has("Permission denied") || has("Too many authentication failures") {
        return Fault::failed(format!(
            "{machine} refused the key: {}. Try `{line} true` by hand: the key must be in the agent (`ssh-add -l`) or named by \
             `IdentityFile`, and stand in `~/.ssh/authorized_keys` there",
            last(said)
        ));
    }
    if has("Temporary failure in name resolution") {
        return Fault::transient(format!("cannot look up {machine}: {}", last(said)));
    }
    if has("Could not resolve hostname") {
        return Fault::failed(format!(
            "there is no server of the name of {machine}: {}; see `ssh` in [machines.{name}], or `Host` in the configuration of ssh",
            last(said)
        ));
    }
    let unreachable = [
        "Connection refused",
        "timed out",
        "No route to host",
        "unreachable",
        "Connection reset",
        "Connection closed",
        "Broken pipe",
        "kex_exchange_identification",
        "not responding",
    ];
    if unreachable.into_iter().any(has) {
        return Fault::transient(format!(
            "cannot reach {machine}: {}. Is it up, and is its port open from here? Try `{line} true`",
            last(said)
        ));
    }
    Fault::failed(format!("cannot connect to {machine}: {}", last(said)))
}

/// The last line that says something.
pub(super) fn last(said: &str) -> String {
    let mut lines = said.lines().rev().map(str::trim);
    let line = lines.find(|line| !line.is_empty());
    let line = line.unwrap_or("`ssh` does not say why");
    line.strip_suffix('.').unwrap_or(line).to_owned()
}

/// ` (it shows SHA256:...)`.
fn fingerprint(said: &str) -> String {
    let word = said.split_whitespace().find(|word| word.starts_with("SHA256:"));
    word.map(|word| format!(" (it shows `{}` now)", word.trim_end_matches('.')))
        .unwrap_or_default()
}

/// The line that `ssh` itself names for removing the known key, e.g. `ssh-keygen -f "/home/ann/.ssh/known_hosts" -R "vps"`.
fn removal(said: &str) -> Option<String> {
    let line = said
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("ssh-keygen -f"))?;
    Some(line.to_owned())
}

fn host(destination: &str) -> &str {
    let host = destination.strip_prefix("ssh://").unwrap_or(destination);
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(said: &str) -> String {
        let named = Named {
            name: "vps".to_owned(),
            destination: "ann@example.org".to_owned(),
            line: "ssh ann@example.org".to_owned(),
        };
        match of(&named, said) {
            Fault::Transient { message, .. } => format!("again: {message}"),
            other => other.to_string(),
        }
    }

    #[test]
    fn what_to_do_is_told() {
        let said = [
            "ssh: connect to host example.org port 22: Connection refused\r\n",
            "ssh: Could not resolve hostname example.org: Name or service not known\r\n",
            "ssh: Could not resolve hostname example.org: Temporary failure in name resolution\n",
            "ann@example.org: Permission denied (publickey,password).\n",
            "No ED25519 host key is known for example.org and you have requested strict checking.\nHost key verification failed.\n",
            "@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@@\nIT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\nThe fingerprint for the ED25519 key sent by the remote host is\nSHA256:abc.\nPlease contact your system administrator.\nHost key for example.org has changed and you have requested strict checking.\nHost key verification failed.\n",
            "/x: line 1: Bad configuration option: hots\n/x: terminating, 1 bad configuration options\n",
            "",
        ];
        insta::assert_snapshot!(said.map(told).join("\n"), @r"
        again: cannot reach machine `vps` (`ann@example.org`): ssh: connect to host example.org port 22: Connection refused. Is it up, and is its port open from here? Try `ssh ann@example.org true`
        there is no server of the name of machine `vps` (`ann@example.org`): ssh: Could not resolve hostname example.org: Name or service not known; see `ssh` in [machines.vps], or `Host` in the configuration of ssh
        again: cannot look up machine `vps` (`ann@example.org`): ssh: Could not resolve hostname example.org: Temporary failure in name resolution
        machine `vps` (`ann@example.org`) refused the key: ann@example.org: Permission denied (publickey,password). Try `ssh ann@example.org true` by hand: the key must be in the agent (`ssh-add -l`) or named by `IdentityFile`, and stand in `~/.ssh/authorized_keys` there
        the host key of machine `vps` (`ann@example.org`) is not known here: connect once by hand with `ssh ann@example.org`, and compare the fingerprint with the one that whoever runs the server gives you
        the host key of machine `vps` (`ann@example.org`) is not the one that is known: the server was set up anew, or somebody stands between. Nothing was sent. Ask whoever runs the server for the fingerprint of its key (it shows `SHA256:abc` now); only if it is that one: `ssh-keygen -R example.org`, then `ssh ann@example.org` once by hand
        cannot connect to machine `vps` (`ann@example.org`): /x: terminating, 1 bad configuration options
        cannot connect to machine `vps` (`ann@example.org`): `ssh` does not say why
        ");
    }
}
