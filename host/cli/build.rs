//! Embeds the official plugins: every `plugin-NAME.wasm` of the target folder's `plugins`, which `make plugins` fills.

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

/// Beside what is built, not beside the sources: clones may share a target folder, and what this script found for one of them
/// is taken for all.
fn folder() -> Result<PathBuf, String> {
    if let Some(folder) = env::var_os(FOLDER) {
        return Ok(folder.into());
    }
    // TARGET/debug/build/runner-cli-HASH/out, or TARGET/TRIPLE/debug/... when it is built for another machine.
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let mut above = out
        .ancestors()
        .skip(4)
        .take(2)
        .map(|target| target.join("plugins"));
    let first = above.next().ok_or("OUT_DIR lies in a target folder")?;
    let filled = |folder: &PathBuf| folder.join("plugin-command.wasm").is_file();
    Ok(match above.find(filled) {
        Some(second) if !filled(&first) => second,
        _ => first,
    })
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
