//! Hostile and broken components: refused by name where they can be, stopped where they cannot, and always told of in words.

mod guests;

use std::time::{Duration, Instant};

use runner_core::output::Verdict;
use runner_engine::plugin::{CallError, LoadError, Plugin, PluginHost, Said};
use serde_json::{Value, json};

use self::guests::{component, gate, with_manifest};
use super::{
    components::{host, load},
    conversation::{Conversation, context, nothing},
};

fn check(plugin: &Plugin, calls: &Value) -> Said<Verdict> {
    let (conversation, _) = Conversation::by(nothing);
    plugin.check(conversation, context(&json!({ "calls": calls }), false))
}

fn crash(plugin: &Plugin, calls: &Value) -> String {
    match check(plugin, calls) {
        Err(error @ CallError::Crashed { .. }) => error.to_string(),
        other => panic!("{calls}: {other:?}"),
    }
}

#[test]
fn an_endless_loop_is_stopped_by_the_limit_of_processor_time() {
    let began = Instant::now();
    let told = crash(&load("probe"), &json!(["spin"]));
    assert_eq!(
        told,
        "plugin `probe` 0.1.0 crashed: it used more than 500ms of processor time"
    );
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    // Even before it was called: while it is instantiated.
    let endless = gate(
        "(func $forever (loop $again br $again)) (start $forever)",
        "unreachable",
    );
    let told = crash(&host().load("endless.wasm", &endless).expect("loads"), &json!([]));
    assert!(
        told.ends_with("it used more than 500ms of processor time"),
        "{told}"
    );
}

#[test]
fn time_in_host_calls_is_not_processor_time() {
    let (conversation, heard) = Conversation::by(|n, request| {
        std::thread::sleep(Duration::from_millis(300));
        nothing(n, request)
    });
    let config = json!({ "calls": ["now", "now", "now", "now"] });
    let verdict = load("probe").check(conversation, context(&config, false));
    assert!(verdict.expect("no crash").expect("no error").passed);
    assert_eq!(heard.asked().len(), 4);
}

#[test]
fn memory_beyond_the_limit_is_refused() {
    assert!(
        check(&load("probe"), &json!([{ "hoard": 100 }]))
            .expect("fits")
            .expect("fits")
            .passed
    );
    let told = crash(&load("probe"), &json!([{ "hoard": 300 }]));
    assert_eq!(
        told,
        "plugin `probe` 0.1.0 crashed: it wanted more than 256 MiB of memory"
    );

    let greedy = gate("(memory (export \"memory\") 5000)", "unreachable");
    let told = crash(&host().load("greedy.wasm", &greedy).expect("loads"), &json!([]));
    assert!(
        told.ends_with("memory minimum size of 5000 pages exceeds memory limits"),
        "{told}"
    );
}

#[test]
fn a_panic_says_its_own_words_and_whose_they_are() {
    let told = crash(
        &load("probe"),
        &json!([{ "complain": "not this" }, { "panic": "the cart is on fire" }]),
    );
    assert!(
        told.starts_with("plugin `probe` 0.1.0 crashed: the plugin panicked at ")
            && told.contains("src/lib.rs:")
            && told.ends_with(": the cart is on fire"),
        "{told}"
    );
    assert!(!told.contains("unreachable"), "{told}");
}

#[test]
fn a_trap_without_words_is_told_as_what_it_is() {
    let told = crash(&load("probe"), &json!(["recurse"]));
    assert!(told.contains("call stack exhausted"), "{told}");
    // What it complained of long before is not the reason.
    let told = crash(
        &load("probe"),
        &json!([{ "complain": "a small thing" }, "recurse"]),
    );
    assert!(told.contains("call stack exhausted"), "{told}");
    let silent = gate("", "unreachable");
    let told = crash(&host().load("silent.wasm", &silent).expect("loads"), &json!([]));
    assert!(told.contains("`unreachable`"), "{told}");
}

#[test]
fn what_is_handed_to_the_host_at_once_is_limited() {
    assert!(
        check(&load("probe"), &json!([{ "flood": 10 }]))
            .expect("fits")
            .expect("fits")
            .passed
    );
    let told = crash(&load("probe"), &json!([{ "flood": 80 }]));
    assert!(told.starts_with("plugin `probe` 0.1.0 crashed: "), "{told}");
}

