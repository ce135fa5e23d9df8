//! Makes a component of a crate: the exports, the schema, the manifest, and a panic that says where.

#[cfg(target_arch = "wasm32")]
mod guest;

/// Exports the roles of a plugin: `export! { gate: CommandGate }`, or `export! { target: Host, lock: Host }`.
///
/// Once per crate, at its root. Embeds the crate's `plugin.toml` as the custom section `runner:manifest`, which a host reads
/// without running anything. Only for wasm: elsewhere (`cargo test`, `cargo clippy`) the names of the exports, such as
/// `runner:plugin/gate@0.1.0#check`, would break the linker, so there the bounds alone are checked.
#[macro_export]
macro_rules! export {
    ($($role:ident : $plugin:ident),+ $(,)?) => {
        $( $crate::export!(@ $role $plugin); )+

        #[doc(hidden)]
        #[cfg(target_arch = "wasm32")]
        struct RunnerPlugin;

        #[cfg(target_arch = "wasm32")]
        impl $crate::bindings::configuration::exports::runner::plugin::configuration::Guest for RunnerPlugin {
            fn schema(role: String) -> String {
                match role.as_str() {
                    $( stringify!($role) => $crate::export!(@schema $role $plugin), )+
                    _ => String::new(),
                }
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::configuration::export_configuration!(
            RunnerPlugin with_types_in $crate::bindings::configuration
        );

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            const TEXT: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugin.toml"));
            // An array, not a reference: the bytes themselves must be in the section.
            #[unsafe(link_section = "runner:manifest")]
            pub static MANIFEST: [u8; TEXT.len()] = $crate::export::array(TEXT);
        };
    };

    (@ gate $plugin:ident) => { $crate::export!(@@ gate, export_gate, Gate, $plugin); };
    (@ target $plugin:ident) => { $crate::export!(@@ target, export_target, Target, $plugin); };
    (@ lock $plugin:ident) => { $crate::export!(@@ lock, export_lock, Lock, $plugin); };
    (@ traffic $plugin:ident) => { $crate::export!(@@ traffic, export_traffic, Traffic, $plugin); };
    (@ setup $plugin:ident) => { $crate::export!(@@ setup, export_setup, Setup, $plugin); };
    (@ logs $plugin:ident) => { $crate::export!(@@ logs, export_logs, Logs, $plugin); };
    (@ metrics $plugin:ident) => { $crate::export!(@@ metrics, export_metrics, Metrics, $plugin); };
    (@ notifier $plugin:ident) => { $crate::export!(@@ notifier, export_notifier, Notifier, $plugin); };
    (@ backup $plugin:ident) => { $crate::export!(@@ backup, export_backup, Backup, $plugin); };
    (@ $other:ident $plugin:ident) => {
        compile_error!(concat!(
            "no role `", stringify!($other), "`: the roles are gate, target, lock, traffic, setup, logs, metrics, notifier, backup"
        ));
    };
    (@@ $role:ident, $macro:ident, $trait:ident, $plugin:ident) => {
        const _: () = {
            const fn implements<T: $crate::$trait>() {}
            implements::<$plugin>();
        };
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::$role::$macro!($plugin with_types_in $crate::bindings::$role);
    };

    (@schema gate $plugin:ident) => { $crate::export::schema::<<$plugin as $crate::Gate>::Config>() };
    (@schema target $plugin:ident) => { $crate::export::schema::<<$plugin as $crate::Target>::Config>() };
    (@schema lock $plugin:ident) => { $crate::export::schema::<<$plugin as $crate::Lock>::Config>() };
    (@schema traffic $plugin:ident) => { $crate::export::schema::<<$plugin as $crate::Traffic>::Config>() };
    (@schema setup $plugin:ident) => { $crate::export::schema::<<$plugin as $crate::Setup>::Config>() };
    (@schema logs $plugin:ident) => { $crate::export::schema::<<$plugin as $crate::Logs>::Config>() };
    (@schema metrics $plugin:ident) => { $crate::export::schema::<<$plugin as $crate::Metrics>::Config>() };
    (@schema notifier $plugin:ident) => { $crate::export::schema::<<$plugin as $crate::Notifier>::Config>() };
    (@schema backup $plugin:ident) => { $crate::export::schema::<<$plugin as $crate::Backup>::Config>() };
}

/// The JSON Schema of a config, as text.
pub fn schema<C: schemars::JsonSchema>() -> String {
    schemars::schema_for!(C).as_value().to_string()
}

/// The bytes of a slice as an array.
pub const fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut all = [0; N];
    all.copy_from_slice(bytes);
    all
}
