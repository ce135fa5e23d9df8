//! From bytes to a plugin: manifest, imports checked by name, compiled, ready to be instantiated.

use std::{path::PathBuf, thread, time::Duration};

use runner_core::{
    digest::Digest,
    manifest::{Manifest, Role},
};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, Store,
    component::{HasSelf, InstancePre, Linker},
};

use super::{
    bindings::host::Host_,
    cache,
    call::State,
    limits::{PROCESSOR_MS, TICK_MS},
};

/// The package whose interfaces are linked.
const PACKAGE: &str = "runner:plugin/";
/// Start of the versions of it that fit: before 1.0, the second number is the one that breaks.
const VERSION: &str = "0.1.";
/// Interfaces of the package that this host offers.
const OFFERED: &[&str] = &[
    "artifacts",
    "files",
    "git",
    "http",
    "machine-files",
    "person",
    "process",
    "runtime",
    "services",
    "types",
];
/// Name of the custom section that holds the manifest.
const MANIFEST_SECTION: &str = "runner:manifest";

/// Every role that an export can be.
const ROLES: [Role; 9] = [
    Role::Gate,
    Role::Target,
    Role::Lock,
    Role::Traffic,
    Role::Setup,
    Role::Logs,
    Role::Metrics,
    Role::Notifier,
    Role::Backup,
];

/// Why a plugin was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not a component at all.
    #[error("`{plugin}` is not a WebAssembly component: {why}")]
    NotAComponent {
        /// As the profile names it.
        plugin: String,
        /// The parser's words.
        why: String,
    },
    /// No manifest in it, or not a good one.
    #[error("plugin `{plugin}` has no usable manifest: {why}")]
    Manifest {
        /// As the profile names it.
        plugin: String,
        /// What is wrong.
        why: String,
    },
    /// It wants something that no plugin gets.
    #[error(
        "plugin `{plugin}` imports {imports}, and a plugin may import interfaces of `runner:plugin` only"
    )]
    ForeignImport {
        /// As the profile names it.
        plugin: String,
        /// The imports, by name.
        imports: String,
    },
    /// It wants something that this host does not have.
    #[error(
        "plugin `{plugin}` needs {imports}, which this runner does not offer: use a newer runner or an older plugin"
    )]
    NotOffered {
        /// As the profile names it.
        plugin: String,
        /// The imports, by name.
        imports: String,
    },
    /// It does not compile or link.
    #[error("plugin `{plugin}` cannot be linked: {why}")]
    Link {
        /// As the profile names it.
        plugin: String,
        /// wasmtime's words.
        why: String,
    },
}

/// The engine, its ticking thread and the linker. One per process; made only when a plugin is called.
pub struct PluginHost {
    engine: Engine,
    linker: Linker<State>,
    cache: Option<PathBuf>,
    processor_ms: u64,
}

/// A plugin, ready to be called.
#[derive(Clone)]
pub struct Plugin {
    /// Who it is and what it asks for.
    pub manifest: Manifest,
    /// Of its bytes.
    pub digest: Digest,
    /// What it exports.
    pub roles: Vec<Role>,
    pre: InstancePre<State>,
    pub(super) processor_ms: u64,
}

/// What can be told of a plugin without running it.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Who it is and what it asks for.
    pub manifest: Manifest,
    /// Of its bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Every import, in full, e.g. `runner:plugin/http@0.1.0`.
    pub imports: Vec<String>,
    /// Every export, in full.
    pub exports: Vec<String>,
}

