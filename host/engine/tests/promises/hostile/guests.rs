//! Components written by hand.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const MANIFEST: &str =
    "name = \"hostile\"\nversion = \"1.0.0\"\ndescription = \"Hostile\"\nroles = [\"gate\"]\n";

/// A component with these fields, and a manifest.
pub(super) fn component(fields: &str) -> Vec<u8> {
    let bytes = wat::parse_str(format!("(component {fields})")).expect("a component");
    with_manifest(&bytes, MANIFEST)
}

/// The manifest as a field of a component's text.
pub(super) fn manifest_in_text() -> String {
    format!("(@custom \"runner:manifest\" {MANIFEST:?})")
}

/// The component with a custom section at its end.
pub(super) fn with_manifest(component: &[u8], manifest: &str) -> Vec<u8> {
    let name = "runner:manifest";
    let mut section = vec![u8::try_from(name.len()).expect("short")];
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(manifest.as_bytes());
    let mut bytes = component.to_vec();
    bytes.push(0);
    let mut length = section.len();
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(&section);
    bytes
}

/// A gate whose `check` is `body`, with more fields in its module. It gets a page of memory unless it brings its own.
pub(super) fn gate(fields: &str, body: &str) -> Vec<u8> {
    let memory = match fields.contains("(memory") {
        true => "",
        false => "(memory (export \"memory\") 1)",
    };
    let text = format!(
        r#"(module {memory}
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
            (func (export "runner:plugin/gate@0.1.0#check") (param i32) (result i32) {body})
            {fields})"#
    );
    let mut module = wat::parse_str(text).expect("a module");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir("../../wit").expect("the contract");
    let world = resolve
        .select_world(&[package], Some("gate-role"))
        .expect("a world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).expect("embedded");
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .expect("fits the world")
        .encode()
        .expect("encodes");
    with_manifest(&component, MANIFEST)
}
