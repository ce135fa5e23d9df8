//! `runner plugin new`: a crate that builds, passes its own test and runs in a profile.

use std::fs;
use std::path::{Path, PathBuf};

use crate::app::App;
use crate::args::plugin::NewRole;
use crate::error::{CommandError, Done, Exit};

/// Names the SDK's folder, for a plugin that is made beside it.
const SDK: &str = "RUNNER_SDK_PATH";

const CARGO: &str = include_str!("../../../templates/plugin/Cargo.toml");
const README: &str = include_str!("../../../templates/plugin/README.md");
const IGNORE: &str = include_str!("../../../templates/plugin/gitignore");

/// What differs from role to role.
struct Template {
    manifest: &'static str,
    code: &'static str,
    /// How a profile uses it.
    table: &'static str,
    config: &'static str,
}

impl Template {
    fn of(role: NewRole) -> Self {
        match role {
            NewRole::Gate => Self {
                manifest: include_str!("../../../templates/plugin/gate/plugin.toml"),
                code: include_str!("../../../templates/plugin/gate/lib.rs"),
                table: "gate",
                config: "config.path = \"CHANGELOG.md\"\nconfig.forbid = \"TBD\"",
            },
            NewRole::Notifier => Self {
                manifest: include_str!("../../../templates/plugin/notifier/plugin.toml"),
                code: include_str!("../../../templates/plugin/notifier/lib.rs"),
                table: "notify",
                config: "config.url = \"https://chat.example.org/hooks/releases\"",
            },
            NewRole::Metrics => Self {
                manifest: include_str!("../../../templates/plugin/metrics/plugin.toml"),
                code: include_str!("../../../templates/plugin/metrics/lib.rs"),
                table: "metrics",
                config: "config.url = \"http://127.0.0.1:8080/status.json\"",
            },
        }
    }
}

pub(super) fn run(app: &App, name: &str, role: NewRole) -> Done {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(letter) {
        return Err(
            CommandError::new(Exit::Usage, format!("`{name}` cannot name a plugin"))
                .hint("use lower-case letters, digits and `-`, a letter first: `no-friday`"),
        );
    }
    let here = std::path::absolute(app.global.directory.as_deref().unwrap_or(Path::new(".")))?;
    let folder = here.join(name);
    if folder.exists() {
        return Err(
            CommandError::new(Exit::Usage, format!("`{}` is there already", folder.display()))
                .hint("choose another name, or remove it"),
        );
    }
    let template = Template::of(role);
    let fill = |text: &str| {
        text.replace("{{name}}", name)
            .replace("{{type}}", &type_name(name))
            .replace("{{sdk}}", &sdk(&here))
            .replace("{{table}}", template.table)
            .replace("{{config}}", template.config)
    };
    fs::create_dir_all(folder.join("src"))?;
    let files = [
        ("Cargo.toml", CARGO),
        ("plugin.toml", template.manifest),
        ("src/lib.rs", template.code),
        ("README.md", README),
        (".gitignore", IGNORE),
    ];
    for (path, text) in files {
        fs::write(folder.join(path), fill(text))?;
        app.screen.data(&format!("{name}/{path}"))?;
    }
    app.screen.note(&format!(
        "next: `cd {name} && cargo test && runner plugin build`; {name}/README.md says the rest"
    ));
    Ok(Exit::Done)
}

/// `NoFriday` of `no-friday`.
fn type_name(name: &str) -> String {
    let mut words = String::new();
    for word in name.split('-').filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        words.push_str(&first.to_ascii_uppercase());
        words.push_str(rest);
    }
    words
}

/// The dependency on the SDK: the folder that is meant, or the one of the repository that we are in, or a release.
fn sdk(here: &Path) -> String {
    let named = std::env::var_os(SDK)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let around = || {
        let folders = here.ancestors().map(|folder| folder.join("sdk"));
        folders.into_iter().find(|sdk| is_sdk(sdk))
    };
    match named.or_else(around) {
        Some(path) => {
            let path = path.canonicalize().unwrap_or(path);
            format!("{{ path = {:?} }}", path.display().to_string())
        }
        None => format!("{:?}", env!("CARGO_PKG_VERSION")),
    }
}

fn is_sdk(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    manifest
        .lines()
        .any(|line| line.trim() == "name = \"runner-sdk\"")
}
