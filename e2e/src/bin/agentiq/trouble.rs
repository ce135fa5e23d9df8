//! What goes wrong on real servers. Each time: an error that says what and what to do, what served before still serves, and
//! nothing is locked.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use runner_e2e::{Agentiq, Beginning, Colleague, Ended, Repository as _, Site, done};

use crate::{kept, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("trouble_before_anything_is_changed", before_anything),
        trial("trouble_with_the_way_there", the_way_there),
        trial("trouble_that_the_server_makes", the_server),
        trial("trouble_that_the_new_version_makes", the_new_version),
        trial("a_release_folder_that_was_deleted_by_hand", deleted_by_hand),
        trial("two_operators_on_one_environment", two_operators),
    ]
}

/// What was wrong, and what the error must say.
struct Trouble {
    name: &'static str,
    make: fn(&Agentiq) -> Result<()>,
    mend: fn(&Agentiq) -> Result<()>,
    says: &'static [&'static str],
}

pub(crate) fn root(agentiq: &Agentiq, script: &str) -> Result<()> {
    agentiq.vps().root(script).map(drop)
}

/// The same server all along: each trouble is mended, and shows by itself that nothing was changed.
fn all_of(troubles: &[Trouble]) -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    agentiq.change("feat: another version")?;
    let mut wrong = Vec::new();
    for trouble in troubles {
        if let Err(error) = one_of(&agentiq, trouble) {
            wrong.push(format!("{}: {error:#}", trouble.name));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    Ok(())
}

fn one_of(agentiq: &Agentiq, trouble: &Trouble) -> Result<()> {
    (trouble.make)(agentiq).context("cannot make the trouble")?;
    let ended = agentiq.start(&["deploy", "staging"])?.ended();
    let mended = (trouble.mend)(agentiq);
    let ended = ended?;
    mended.context("cannot mend it")?;
    says(&ended, trouble.name, trouble.says)?;
    agentiq.wait_for_sites()?;
    ensure!(
        agentiq.version_at(Site::Staging).as_deref() == Some("1.1.0"),
        "staging is at {:?}",
        agentiq.version_at(Site::Staging)
    );
    unlocked(agentiq)
}

pub(crate) fn says(ended: &Ended, name: &str, words: &[&str]) -> Result<()> {
    let complaint = ended.complaint();
    let first = complaint
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    kept::figure(
        &format!("trouble: {name}"),
        &format!("exit code {:?}: {first}", ended.code()),
    )?;
    ensure!(ended.code() != Some(0), "it ended well");
    for word in words {
        ensure!(complaint.contains(word), "`{word}` is not in: {complaint}");
    }
    Ok(())
}

pub(crate) fn unlocked(agentiq: &Agentiq) -> Result<()> {
    let locks = agentiq
        .vps()
        .root("ls /opt/agentiq/.lock /opt/agentiq-staging/.lock 2>/dev/null || :")?;
    ensure!(locks.is_empty(), "still locked: {locks}");
    Ok(())
}

fn before_anything() -> Result<()> {
    all_of(&[
        Trouble {
            name: "disk full",
            // Of a size of its own, with what is there and little more.
            make: |agentiq| {
                root(
                    agentiq,
                    "size=$(($(du -sm /opt/agentiq-staging | cut -f 1) + 200)) && mount -t tmpfs -o size=${size}m none /mnt \
                     && cp -a /opt/agentiq-staging /mnt/ && mount --bind /mnt/agentiq-staging /opt/agentiq-staging",
                )
            },
            mend: |agentiq| root(agentiq, "umount -l /opt/agentiq-staging && umount -l /mnt"),
            says: &["the disk of", "min-free"],
        },
        Trouble {
            name: "sudo asks for a password",
            make: |agentiq| {
                root(
                    agentiq,
                    "echo 'ubuntu:secret' | chpasswd && echo 'ubuntu ALL=(ALL) ALL' > /etc/sudoers.d/ubuntu",
                )
            },
            mend: |agentiq| sudo_again(agentiq),
            says: &["sudo", "password", "NOPASSWD"],
        },
        Trouble {
            name: "nginx is broken already",
            make: |agentiq| {
                root(
                    agentiq,
                    "echo 'server { listen 99999999; }' > /etc/nginx/conf.d/broken.conf",
                )
            },
            mend: |agentiq| root(agentiq, "rm /etc/nginx/conf.d/broken.conf"),
            says: &["nginx", "broken.conf"],
        },
        Trouble {
            name: "two heads of migrations",
            make: another_head,
            mend: |agentiq| agentiq.git(&["reset", "--quiet", "--hard", "HEAD~1"]).map(drop),
            says: &["2 heads", "alembic merge heads"],
        },
        Trouble {
            name: "the environment is not set up",
            make: |agentiq| root(agentiq, "mv /opt/agentiq-staging/.environment /root/"),
            mend: |agentiq| root(agentiq, "mv /root/.environment /opt/agentiq-staging/"),
            says: &["is not set up", "runner env setup staging"],
        },
    ])
}

/// A second migration that follows the first one.
fn another_head(agentiq: &Agentiq) -> Result<()> {
    let path = "apps/chat-center/backend/migrations/versions/0009_other.py";
    let text = "\"\"\"Another head.\"\"\"\n\nrevision = \"0009\"\ndown_revision = \"0001\"\n\n\n\
                def upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n";
    fs::write(agentiq.work_tree().join(path), text)?;
    agentiq.git(&["add", path])?;
    agentiq
        .git(&["commit", "--quiet", "--message", "feat: another head"])
        .map(drop)
}

/// Root by way of its own key: `sudo` does not let us in meanwhile.
fn sudo_again(agentiq: &Agentiq) -> Result<()> {
    let rule = agentiq.vps().path("/etc/sudoers.d/ubuntu");
    Ok(fs::write(rule, "ubuntu ALL=(ALL) NOPASSWD:ALL\n")?)
}

fn the_way_there() -> Result<()> {
    all_of(&[
        Trouble {
            name: "server unreachable",
            make: |agentiq| firewall(agentiq, "tcp dport 22 reject with tcp reset"),
            mend: |agentiq| open_again(agentiq),
            says: &["cannot reach machine `vps`", "Connection refused"],
        },
        Trouble {
            name: "key refused",
            make: |agentiq| Ok(fs::rename(keys(agentiq), agentiq.vps().path("/root/keys"))?),
            mend: |agentiq| Ok(fs::rename(agentiq.vps().path("/root/keys"), keys(agentiq))?),
            says: &["vps", "publickey"],
        },
        Trouble {
            name: "host key changed",
            make: |agentiq| known(agentiq, true),
            mend: |agentiq| known(agentiq, false),
            says: &["host key", "ssh-keygen -f"],
        },
    ])
}

fn keys(agentiq: &Agentiq) -> std::path::PathBuf {
    agentiq.vps().path("/home/ubuntu/.ssh/authorized_keys")
}

/// Another key in `known_hosts`, or the old one again.
fn known(agentiq: &Agentiq, changed: bool) -> Result<()> {
    let path = agentiq.vps().folder().join("known_hosts");
    let (kept, key) = (path.with_extension("kept"), path.with_extension("other"));
    if !changed {
        return Ok(fs::rename(kept, path)?);
    }
    let _ = fs::remove_file(&key);
    done(
        Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key),
    )?;
    fs::copy(&path, kept)?;
    let other = fs::read_to_string(path.with_extension("other.pub"))?;
    Ok(fs::write(path, format!("{} {other}", agentiq.vps().address()?))?)
}