impl PluginHost {
    /// An engine with the least it needs; `cache` is the folder for compiled code.
    pub fn new(cache: Option<PathBuf>) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        // On demand and without a reservation: 0.4 GB of address space instead of 4.4, so that `ulimit -v` is survived.
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        config.memory_reservation(0);
        config.memory_reservation_for_growth(1 << 20);
        config.memory_guard_size(0);
        let engine = Engine::new(&config)?;
        let weak = engine.weak();
        // A plain thread: a busy async runtime must not delay it. It ends with the engine.
        thread::Builder::new().name("epoch".to_owned()).spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(Duration::from_millis(TICK_MS));
            }
        })?;
        let mut linker = Linker::new(&engine);
        Host_::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        Ok(Self {
            engine,
            linker,
            cache,
            processor_ms: PROCESSOR_MS,
        })
    }

    /// Another limit of processor time for one call, in milliseconds.
    #[must_use]
    pub fn with_processor_ms(self, processor_ms: u64) -> Self {
        Self { processor_ms, ..self }
    }

    /// Reads a plugin without running it.
    pub fn inspect(name: &str, wasm: &[u8]) -> Result<Inspection, LoadError> {
        inspect(name, wasm)
    }

    /// Checks and compiles a plugin. `name` is how the profile names it.
    pub fn load(&self, name: &str, wasm: &[u8]) -> Result<Plugin, LoadError> {
        let Inspection {
            manifest,
            digest,
            imports,
            exports,
            ..
        } = inspect(name, wasm)?;
        check_imports(name, &imports)?;
        let link = |error: wasmtime::Error| LoadError::Link {
            plugin: name.to_owned(),
            why: format!("{error:#}"),
        };
        let component = cache::compile(&self.engine, self.cache.as_deref(), wasm, &digest).map_err(link)?;
        let pre = self.linker.instantiate_pre(&component).map_err(link)?;
        Ok(Plugin {
            manifest,
            digest,
            roles: roles(&exports),
            pre,
            processor_ms: self.processor_ms,
        })
    }
}

impl Plugin {
    /// `name version`, for messages.
    pub fn title(&self) -> String {
        format!("{} {}", self.manifest.name, self.manifest.version)
    }

    /// Whether it can serve as `role`.
    pub fn serves(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    pub(super) fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    pub(super) fn instantiate(
        &self,
        store: &mut Store<State>,
    ) -> wasmtime::Result<wasmtime::component::Instance> {
        self.pre.instantiate(store)
    }
}

fn roles(exports: &[String]) -> Vec<Role> {
    let exported = |role: &Role| exports.iter().any(|name| interface(name) == Some(role.name()));
    ROLES.into_iter().filter(exported).collect()
}

/// `http` of `runner:plugin/http@0.1.0`.
fn interface(name: &str) -> Option<&str> {
    name.strip_prefix(PACKAGE)
        .map(|rest| rest.split_once('@').map_or(rest, |(interface, _)| interface))
}

fn check_imports(plugin: &str, imports: &[String]) -> Result<(), LoadError> {
    let quoted = |names: Vec<&String>| {
        names
            .iter()
            .map(|n| format!("`{n}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let foreign: Vec<_> = imports.iter().filter(|name| interface(name).is_none()).collect();
    if !foreign.is_empty() {
        return Err(LoadError::ForeignImport {
            plugin: plugin.to_owned(),
            imports: quoted(foreign),
        });
    }
    let offered = |name: &&String| {
        let version = name.split_once('@').is_some_and(|(_, v)| v.starts_with(VERSION));
        version && interface(name).is_some_and(|interface| OFFERED.contains(&interface))
    };
    let unknown: Vec<_> = imports.iter().filter(|name| !offered(name)).collect();
    if !unknown.is_empty() {
        return Err(LoadError::NotOffered {
            plugin: plugin.to_owned(),
            imports: quoted(unknown),
        });
    }
    Ok(())
}

fn inspect(plugin: &str, wasm: &[u8]) -> Result<Inspection, LoadError> {
    use wasmparser::{Encoding, Parser, Payload};
    let not_one = |why: String| LoadError::NotAComponent {
        plugin: plugin.to_owned(),
        why,
    };
    let (mut imports, mut exports, mut manifest) = (Vec::new(), Vec::new(), None);
    // Only the outermost component's own imports and exports; modules within are its own business.
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|error| not_one(error.to_string()))? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => {
                return Err(not_one(
                    "it is a core module: build it with `runner plugin build`".to_owned(),
                ));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(|error| not_one(error.to_string()))?;
                    imports.push(import.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(|error| not_one(error.to_string()))?;
                    exports.push(export.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                manifest = Some(section.data().to_vec());
            }
            _ => {}
        }
    }
    let bad = |why: String| LoadError::Manifest {
        plugin: plugin.to_owned(),
        why,
    };
    let bytes = manifest.ok_or_else(|| bad(format!("there is no custom section `{MANIFEST_SECTION}`")))?;
    let text = String::from_utf8(bytes).map_err(|error| bad(error.to_string()))?;
    let manifest = Manifest::parse(&text).map_err(|error| bad(error.to_string()))?;
    Ok(Inspection {
        manifest,
        digest: Digest::of(wasm),
        size: wasm.len() as u64,
        imports,
        exports,
    })
}
