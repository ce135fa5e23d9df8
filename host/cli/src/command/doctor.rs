//! `runner doctor`: what runner needs on this machine, and what to do where it is missing.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runner_build::toolchain;
use runner_engine::store::shared::SharedStore;
use serde_json::json;

use crate::app::App;
use crate::error::{Done, Exit};
use crate::format::{count, instant, took};
use crate::screen::Tint;
use crate::settings::{self, Project, StorePlace};

/// Before this runner was released, in seconds since the epoch: 2025-01-01.
const RELEASED: u64 = 1_735_689_600;

/// Clocks that are further apart are told of. S3 tells whole seconds.
const CLOCKS_APART_MS: u64 = 3000;

/// What came of one look.
enum Look {
    Good(String),
    /// Missing, and needed only for some things: what for, and what to do.
    Missing(String, String),
    /// Wrong, and nothing goes without it.
    Wrong(String, String),
}

pub(super) fn run(app: &App) -> Done {
    let project = Project::find(app);
    let mut looks = vec![
        ("git", program("git", &["--version"], "install git")),
        ("project", project_of(&project)),
        ("identity", identity(&project)),
        ("store", store(&project)),
        ("plugins", plugins()),
        ("ssh-keygen", signer()),
        ("wasm", wasm(app)),
        ("clock", clock()),
    ];
    if project.is_err() {
        // Without a project there is nobody and no store to look at.
        looks.retain(|(name, _)| !matches!(*name, "identity" | "store"));
    }
    let wrong = looks.iter().any(|(_, look)| matches!(look, Look::Wrong(..)));
    let documents: Vec<_> = looks.iter().map(|(name, look)| document(name, look)).collect();
    app.print(&json!(documents), || {
        looks.iter().map(|(name, look)| line(app, name, look)).collect()
    })?;
    Ok(if wrong { Exit::Blocked } else { Exit::Done })
}

fn line(app: &App, name: &str, look: &Look) -> String {
    let (word, tint, text, hint) = match look {
        Look::Good(text) => ("ok", Tint::Good, text, None),
        Look::Missing(text, hint) => ("warn", Tint::Warn, text, Some(hint)),
        Look::Wrong(text, hint) => ("FAIL", Tint::Bad, text, Some(hint)),
    };
    let mut line = format!(
        "{}  {name:<10}  {text}\n",
        app.screen.paint(tint, &format!("{word:>4}"))
    );
    if let Some(hint) = hint {
        line.push_str(&format!("                  hint: {hint}\n"));
    }
    line
}

fn document(name: &str, look: &Look) -> serde_json::Value {
    match look {
        Look::Good(text) => json!({"what": name, "state": "ok", "text": text}),
        Look::Missing(text, hint) => json!({"what": name, "state": "warn", "text": text, "hint": hint}),
        Look::Wrong(text, hint) => json!({"what": name, "state": "fail", "text": text, "hint": hint}),
    }
}

fn program(name: &str, arguments: &[&str], hint: &str) -> Look {
    let hint = hint.to_owned();
    match Command::new(name).args(arguments).output() {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Look::Good(text.lines().next().unwrap_or_default().to_owned())
        }
        Ok(output) => Look::Wrong(String::from_utf8_lossy(&output.stderr).trim().to_owned(), hint),
        Err(error) => Look::Wrong(format!("cannot run {name}: {error}"), hint),
    }
}

fn project_of(project: &Done<Project>) -> Look {
    match project {
        Ok(project) => Look::Good(format!(
            "profile {}, data in {}",
            project.profile_name,
            project.folders.data.display()
        )),
        Err(_) => Look::Missing(
            "this folder is not in a project".to_owned(),
            "go to a git repository with a runner.toml; `runner profile check` says what is wrong".to_owned(),
        ),
    }
}

fn identity(project: &Done<Project>) -> Look {
    match project.as_ref().map(Project::identity) {
        Ok(Ok(identity)) => Look::Good(format!("{} on {}", identity.by, identity.host)),
        _ => Look::Wrong(
            "it is not known who you are".to_owned(),
            "git config user.email you@example.org".to_owned(),
        ),
    }
}

fn store(project: &Done<Project>) -> Look {
    let Ok(project) = project else {
        return Look::Missing("no project".to_owned(), "go to a project".to_owned());
    };
    let place = &project.folders.store;
    let looked = match place {
        StorePlace::File(_) => project
            .store()
            .and_then(|store| Ok(count(store.runs()?.len(), "run"))),
        StorePlace::Shared(address) => project.shared_store(address).and_then(|store| examined(&store)),
    };
    match looked {
        Ok(what) => Look::Good(format!("{place}, {what}")),
        Err(error) => Look::Wrong(error.message(), error.hints().join("; ")),
    }
}

/// All that a shared store must be, tried.
fn examined(store: &SharedStore) -> Done<String> {
    let found = store.examine()?;
    let mut text = format!(
        "{}, conditional writes work, {} ms a write",
        count(found.runs, "run"),
        found.write_ms
    );
    if found.ahead_ms.unsigned_abs() > CLOCKS_APART_MS {
        let way = if found.ahead_ms > 0 { "ahead of" } else { "behind" };
        let apart = took(found.ahead_ms.unsigned_abs());
        text.push_str(&format!(
            ", whose clock counts: this machine's is {apart} {way} it"
        ));
    }
    Ok(text)
}

fn plugins() -> Look {
    let hint =
        "set RUNNER_CACHE_DIR to a folder of your own; without it plugins are compiled each time".to_owned();
    match settings::cache() {
        Ok(folder) => match writable(&folder) {
            Ok(()) => Look::Good(format!(
                "{} official, compiled in {}",
                crate::official::NAMES.len(),
                folder.display()
            )),
            Err(error) => Look::Missing(format!("cannot write {}: {error}", folder.display()), hint),
        },
        Err(_) => Look::Missing("no folder for compiled plugins".to_owned(), hint),
    }
}

fn writable(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let probe = folder.join(format!("probe-{}", std::process::id()));
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(probe)
}

/// It has no option that only tells its version; that it starts is enough.
fn signer() -> Look {
    match Command::new("ssh-keygen").arg("-?").output() {
        Ok(_) => Look::Good("there, for signed approvals".to_owned()),
        Err(error) => Look::Missing(
            format!("cannot run ssh-keygen: {error}"),
            "install OpenSSH, to sign approvals".to_owned(),
        ),
    }
}

fn wasm(app: &App) -> Look {
    match toolchain::ready(app.global.directory.as_deref().unwrap_or(Path::new("."))) {
        Ok(found) => Look::Good(found.description),
        Err(_) => Look::Missing(
            format!("no Rust toolchain with {}", toolchain::TARGET),
            "only needed to write plugins: `runner plugin build` finds or makes one, or says how".to_owned(),
        ),
    }
}

/// A clock that is far off makes leases of other machines look dead.
fn clock() -> Look {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let text = format!(
        "{} UTC",
        instant(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
    );
    match now.as_secs() >= RELEASED {
        true => Look::Good(text),
        false => Look::Wrong(
            text,
            "set the clock: locks and approvals are told apart by their times".to_owned(),
        ),
    }
}
