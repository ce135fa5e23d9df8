//! Encoding of small hand-written modules: what is kept and what is refused.

use wit_component::{DecodedWasm, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;

const WIT: &str = "
    package runner:plugin@0.1.0;
    interface runtime { log: func(level: u32); now: func() -> u64; }
    interface process { run: func(); }
    interface gate { check: func() -> u32; }
    world gate-plugin { import runtime; import process; export gate; }
";

/// A gate as text, which imports `log` and whatever `extra` says.
fn gate(extra: &str) -> String {
    format!(
        r#"(module
            (import "runner:plugin/runtime@0.1.0" "log" (func $log (param i32)))
            {extra}
            (func (export "runner:plugin/gate@0.1.0#check") (result i32)
                i32.const 1
                call $log
                i32.const 7)
            (memory (export "memory") 1))"#
    )
}

fn core(text: &str, manifest: Option<&[u8]>) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some("gate-plugin")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    if let Some(data) = manifest {
        wasm_encoder::Section::append_to(
            &CustomSection {
                name: MANIFEST_SECTION.into(),
                data: data.into(),
            },
            &mut module,
        );
    }
    module
}

/// Counts the custom sections with the manifest at every depth.
fn manifest_sections(wasm: &[u8]) -> usize {
    Parser::new(0)
        .parse_all(wasm)
        .filter(|payload| matches!(payload, Ok(Payload::CustomSection(s)) if s.name() == MANIFEST_SECTION))
        .count()
}

#[test]
fn keeps_the_manifest_inside_and_at_the_top_level() {
    let json = br#"{"name":"tests"}"#;
    let component = encode(&core(&gate(""), Some(json))).unwrap();
    assert_eq!(manifest(&component).unwrap(), Some(&json[..]));
    assert_eq!(manifest_sections(&component), 2);
    wasmparser::Validator::new().validate_all(&component).unwrap();
}

#[test]
fn imports_only_what_the_module_uses() {
    let component = encode(&core(&gate(""), Some(b"{}"))).unwrap();
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&component).unwrap() else {
        panic!("not a component");
    };
    let names = |keys: Vec<&wit_parser::WorldKey>| {
        keys.into_iter()
            .map(|key| resolve.name_world_key(key))
            .collect::<Vec<_>>()
    };
    let world = &resolve.worlds[world];
    assert_eq!(
        names(world.imports.keys().collect()),
        ["runner:plugin/runtime@0.1.0"]
    );
    assert_eq!(
        names(world.exports.keys().collect()),
        ["runner:plugin/gate@0.1.0"]
    );
}

#[test]
fn the_same_module_gives_the_same_bytes() {
    let core = core(&gate(""), Some(b"{}"));
    assert_eq!(encode(&core).unwrap(), encode(&core).unwrap());
}

#[test]
fn refuses_foreign_imports_by_name() {
    let text = gate(
        r#"(import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
           (import "env" "getpid" (func (result i32)))
           (import "wasi:cli/environment@0.2.0" "get-environment" (func (param i32)))"#,
    );
    let error = encode(&core(&text, Some(b"{}"))).unwrap_err();
    insta::assert_snapshot!(error, @r"
    a plugin may import only `runner:plugin/...`, and this one imports `env::getpid`, `wasi:cli/environment@0.2.0::get-environment`, `wasi_snapshot_preview1::random_get`
    hint: leave out the crate or feature that wants an operating system or JavaScript; call the host instead
    ");
}

#[test]
fn a_name_that_only_begins_like_ours_is_foreign() {
    let text = gate(r#"(import "runner:plugins/http" "send" (func))"#);
    let error = encode(&core(&text, Some(b"{}"))).unwrap_err();
    let EncodeError::ForbiddenImports { names } = error else {
        panic!("{error}")
    };
    assert_eq!(names, ["runner:plugins/http::send"]);
}

#[test]
fn refuses_a_plugin_that_does_not_say_who_it_is() {
    for manifest in [None, Some(&b""[..])] {
        let error = encode(&core(&gate(""), manifest)).unwrap_err();
        assert!(matches!(error, EncodeError::NoManifest), "{error}");
    }
}

#[test]
fn refuses_what_is_not_a_core_module() {
    assert!(matches!(
        encode(b"#!/bin/sh\n").unwrap_err(),
        EncodeError::Malformed(_)
    ));
    let component = encode(&core(&gate(""), Some(b"{}"))).unwrap();
    assert!(matches!(
        encode(&component).unwrap_err(),
        EncodeError::AlreadyComponent
    ));
}

#[test]
fn a_module_that_does_not_fit_its_world_is_an_error() {
    let text = r#"(module (func (export "runner:plugin/gate@0.1.0#other")))"#;
    let error = encode(&core(text, Some(b"{}"))).unwrap_err();
    assert!(matches!(error, EncodeError::Encode(_)), "{error}");
}
