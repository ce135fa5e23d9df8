//! The contract, held against every official component: what it imports, what it says of itself, and how it behaves when it
//! is denied everything, answered at random, asked for a plan, configured with nonsense, or broken off.

mod calls;
mod chance;
mod samples;
mod twice;

use std::collections::BTreeSet;

use runner_core::{
    effect::{Nature, Request},
    fault::Fault,
    grant::{Grant, Permissions},
    manifest::Role,
};
use runner_engine::plugin::PluginHost;
use serde_json::{Value, json};

use self::{
    calls::{Call, Said, every_call},
    samples::{Sample, samples},
};
use crate::promises::{
    components::{load, official},
    conversation::{Conversation, nothing, of_runtime},
};

#[test]
fn every_official_component_has_a_sample() {
    let known: BTreeSet<_> = samples().into_iter().map(|sample| sample.plugin).collect();
    for name in official().keys() {
        assert!(
            known.contains(name.as_str()),
            "no sample for plugin `{name}`: add one to tests/promises/official/samples.rs"
        );
    }
    for name in known {
        assert!(
            official().contains_key(name),
            "`{name}` was not built: run `make plugins`"
        );
    }
}

#[test]
fn imports_nothing_but_the_contract() {
    for (name, bytes) in official() {
        let inspection = PluginHost::inspect(name, bytes).expect("can be read");
        assert_eq!(inspection.manifest.name, *name);
        assert!(!inspection.manifest.description.is_empty());
        assert!(!inspection.imports.is_empty(), "{name}");
        for import in &inspection.imports {
            assert!(import.starts_with("runner:plugin/"), "{name} imports {import}");
        }
    }
}

#[test]
fn serves_in_the_roles_that_its_manifest_names() {
    for name in official().keys() {
        let plugin = load(name);
        let claimed: BTreeSet<Role> = plugin.manifest.roles.iter().copied().collect();
        let exported: BTreeSet<Role> = plugin.roles.iter().copied().collect();
        assert_eq!(claimed, exported, "{name}");
    }
}

#[test]
fn asks_for_what_its_imports_could_use() {
    // A want without its import would frighten people for nothing.
    for (name, bytes) in official() {
        let inspection = PluginHost::inspect(name, bytes).expect("can be read");
        let imports = |interface: &str| {
            let start = format!("runner:plugin/{interface}@");
            inspection.imports.iter().any(|import| import.starts_with(&start))
        };
        for want in &inspection.manifest.wants {
            let Permissions {
                process,
                http,
                files,
                append,
                machine_files,
                services,
                artifacts,
                person,
                reports,
                ..
            } = &want.permissions;
            let pairs = [
                (!process.is_empty(), "process"),
                (!http.is_empty(), "http"),
                (!files.is_empty() || !append.is_empty() || *reports, "files"),
                (!machine_files.is_empty(), "machine-files"),
                (!services.is_empty(), "services"),
                (!artifacts.is_empty(), "artifacts"),
                (*person, "person"),
            ];
            for (wanted, interface) in pairs {
                assert!(
                    !wanted || imports(interface) || interface == "machine-files" && imports("artifacts"),
                    "{name} wants `{interface}` ({}) and does not import it",
                    want.reason
                );
            }
        }
    }
}

#[test]
fn has_a_schema_for_each_role_that_its_sample_fits() {
    for sample in samples() {
        let plugin = load(sample.plugin);
        for role in &plugin.roles {
            let (calls, heard) = Conversation::by(nothing);
            let text = plugin.schema(calls, role.name()).expect("answers");
            let schema: Value = serde_json::from_str(&text).expect("JSON");
            assert!(jsonschema::meta::is_valid(&schema), "{}: {schema}", sample.plugin);
            let validator = jsonschema::validator_for(&schema).expect("a schema");
            let errors: Vec<_> = validator
                .iter_errors(&sample.config)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{}: {errors:?}", sample.plugin);
            assert!(
                !validator.is_valid(&json!({ "no-such-key": 1 })),
                "{} takes any key",
                sample.plugin
            );
            assert!(heard.asked().is_empty(), "a schema needs no host");
        }
        let (calls, _) = Conversation::by(nothing);
        assert_eq!(
            plugin.schema(calls, "no-such-role").expect("answers"),
            "",
            "{}",
            sample.plugin
        );
    }
}

#[test]
fn denied_everything_it_says_so_and_nothing_happens() {
    for_every_call(false, |sample, call| {
        if is_none_of_its_business(sample, call) {
            return;
        }
        let grant = Grant {
            plugin: sample.plugin.to_owned(),
            path: format!("gate.{}", sample.plugin),
            asked: Permissions::default(),
            allowed: Permissions::default(),
            secrets: BTreeSet::new(),
            written: Permissions::default(),
        };
        let (calls, heard) = Conversation::by(move |n, request| match grant.check(request) {
            Err(denial) => Err(denial.into()),
            // Reading the repository needs no grant; denied here all the same.
            Ok(()) => of_runtime(n, request).unwrap_or_else(|| {
                Err(Fault::Denied {
                    message: request.summary(),
                })
            }),
        });
        match call.perform(&load(sample.plugin), sample, false, calls) {
            Said::Answer(answer) if answer.refuses() => {}
            Said::Fault(fault) => assert!(
                matches!(fault, Fault::Denied { .. } | Fault::Failed { .. }),
                "{}: {fault:?}",
                call.title(sample)
            ),
            other => panic!("{}, denied everything, says {other:?}", call.title(sample)),
        }
        let asked = heard
            .asked()
            .iter()
            .filter(|request| of_runtime(0, request).is_none())
            .count();
        assert!(asked > 0, "{} asked for nothing", call.title(sample));
    });
}

