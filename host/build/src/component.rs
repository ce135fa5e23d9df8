//! Encodes a core module as a component that imports `runner:plugin` and nothing else.
//!
//! The import list of a plugin is its permission list, so anything foreign (WASI, `env`) is refused here, by name.
//! The manifest, a custom section of the core module, is put at the top level of the component, where it can be read
//! without walking into the module.

use std::collections::BTreeSet;

use thiserror::Error;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{BinaryReaderError, Parser, Payload};
use wit_component::ComponentEncoder;

/// The custom section, of core module and component, which holds the manifest.
pub const MANIFEST_SECTION: &str = "runner:manifest";

/// What every import of a plugin begins with.
pub const ALLOWED_IMPORTS: &str = "runner:plugin/";

/// Why a core module is not a plugin.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// The bytes are no core module at all.
    #[error("failed to read the core module")]
    Malformed(#[from] BinaryReaderError),
    /// The bytes are a component already, as made for `wasm32-wasip2`.
    #[error("this is a component already, not a core module; build it for `wasm32-unknown-unknown`")]
    AlreadyComponent,
    /// The plugin wants something which the host does not offer.
    #[error(
        "a plugin may import only `{ALLOWED_IMPORTS}...`, and this one imports {}\n\
         hint: leave out the crate or feature that wants an operating system or JavaScript; call the host instead",
        quoted(names)
    )]
    ForbiddenImports {
        /// `module::name` of a core import, or the name of a component's import; sorted.
        names: Vec<String>,
    },
    /// The plugin does not say who it is.
    #[error(
        "no manifest: the custom section `{MANIFEST_SECTION}` is missing or empty\n\
         hint: export the plugin with the macro of `runner-sdk`, which writes the section"
    )]
    NoManifest,
    /// The module's exports and types do not make a component.
    #[error("failed to encode the component: {0}")]
    Encode(String),
}

fn quoted(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Encodes `core`, the output of cargo for `wasm32-unknown-unknown`, as a validated component.
///
/// # Errors
/// When the module is malformed, imports anything foreign, has no manifest, or does not fit its WIT world.
pub fn encode(core: &[u8]) -> Result<Vec<u8>, EncodeError> {
    if Parser::is_component(core) {
        return Err(EncodeError::AlreadyComponent);
    }
    let module = inspect(core)?;
    refuse(module.foreign_imports)?;
    let manifest = module
        .manifest
        .filter(|bytes| !bytes.is_empty())
        .ok_or(EncodeError::NoManifest)?;

    // The encoder's errors are `anyhow`: their chain is the message, and the crate stays out of our signatures.
    let mut component = ComponentEncoder::default()
        .validate(true)
        .module(core)
        .and_then(ComponentEncoder::encode)
        .map_err(|error| EncodeError::Encode(format!("{error:#}")))?;
    refuse(inspect(&component)?.foreign_imports)?;
    CustomSection {
        name: MANIFEST_SECTION.into(),
        data: manifest.into(),
    }
    .append_to_component(&mut component);
    Ok(component)
}

/// The manifest at the top level of a component or core module; `None` when there is none.
///
/// # Errors
/// When the bytes are not WebAssembly.
pub fn manifest(wasm: &[u8]) -> Result<Option<&[u8]>, BinaryReaderError> {
    Ok(inspect(wasm)?.manifest)
}

/// What the top level of a module or component says about it.
#[derive(Default)]
struct Outline<'a> {
    manifest: Option<&'a [u8]>,
    foreign_imports: BTreeSet<String>,
}

fn inspect(wasm: &[u8]) -> Result<Outline<'_>, BinaryReaderError> {
    let mut outline = Outline::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                outline.manifest = Some(section.data());
            }
            Payload::ImportSection(section) if depth == 0 => {
                for import in section.into_imports() {
                    let import = import?;
                    // `[export]runner:plugin/...` is how a core module asks for the resources that it exports.
                    if !is_ours(import.module.trim_start_matches("[export]")) {
                        outline
                            .foreign_imports
                            .insert(format!("{}::{}", import.module, import.name));
                    }
                }
            }
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let name = import?.name.name;
                    if !is_ours(name) {
                        outline.foreign_imports.insert(name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(outline)
}

fn is_ours(name: &str) -> bool {
    name.starts_with(ALLOWED_IMPORTS)
}

fn refuse(foreign: BTreeSet<String>) -> Result<(), EncodeError> {
    if foreign.is_empty() {
        return Ok(());
    }
    Err(EncodeError::ForbiddenImports {
        names: foreign.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests;
