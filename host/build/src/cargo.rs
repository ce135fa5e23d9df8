//! One run of cargo over plugin crates, and their components in a folder.
//!
//! Cargo is run once for all the crates, so that what they share is compiled once, in a target folder of its own
//! beside the native one. Which files it made is read from its messages; what it says to people goes straight to
//! stderr.

mod messages;
mod metadata;
mod output;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::{env, fs, io};

use thiserror::Error;

use crate::component::{self, EncodeError};
use crate::toolchain::{TARGET, Toolchain};
pub use metadata::MetadataError;
use metadata::{Metadata, Package};

/// Which crates of the workspace to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Packages by name.
    Packages(Vec<String>),
    /// All members below this folder, which is relative to the workspace's root.
    Below(PathBuf),
    /// The package whose `Cargo.toml` is in [`Request::dir`].
    Here,
}

/// What to build, and where to put it.
#[derive(Debug, Clone)]
pub struct Request {
    /// A folder of the workspace or crate.
    pub dir: PathBuf,
    /// Which crates.
    pub selection: Selection,
    /// Cargo's profile; without one, `plugin` if the workspace has it and `release` if not.
    pub profile: Option<String>,
    /// Cargo's target folder; without one, `wasm` in the workspace's own.
    pub target_dir: Option<PathBuf>,
    /// Where the components go, as `<package>.wasm`.
    pub out_dir: PathBuf,
}

/// One component, on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The name of the package.
    pub name: String,
    /// The component.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// Of the component, in lower-case hex.
    pub sha256: String,
    /// Whether the file is new or differs from the one that was there.
    pub changed: bool,
}

/// Why plugins were not built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Cargo could not say what the workspace has.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Nothing to do is mostly a mistyped folder.
    #[error("no crate below `{}` builds a plugin (a library with `crate-type = [\"cdylib\"]`)", .0.display())]
    NothingSelected(PathBuf),
    /// No such package.
    #[error("no package `{0}` in the workspace")]
    UnknownPackage(String),
    /// The package's library is not one that a host can load.
    #[error("package `{0}` makes no plugin: its `[lib]` needs `crate-type = [\"cdylib\"]`")]
    NotPlugin(String),
    /// Cargo could not be started or its messages not be read.
    #[error("failed to run cargo")]
    Run(#[source] io::Error),
    /// The compiler found an error; it has told so on stderr.
    #[error("cargo failed to build the plugins ({0})")]
    Cargo(ExitStatus),
    /// Cargo succeeded, but named no file for the package.
    #[error("cargo built no `.wasm` file for package `{0}`")]
    NoArtifact(String),
    /// The module is not a plugin.
    #[error("package `{package}`: {source}")]
    Encode {
        /// Which one.
        package: String,
        /// Why.
        source: EncodeError,
    },
    /// A file could not be read or written.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Builds what `request` selects; in the order of the packages' names.
///
/// Cargo's own output goes to stderr. A component that has not changed is left untouched on disk, with its time.
///
/// # Errors
/// When cargo fails, a crate makes no plugin, or a file cannot be written. Components are written only after cargo
/// has built all the crates.
pub fn build(request: &Request, toolchain: &Toolchain) -> Result<Vec<Built>, BuildError> {
    let metadata = Metadata::read(&request.dir)?;
    let packages = select(&metadata, request)?;
    let modules = compile(&metadata, &packages, request, toolchain)?;
    packages
        .iter()
        .map(|package| {
            let module = modules
                .get(&package.id)
                .ok_or(BuildError::NoArtifact(package.name.clone()))?;
            finish(package, module, &request.out_dir)
        })
        .collect()
}

/// The cargo to run: the one that runs us, if one does.
pub(crate) fn program() -> OsString {
    env::var_os("CARGO")
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| "cargo".into())
}

fn select<'a>(metadata: &'a Metadata, request: &Request) -> Result<Vec<&'a Package>, BuildError> {
    let mut packages = match &request.selection {
        Selection::Packages(names) => names
            .iter()
            .map(|name| {
                metadata
                    .package(name)
                    .ok_or_else(|| BuildError::UnknownPackage(name.clone()))
            })
            .collect::<Result<Vec<_>, _>>()?,
        Selection::Below(folder) => {
            let folder = metadata.workspace_root.join(folder);
            let found: Vec<_> = metadata
                .below(&folder)
                .filter(|package| package.is_cdylib())
                .collect();
            if found.is_empty() {
                return Err(BuildError::NothingSelected(folder));
            }
            found
        }
        Selection::Here => {
            let dir = fs::canonicalize(&request.dir).map_err(|source| BuildError::Io {
                path: request.dir.clone(),
                source,
            })?;
            vec![metadata.at(&dir).ok_or(BuildError::NothingSelected(dir))?]
        }
    };
    if let Some(other) = packages.iter().find(|package| !package.is_cdylib()) {
        return Err(BuildError::NotPlugin(other.name.clone()));
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages.dedup_by(|a, b| a.id == b.id);
    Ok(packages)
}

fn compile(
    metadata: &Metadata,
    packages: &[&Package],
    request: &Request,
    toolchain: &Toolchain,
) -> Result<messages::Modules, BuildError> {
    let mut cargo = command(metadata, packages, request);
    toolchain.apply(&mut cargo);
    let mut child = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(BuildError::Run)?;
    let stdout = child.stdout.take().expect("stdout was asked for as a pipe");
    // Read to the end even when a line is broken, or cargo would block on a full pipe.
    let modules = messages::modules(io::BufReader::new(stdout));
    let status = child.wait().map_err(BuildError::Run)?;
    if !status.success() {
        return Err(BuildError::Cargo(status));
    }
    modules.map_err(BuildError::Run)
}

fn command(metadata: &Metadata, packages: &[&Package], request: &Request) -> Command {
    let profile = request.profile.as_deref().unwrap_or_else(|| metadata.profile());
    let target_dir = request
        .target_dir
        .clone()
        .unwrap_or_else(|| metadata.target_directory.join("wasm"));
    let mut cargo = Command::new(program());
    cargo
        .current_dir(&metadata.workspace_root)
        .args(["build", "--lib", "--profile", profile, "--target", TARGET])
        .args(["--message-format=json-render-diagnostics", "--target-dir"])
        .arg(target_dir);
    for package in packages {
        // The id, for a dependency may have the name of a plugin.
        cargo.args(["--package", &package.id]);
    }
    cargo
}

fn finish(package: &Package, module: &Path, out_dir: &Path) -> Result<Built, BuildError> {
    let io = |path: &Path, source| BuildError::Io {
        path: path.to_owned(),
        source,
    };
    let core = fs::read(module).map_err(|source| io(module, source))?;
    let component = component::encode(&core).map_err(|source| BuildError::Encode {
        package: package.name.clone(),
        source,
    })?;
    let path = out_dir.join(format!("{}.wasm", package.name));
    let changed = output::write(&path, &component).map_err(|source| io(&path, source))?;
    Ok(Built {
        name: package.name.clone(),
        size: component.len() as u64,
        sha256: output::sha256(&component),
        path,
        changed,
    })
}

#[cfg(test)]
mod tests;