/// Whether a notifier has nothing to do with an event: Sentry knows releases and deploys only.
fn is_none_of_its_business(sample: &Sample, call: &Call) -> bool {
    let other = matches!(
        call,
        Call::Notify(
            "gate" | "deploy-failed" | "approval-wanted" | "alert" | "digest",
            _
        )
    );
    sample.plugin == "sentry" && other
}

#[test]
fn the_same_answers_make_the_same_requests_whatever_they_are() {
    for_every_call(false, |sample, call| {
        for seed in 0..24 {
            let once = || {
                let (calls, heard) = Conversation::by(move |n, request| chance::answer(seed, n, request));
                let said = call.perform(&load(sample.plugin), sample, false, calls);
                if let Said::Crash(message) = &said {
                    panic!("{}, seed {seed}: {message}", call.title(sample));
                }
                let asked = heard.asked();
                twice::is_held(sample.plugin, &asked);
                let requests = serde_json::to_string(&asked).expect("JSON");
                (requests, heard.said(), format!("{said:?}"))
            };
            assert_eq!(once(), once(), "{}, seed {seed}", call.title(sample));
        }
    });
}

#[test]
fn a_plan_asks_for_reads_and_lists_the_rest() {
    for_every_call(true, |sample, call| {
        for seed in 0..12 {
            let (calls, heard) = Conversation::by(move |n, request| {
                if request.nature() == Nature::Read {
                    return chance::answer(seed, n, request);
                }
                Err(Fault::Planned {
                    message: request.summary(),
                })
            });
            let said = call.perform(&load(sample.plugin), sample, true, calls);
            if let Said::Crash(message) = &said {
                panic!("{}, seed {seed}: {message}", call.title(sample));
            }
            for request in heard.asked().iter().filter(|r| r.nature() == Nature::Read) {
                assert!(is_surely_a_read(request), "{}: {request:?}", call.title(sample));
            }
        }
    });
}

/// Programs that only tell how things are, by their first words.
const TELLING: &[&[&str]] = &[
    &["git", "grep"],
    &["git", "diff-tree"],
    &["git", "describe"],
    &["systemctl", "show"],
    &["systemctl", "is-enabled"],
    &["nginx", "-t"],
    &["curl", "--silent"],
    &["stat", "--format"],
    &["df", "-Pk"],
    &["dpkg-query", "--show"],
    &["getent"],
    &["date", "+%z"],
    &["python3", "--version"],
    &["ss", "-Hltnp"],
    &["readlink", "--"],
    &["journalctl"],
    &["cmp", "-s"],
    &["grep", "-o"],
    &["openssl", "x509", "-noout"],
    &["env", "--chdir"],
    &["systemd-run", "--quiet", "--collect", "--wait"],
    &["-u", "postgres", "psql"],
];

/// Of programs that run another one, or a statement: whether that only tells. Alembic's `upgrade` comes by the same way as its `current`.
fn only_tells(words: &[&str]) -> bool {
    let last = words.last();
    match words.first() {
        Some(&"systemd-run") => last == Some(&"current"),
        Some(&"env") => last == Some(&"heads"),
        Some(&"-u") => last.is_some_and(|sql| sql.trim_start().starts_with("SELECT")),
        _ => true,
    }
}

/// Whether what a component calls a read is one. The nature of programs and HTTP requests is the plugin's word.
fn is_surely_a_read(request: &Request) -> bool {
    match request {
        Request::Run(command) => {
            let words: Vec<&str> = command.argv.iter().map(String::as_str).collect();
            let words = words.strip_prefix(["sudo", "-n"].as_slice()).unwrap_or(&words);
            TELLING.iter().any(|telling| words.starts_with(telling)) && only_tells(words)
        }
        Request::RunAll { commands } => commands.is_empty(),
        Request::Send(http) => {
            let asks = ["/api/v1/query", "/v2/getMonitors"];
            http.method == "GET" || asks.iter().any(|end| http.url.ends_with(end))
        }
        _ => true,
    }
}

#[test]
fn nonsense_for_a_config_is_told_not_trapped_on() {
    let nonsense = [
        "",
        "no JSON",
        "null",
        "\"text\"",
        "{\"no-such-key\": 1}",
        "{\"url\": 7, \"run\": 7, \"path\": 7, \"root\": 7, \"token\": 7, \"format\": 7, \"paths\": 7, \"calls\": 7}",
        "{\"url\": \"\\ud800\"}",
    ];
    let deep = "[".repeat(100_000);
    for_every_call(false, |sample, call| {
        for text in nonsense.iter().copied().chain([deep.as_str()]) {
            let (calls, heard) = Conversation::by(nothing);
            let said = call.perform_with(&load(sample.plugin), sample, text.to_owned(), false, calls);
            let start: String = text.chars().take(40).collect();
            assert!(
                matches!(said, Said::Fault(Fault::InvalidConfig { .. })),
                "{}, configured with {start}: {said:?}",
                call.title(sample)
            );
            assert!(heard.asked().is_empty(), "{}: {start}", call.title(sample));
        }
    });
}

fn for_every_call(plan: bool, test: impl Fn(&Sample, &Call)) {
    for sample in samples() {
        for role in load(sample.plugin).roles {
            for call in every_call(role) {
                if !plan || call.in_plans() {
                    test(&sample, &call);
                }
            }
        }
    }
}
