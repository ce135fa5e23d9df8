//! How a plugin becomes a component.
//!
//! Owns the three steps and nothing else knows them: the toolchain with a `wasm32-unknown-unknown` target
//! ([`toolchain`]), one run of cargo over the plugin crates ([`cargo`]), the encoding of each core module as a
//! component that imports only `runner:plugin` ([`component`]). Used by `make plugins` through the `runner-build`
//! command and by `runner plugin build` as a library. It does not know what a manifest says.

mod bounded;
pub mod cargo;
pub mod component;
pub mod toolchain;
