//! Calling a plugin, beside calling a component that does nothing, and beside starting a program.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use runner_core::{
    effect::{Exit, Outcome, Request, Response},
    event::Level,
};
use runner_engine::{
    effects::Halt,
    plugin::{CallContext, Calls, Plugin, PluginHost},
};

use crate::measure::{Subject, Table};

/// Says that every program ended with 0.
struct Fine;

impl Calls for Fine {
    fn perform(&mut self, _: Request) -> Result<Outcome, Halt> {
        let exit = Exit {
            code: Some(0),
            ..Exit::default()
        };
        Ok(Ok(Response::Exit(exit)))
    }
    fn log(&mut self, _: Level, _: &str) {}
    fn progress(&mut self, _: u64, _: Option<u64>, _: &str) {}
}

pub(crate) fn measure(table: &mut Table) {
    let folder = crate::journal::folder();
    let cache = folder.path().join("compiled");
    let bytes = fs::read(plugins().join("plugin-command.wasm")).expect("run `make plugins`");
    let host = PluginHost::new(Some(cache.clone())).expect("an engine");
    let command = host.load("command", &bytes).expect("loads");
    let empty = host.load("empty", &empty()).expect("loads");

    let schema = |plugin: Plugin| move || drop(plugin.schema(Box::new(Fine), "gate").expect("answers"));
    let check = {
        let command = command.clone();
        move || {
            let verdict = command.check(Box::new(Fine), context()).expect("no crash");
            assert!(verdict.expect("no error").passed);
        }
    };
    table.compare(
        "a call of a plugin: fresh store, fresh instance",
        300,
        vec![
            Subject::new(
                "schema() of a component that returns an empty text",
                schema(empty),
            ),
            Subject::new("schema() of plugin `command`", schema(command)),
            Subject::new(
                "check() of plugin `command`, its one host call answered at once",
                check,
            ),
            Subject::new("for comparison: fork, exec and wait for `true`", || {
                assert!(Command::new("true").status().expect("starts").success());
            }),
        ],
    );

    let load = |cache: Option<PathBuf>| {
        let bytes = &bytes;
        move || {
            let host = PluginHost::new(cache.clone()).expect("an engine");
            host.load("command", bytes).expect("loads");
        }
    };
    table.compare(
        "making an engine and loading plugin `command`",
        10,
        vec![
            Subject::new("compiled before", load(Some(cache))),
            Subject::new("compiled anew", load(None)),
        ],
    );
}

fn plugins() -> PathBuf {
    std::env::var_os("RUNNER_PLUGINS_DIR").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("../plugins"),
        Into::into,
    )
}

fn context() -> CallContext {
    CallContext {
        run: "r-20260101-000000-test".to_owned(),
        step: "gate/true".to_owned(),
        plan: false,
        project: "bench".to_owned(),
        release: None,
        previous: None,
        environment: None,
        gradual: false,
        config: r#"{"run":["true"]}"#.to_owned(),
    }
}

/// The least that a component with `configuration.schema` can be.
fn empty() -> Vec<u8> {
    let manifest = "name = \"empty\"\nversion = \"1.0.0\"\ndescription = \"Nothing\"\nroles = [\"gate\"]\n";
    let text = format!(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
                (func (export "schema") (param i32 i32) (result i32) i32.const 64))
            (core instance $i (instantiate $m))
            (func $schema (param "role" string) (result string)
                (canon lift (core func $i "schema")
                    (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
            (instance $configuration (export "schema" (func $schema)))
            (export "runner:plugin/configuration@0.1.0" (instance $configuration))
            (@custom "runner:manifest" {manifest:?}))"#
    );
    wat::parse_str(text).expect("a component")
}
