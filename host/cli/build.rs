//! Embeds the official plugins: every `plugin-NAME.wasm` of `target/plugins`, which `make plugins` fills.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Overrides where the components are.
const FOLDER: &str = "RUNNER_PLUGINS_DIR";

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed={FOLDER}");
    let folder = folder()?;
    println!("cargo:rerun-if-changed={}", folder.display());
    // For the tests, which take a plugin of it for a third party's.
    println!("cargo:rustc-env=RUNNER_PLUGINS_FOLDER={}", folder.display());
    let plugins = plugins(&folder)?;
    let mut code = String::from("/// Name and component of every official plugin, by name.\n");
    code.push_str("pub(crate) const PLUGINS: &[(&str, &[u8])] = &[\n");
    for (name, path) in &plugins {
        println!("cargo:rerun-if-changed={}", path.display());
        let _ = writeln!(
            code,
            "    ({name:?}, include_bytes!({:?})),",
            path.display().to_string()
        );
    }
    code.push_str("];\n/// The names alone.\npub(crate) const NAMES: &[&str] = &[\n");
    for (name, _) in &plugins {
        let _ = writeln!(code, "    {name:?},");
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?).join("official.rs");
    fs::write(&out, code).map_err(|error| format!("cannot write {}: {error}", out.display()))
}

fn folder() -> Result<PathBuf, String> {
    if let Some(folder) = env::var_os(FOLDER) {
        return Ok(folder.into());
    }
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    let workspace = here.ancestors().nth(2).ok_or("host/cli lies in the workspace")?;
    Ok(workspace.join("target/plugins"))
}

/// Name and absolute path, in the order of the names.
fn plugins(folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let missing = || {
        format!(
            "no official plugins in {}: run `make plugins` first",
            folder.display()
        )
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|_| missing())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let name = file
            .strip_prefix("plugin-")
            .and_then(|rest| rest.strip_suffix(".wasm"));
        if let Some(name) = name {
            let path = path.canonicalize().map_err(|error| error.to_string())?;
            found.push((name.to_owned(), path));
        }
    }
    if found.is_empty() {
        return Err(missing());
    }
    found.sort();
    Ok(found)
}
