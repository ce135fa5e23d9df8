//! Generated from `wit/`: `host` holds the types and the imports, each other module the export of one role.
//!
//! Each exported interface is generated exactly once, because its macro lands at the crate's root.
#![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all)]

/// The one place where the types and the imports are generated.
pub mod host {
    wit_bindgen::generate!({
        path: "../wit",
        world: "host",
        generate_all,
        // Types that only a role uses are wanted, too.
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

pub mod configuration {
    wit_bindgen::generate!({
        path: "../wit",
        world: "configuration-role",
        pub_export_macro: true,
        export_macro_name: "export_configuration",
    });
}

pub mod gate {
    wit_bindgen::generate!({
        path: "../wit",
        world: "gate-role",
        with: { "runner:plugin/types@0.1.0": crate::bindings::host::runner::plugin::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_gate",
    });
}

pub mod target {
    wit_bindgen::generate!({
        path: "../wit",
        world: "target-role",
        with: { "runner:plugin/types@0.1.0": crate::bindings::host::runner::plugin::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_target",
    });
}

pub mod lock {
    wit_bindgen::generate!({
        path: "../wit",
        world: "lock-role",
        with: { "runner:plugin/types@0.1.0": crate::bindings::host::runner::plugin::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_lock",
    });
}

pub mod traffic {
    wit_bindgen::generate!({
        path: "../wit",
        world: "traffic-role",
        with: { "runner:plugin/types@0.1.0": crate::bindings::host::runner::plugin::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_traffic",
    });
}

pub mod setup {
    wit_bindgen::generate!({
        path: "../wit",
        world: "setup-role",
        with: { "runner:plugin/types@0.1.0": crate::bindings::host::runner::plugin::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_setup",
    });
}

pub mod logs {
    wit_bindgen::generate!({
        path: "../wit",
        world: "logs-role",
        with: { "runner:plugin/types@0.1.0": crate::bindings::host::runner::plugin::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_logs",
    });
}

pub mod metrics {
    wit_bindgen::generate!({
        path: "../wit",
        world: "metrics-role",
        with: { "runner:plugin/types@0.1.0": crate::bindings::host::runner::plugin::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_metrics",
    });
}

pub mod notifier {
    wit_bindgen::generate!({
        path: "../wit",
        world: "notifier-role",
        with: { "runner:plugin/types@0.1.0": crate::bindings::host::runner::plugin::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_notifier",
    });
}

pub mod backup {
    wit_bindgen::generate!({
        path: "../wit",
        world: "backup-role",
        with: { "runner:plugin/types@0.1.0": crate::bindings::host::runner::plugin::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_backup",
    });
}
