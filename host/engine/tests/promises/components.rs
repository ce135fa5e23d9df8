//! Components to test with: the official ones as `make plugins` built them, the guest of these tests, and hosts to run them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, OnceLock, PoisonError},
};

use runner_build::{
    cargo::{self, Request, Selection},
    toolchain,
};
use runner_engine::plugin::{Plugin, PluginHost};

/// Compiled code, shared by all tests of this process.
static CACHE: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// The folder for compiled code.
pub(crate) fn cache() -> PathBuf {
    CACHE.path().join("compiled")
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The target folder: this program is TARGET/debug/deps/NAME.
fn target() -> PathBuf {
    let own = std::env::current_exe().expect("this program has a file");
    own.ancestors()
        .nth(3)
        .expect("it lies in a target folder")
        .to_owned()
}

/// Every official component, by the name that profiles use.
pub(crate) fn official() -> &'static BTreeMap<String, &'static [u8]> {
    static OFFICIAL: LazyLock<BTreeMap<String, &'static [u8]>> = LazyLock::new(|| {
        let folder =
            std::env::var_os("RUNNER_PLUGINS_DIR").map_or_else(|| target().join("plugins"), PathBuf::from);
        let files = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("run `make plugins`: {}: {error}", folder.display()));
        let mut found = BTreeMap::new();
        for file in files {
            let path = file.expect("a file").path();
            let name = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            if let Some(name) = name.strip_prefix("plugin-") {
                let bytes: &'static [u8] = std::fs::read(&path).expect("a component").leak();
                found.insert(name.to_owned(), bytes);
            }
        }
        assert!(
            !found.is_empty(),
            "run `make plugins`: {} is empty",
            folder.display()
        );
        found
    });
    &OFFICIAL
}

/// The component of `tests/guests/probe`, built when it is first asked for.
pub(crate) fn probe() -> &'static [u8] {
    static PROBE: OnceLock<Vec<u8>> = OnceLock::new();
    PROBE.get_or_init(|| {
        let mut note = |line: &str| eprintln!("{line}");
        let toolchain = toolchain::make(&root(), &mut note).expect("a toolchain for plugins");
        let request = Request {
            dir: root(),
            selection: Selection::Packages(vec!["guest-probe".to_owned()]),
            profile: None,
            target_dir: None,
            out_dir: target().join("guests"),
        };
        let built = cargo::build(&request, &toolchain).expect("the guest builds");
        std::fs::read(&built[0].path).expect("it was built")
    })
}

/// The bytes of a component that a profile of these tests names: an official one, or `probe` as if it were one.
pub(crate) fn by_name(name: &str) -> Option<&'static [u8]> {
    match name {
        "probe" => Some(probe()),
        _ => official().get(name).copied(),
    }
}

/// A host whose guests may use half a second of processor time.
pub(crate) fn host() -> &'static PluginHost {
    static HOST: LazyLock<PluginHost> = LazyLock::new(|| {
        let host = PluginHost::new(Some(cache())).expect("an engine");
        host.with_processor_ms(500)
    });
    &HOST
}

/// An official plugin, or `probe`, loaded once.
pub(crate) fn load(name: &str) -> Plugin {
    static LOADED: Mutex<BTreeMap<String, Plugin>> = Mutex::new(BTreeMap::new());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(plugin) = loaded.get(name) {
        return plugin.clone();
    }
    let bytes = by_name(name).unwrap_or_else(|| panic!("there is no plugin `{name}`: run `make plugins`"));
    let plugin = host().load(name, bytes).unwrap_or_else(|error| panic!("{error}"));
    loaded.insert(name.to_owned(), plugin.clone());
    plugin
}