/// One rule of this machine's firewall for what goes to the server.
fn firewall(agentiq: &Agentiq, rule: &str) -> Result<()> {
    let table = format!(
        "table ip runner_e2e {{\nchain out {{\ntype filter hook output priority 0\nip daddr {} {rule}\n}}\n}}",
        agentiq.vps().address()?
    );
    done(Command::new("nft").arg(table)).map(drop)
}

fn open_again(_: &Agentiq) -> Result<()> {
    done(Command::new("nft").args(["delete", "table", "ip", "runner_e2e"])).map(drop)
}

fn the_server() -> Result<()> {
    all_of(&[
        Trouble {
            name: "port taken by another program",
            make: |agentiq| {
                root(
                    agentiq,
                    "systemctl stop agentiq-staging && systemd-run --quiet --unit taker python3 -m http.server 8002 --bind 0.0.0.0 && sleep 1",
                )
            },
            mend: |agentiq| root(agentiq, "systemctl stop taker; systemctl restart agentiq-staging"),
            says: &["8002"],
        },
        Trouble {
            name: "database gone",
            make: |agentiq| root(agentiq, "systemctl stop postgresql@15-main"),
            mend: |agentiq| {
                root(
                    agentiq,
                    "systemctl start postgresql@15-main && systemctl restart agentiq-staging agentiq-staging-celery",
                )
            },
            says: &["database"],
        },
        Trouble {
            name: "certificate expired",
            make: |agentiq| {
                root(
                    agentiq,
                    "cd /etc/ssl/runner && cp staging.agentiq.ru.crt /root/ && openssl x509 -in staging.agentiq.ru.crt \
                     -signkey staging.agentiq.ru.key -days -1 -out new.crt 2>/dev/null && mv new.crt staging.agentiq.ru.crt && systemctl reload nginx && sleep 1",
                )
            },
            mend: |agentiq| {
                root(
                    agentiq,
                    "mv /root/staging.agentiq.ru.crt /etc/ssl/runner/ && systemctl reload nginx && sleep 1",
                )
            },
            says: &["certificate"],
        },
    ])
}

