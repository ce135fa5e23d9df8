//! Generated from `wit/`: the imports once, and one module per exported interface that shares the types.

#![expect(unreachable_pub, reason = "generated code")]

pub mod host {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "host",
        imports: { default: trappable },
        additional_derives: [PartialEq],
    });
}

pub use host::runner::plugin::types;

macro_rules! role {
    ($module:ident, $world:literal) => {
        pub mod $module {
            wasmtime::component::bindgen!({
                path: "../../wit",
                world: $world,
                with: { "runner:plugin/types": crate::plugin::bindings::types },
            });
        }
    };
}

pub mod configuration {
    wasmtime::component::bindgen!({ path: "../../wit", world: "configuration-role" });
}

role!(gate, "gate-role");
role!(target, "target-role");
role!(lock, "lock-role");
role!(traffic, "traffic-role");
role!(setup, "setup-role");
role!(logs, "logs-role");
role!(metrics, "metrics-role");
role!(notifier, "notifier-role");
role!(backup, "backup-role");