#[test]
fn an_answer_that_breaks_the_contract_is_a_crash() {
    // Pointers out of memory, an unknown case, text that is not UTF-8, and a list longer than memory.
    for body in [
        "i32.const -8",
        "(i32.store8 (i32.const 64) (i32.const 9)) i32.const 64",
        "(i32.store8 (i32.const 72) (i32.const 7)) i32.const 64",
        "(i32.store (i32.const 76) (i32.const 32)) (i32.store (i32.const 80) (i32.const 1))
         (i32.store8 (i32.const 32) (i32.const 255)) i32.const 64",
        "(i32.store (i32.const 88) (i32.const 0x7fffffff)) i32.const 64",
    ] {
        let liar = host().load("liar.wasm", &gate("", body)).expect("loads");
        let told = crash(&liar, &json!([]));
        assert!(
            told.starts_with("plugin `hostile` 1.0.0 crashed: "),
            "{body}: {told}"
        );
        assert!(!told.contains("wasm backtrace"), "{body}: {told}");
    }
}

fn refusal(bytes: &[u8]) -> String {
    match host().load("mine.wasm", bytes) {
        Err(error) => error.to_string(),
        Ok(plugin) => panic!("{} was loaded", plugin.title()),
    }
}

#[test]
fn foreign_imports_are_refused_by_name() {
    let wasi = component(
        r#"(import "wasi:cli/environment@0.2.0" (instance)) (import "wasi:sockets/tcp@0.2.0" (instance))
           (import "runner:plugin/http@0.1.0" (instance))"#,
    );
    assert_eq!(
        refusal(&wasi),
        "plugin `mine.wasm` imports `wasi:cli/environment@0.2.0`, `wasi:sockets/tcp@0.2.0`, and a plugin may import \
         interfaces of `runner:plugin` only"
    );
    let docker = component(r#"(import "runner:plugin/docker@0.1.0" (instance))"#);
    assert_eq!(
        refusal(&docker),
        "plugin `mine.wasm` needs `runner:plugin/docker@0.1.0`, which this runner does not offer: use a newer runner or \
         an older plugin"
    );
    // An interface that is offered, in a version that is not; and a function that the interface does not have.
    let later =
        component(r#"(import "runner:plugin/runtime@9.0.0" (instance (export "now" (func (result u64)))))"#);
    let told = refusal(&later);
    assert!(
        told.contains("runner:plugin/runtime@9.0.0") && told.contains("newer runner"),
        "{told}"
    );
    let more =
        component(r#"(import "runner:plugin/runtime@0.1.0" (instance (export "erase-everything" (func))))"#);
    let told = refusal(&more);
    assert!(told.contains("erase-everything"), "{told}");
}

#[test]
fn what_is_no_plugin_is_told_so() {
    let module = wat::parse_str("(module)").expect("a module");
    assert_eq!(
        refusal(&module),
        "`mine.wasm` is not a WebAssembly component: it is a core module: build it with `runner plugin build`"
    );
    for bytes in [&b""[..], b"#!/bin/sh\nrm -rf /\n", b"\0asm", &component("")[..20]] {
        assert!(
            refusal(bytes).starts_with("`mine.wasm` is not a WebAssembly component: "),
            "{}",
            refusal(bytes)
        );
    }
    let nameless = wat::parse_str("(component)").expect("a component");
    assert!(refusal(&nameless).contains("there is no custom section `runner:manifest`"));
    let wrong = with_manifest(&nameless, "name = \"Not A Name\"\nversion = \"1\"\nroles = []\n");
    assert!(matches!(
        PluginHost::inspect("wrong", &wrong),
        Err(LoadError::Manifest { .. })
    ));
    assert!(refusal(&with_manifest(&nameless, "\u{0}")).contains("has no usable manifest"));
}

#[test]
fn only_the_manifest_of_the_component_itself_counts() {
    // A module inside brings another one along, after it.
    let inner = r#"(core module (@custom "runner:manifest" "name = \"inner\""))"#;
    let text = format!("(component {} {inner})", guests::manifest_in_text());
    let bytes = wat::parse_str(text).expect("a component");
    let inspection = PluginHost::inspect("nested", &bytes).expect("has a manifest");
    assert_eq!(inspection.manifest.name, "hostile");
}