/// All tests pass and staging is well: production shows it. What ran there goes on, or is back.
fn the_new_version() -> Result<()> {
    for (fault, says_so) in [
        ("health", &["production", "healthy"][..]),
        ("start", &["production"][..]),
        ("migration", &["migrat"][..]),
    ] {
        bad_release(fault, says_so).with_context(|| format!("break.sh {fault}"))?;
    }
    Ok(())
}

fn bad_release(fault: &str, words: &[&str]) -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    // A chat, for the migration to fail at.
    agentiq.page(Site::Production, "/api/version")?;
    agentiq.history("break.sh", &[fault])?;
    let _colleague = Colleague::at(&agentiq);
    let began = Instant::now();
    let ended = agentiq.start(&["release"])?.ended()?;
    says(&ended, &format!("the new version: {fault}"), words)?;
    agentiq.wait_for_sites()?;
    ensure!(
        agentiq.version_at(Site::Production).as_deref() == Some("1.1.0"),
        "production is at {:?}",
        agentiq.version_at(Site::Production)
    );
    ensure!(began.elapsed() < Duration::from_secs(280), "it took too long");
    unlocked(&agentiq)
}

/// What serves still does, from memory, until the next version takes over.
fn deleted_by_hand() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    agentiq.change("feat: another version")?;
    root(&agentiq, "rm -rf /opt/agentiq-staging/releases/1.1.0-*")?;
    let ended = agentiq.start(&["deploy", "staging"])?.ended()?;
    ended.ended_with(0)?;
    agentiq.wait_for_sites()?;
    unlocked(&agentiq)
}

/// The second is told who has it, and nothing is lost.
fn two_operators() -> Result<()> {
    let agentiq = Beginning::find_or_make(&kept::folder()?)?.open()?;
    agentiq.change("feat: another version")?;
    // Another machine with a store of its own: only the server knows of both.
    let other = runner_e2e::Elsewhere::new(&agentiq, "other")?;
    let mut first = agentiq.start(&["deploy", "staging"])?;
    first.until(|event| event_of(event, "staging/deploy"))?;
    let second = other.start(&["deploy", "staging"])?.ended()?;
    let first = first.ended()?;
    first.ended_with(0).context("the first")?;
    says(&second, "two operators", &["locked", "keeper@agentiq.example"])?;
    let staging = agentiq.version_at(Site::Staging).unwrap_or_default();
    ensure!(staging.starts_with("1.1.0-dev."), "staging is at `{staging}`");
    unlocked(&agentiq)?;
    let again = other.start(&["deploy", "staging"])?.ended()?;
    again.ended_with(0).context("afterwards")?;
    Ok(())
}

pub(crate) fn event_of(event: &runner_core::event::Event, step: &str) -> bool {
    matches!(&event.kind, runner_core::event::Kind::Step { step: id, .. } if id.as_str() == step)
}
