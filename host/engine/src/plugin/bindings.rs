//! Generated from `wit/`: the imports once, and one module per exported interface that shares the types.

#![expect(unreachable_pub, reason = "generated code")]

pub(super) mod host {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "host",
        imports: { default: trappable },
        additional_derives: [PartialEq],
    });
}

pub(super) use host::runner::plugin::types;

macro_rules! role {
    ($module:ident, $world:literal) => {
        pub(super) mod $module {
            wasmtime::component::bindgen!({
                path: "../../wit",
                world: $world,
                with: { "runner:plugin/types": crate::plugin::bindings::types },
            });
        }
    };
}

role!(configuration, "configuration-role");
role!(gate, "gate-role");
role!(target, "target-role");
role!(lock, "lock-role");
role!(metrics, "metrics-role");
role!(notifier, "notifier-role");
role!(backup, "backup-role");
