//! Compiled code, kept by this host for this host only. A file from elsewhere is never loaded: the folder is the user's own
//! (0700), and the key holds the component's digest and all that the compiler's output depends on.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
};

use runner_core::digest::Digest;
use wasmtime::{Engine, component::Component};

/// Compiles a component, or takes what was compiled before. Any trouble with the cache means compiling again.
pub(super) fn compile(
    engine: &Engine,
    folder: Option<&Path>,
    wasm: &[u8],
    digest: &Digest,
) -> wasmtime::Result<Component> {
    let Some(folder) = folder else {
        return Component::new(engine, wasm);
    };
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let path = folder.join(format!("{}-{:016x}.cwasm", digest.hex(), hasher.finish()));
    if let Some(component) = load(engine, &path) {
        return Ok(component);
    }
    let component = Component::new(engine, wasm)?;
    if let Err(error) = component
        .serialize()
        .map_err(io::Error::other)
        .and_then(|code| keep(&path, &code))
    {
        tracing::debug!(%error, path = %path.display(), "compiled code is not kept");
    }
    Ok(component)
}

#[expect(
    unsafe_code,
    reason = "wasmtime cannot check compiled code, so the host must vouch for it"
)]
fn load(engine: &Engine, path: &Path) -> Option<Component> {
    if !own(path) {
        return None;
    }
    // SAFETY: the file lies in a folder that only this user can write, and was written by `keep` from the output of
    // `Component::serialize` for this very engine configuration.
    unsafe { Component::deserialize_file(engine, path) }.ok()
}

/// Whether the file and its folder belong to this user and nobody else can write them.
#[cfg(unix)]
fn own(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let closed = |path: &Path, mask: u32| {
        fs::symlink_metadata(path).is_ok_and(|m| m.mode() & mask == 0 && !m.file_type().is_symlink())
    };
    let same_owner = || {
        let us = rustix::process::geteuid().as_raw();
        Some(fs::metadata(path.parent()?).ok()?.uid() == us && fs::metadata(path).ok()?.uid() == us)
    };
    path.parent().is_some_and(|folder| closed(folder, 0o077))
        && closed(path, 0o022)
        && same_owner() == Some(true)
}

fn keep(path: &Path, code: &[u8]) -> io::Result<()> {
    use std::{
        io::Write as _,
        os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    };
    let folder: PathBuf = path.parent().map(Path::to_path_buf).unwrap_or_default();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)?;
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    // Whatever the umask: a file that a group may write is not loaded.
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(code)?;
    fs::rename(&temporary, path)
}
