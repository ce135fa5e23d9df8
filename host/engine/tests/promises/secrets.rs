//! A secret's value reaches the program or the server that it is for, and nothing else: not the guest, the journal, its blobs,
//! a log, a report, or a message.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use runner_core::event::Command;
use serde_json::json;

use super::{
    scratch::{Scratch, Seen, begin, findings},
    server::{Reply, serve},
};

/// A guest that gets its secret back in every way that programs and servers have, and tells the world.
fn no_trace_of(value: &str) {
    let scratch = Scratch::new();
    // Outside of everything that is searched.
    let outside = tempfile::tempdir().expect("a folder");
    let file = outside.path().join("secret");
    fs::write(&file, value).expect("written");

    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    // An echo: all that came goes back, in the headers, the body and the status line's neighbours.
    let url = serve(move |received| {
        ears.lock()
            .expect("no test panics here")
            .push(received.path.clone());
        let mut reply = Reply::new(
            403,
            format!("you asked for {} with {:?}", received.path, received.headers),
        );
        reply.headers.push(("x-path".to_owned(), received.path.clone()));
        reply
    });
    let lines = [
        "printf %s \"$TOLD\"; printf %s \"$TOLD\" >&2; cat",
        "printf %s \"$TOLD\" | base64 -w 0",
        "printf %s \"$TOLD\" | od -An -tx1 | tr -d ' \\n'",
        "printf '%s\\n' \"$TOLD\" \"$TOLD\" \"x${TOLD}x\"",
    ];
    let same = format!("printf %s \"$TOLD\" | cmp - {} && echo the same", file.display());
    let calls: Vec<_> = lines
        .iter()
        .copied()
        .chain([same.as_str()])
        .map(|line| json!({ "tell": { "line": line, "variable": "{{secret:token}}", "stdin": "{{secret:token}}" } }))
        .chain([
            json!({ "get": format!("{url}/a/{{{{secret:token}}}}/b?c={{{{secret:token}}}}") }),
            json!({ "idempotent": format!("cp {} leaked.txt", file.display()) }),
        ])
        .collect();
    let process = json!({
        "project": { "name": "scratch" },
        "secrets": { "token": { "command": ["cat", file] } },
        "gate": { "probe": { "plugin": "probe", "config": { "calls": calls, "url": url } } },
    });
    let seen = Seen::default();
    let session = begin(
        &scratch.setup(),
        &process,
        Command::QualityGate { checks: Vec::new() },
        &seen,
    );
    session.drive().expect("ends");

    // It did arrive...
    let said = findings(&session.state(), "probe");
    assert!(said[4].ends_with("the same "), "{}", said[4]);
    assert_eq!(heard.lock().expect("no test panics here").len(), 1);
    assert_eq!(
        fs::read_to_string(scratch.path("leaked.txt")).expect("copied"),
        value
    );
    fs::remove_file(scratch.path("leaked.txt")).expect("removed");
    // ...and is told of by its name.
    assert!(said[0].contains("{{secret:token}}"), "{}", said[0]);

    let forms = [
        value.to_owned(),
        STANDARD.encode(value),
        hex::encode(value),
        serde_json::to_string(value)
            .expect("JSON")
            .trim_matches('"')
            .to_owned(),
        percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string(),
        format!("{:?}", value).trim_matches('"').to_owned(),
    ];
    let live = seen
        .events()
        .iter()
        .map(|event| serde_json::to_string(event).expect("JSON"))
        .collect::<String>();
    drop(session);
    for form in &forms {
        assert!(
            !live.contains(form.as_str()),
            "an event has {form:?} of {value:?}"
        );
        assert_nowhere(scratch.folder(), form.as_bytes());
    }
}

fn assert_nowhere(folder: &Path, bytes: &[u8]) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            assert_nowhere(&path, bytes);
        } else if !path.is_symlink() {
            let content = fs::read(&path).expect("a file");
            let found = content.windows(bytes.len()).any(|window| window == bytes);
            assert!(
                !found,
                "{} has {:?}",
                path.display(),
                String::from_utf8_lossy(bytes)
            );
        }
    }
}

#[test]
fn no_trace_is_left_of_values_that_are_hard_to_find() {
    for value in [
        "s3cr3t-token-4711",
        "123456:AAE-x_y/z+w==",
        "with spaces & \"quotes\" 'and' \\backslashes\\ %41 <b>",
        "Grüße-aus-dem-Tresor-🔑",
        "{\"type\":\"service_account\",\"key\":\"abc\\ndef\"}",
        "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----",
        "aaaaaaaaaaaaaaaaaaaa",
    ] {
        no_trace_of(value);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Long enough that it is nowhere by chance.
    #[test]
    fn no_trace_is_left_of_any_value(value in "[!-~]([ -~]|[äß€🔑]){14,60}[!-~]") {
        no_trace_of(&value);
    }
}

#[test]
fn a_secret_that_the_config_does_not_name_is_denied() {
    let scratch = Scratch::new();
    let process = json!({
        "project": { "name": "scratch" },
        "secrets": { "token": { "command": ["touch", "asked-for"] } },
        // The name is put together in the guest's own output, so the config never says it.
        "gate": { "probe": { "plugin": "probe.wasm", "allow": { "process": [["sh", "-c", "*"]], "env": ["*"] },
            "config": { "calls": [{ "assemble": "token" }] } } },
    });
    let session = begin(
        &scratch.setup(),
        &process,
        Command::QualityGate { checks: Vec::new() },
        &Seen::default(),
    );
    session.drive().expect("ends");
    let said = findings(&session.state(), "probe");
    assert!(said[0].contains("may not use the secret `token`"), "{}", said[0]);
    assert!(!scratch.path("asked-for").exists());
}
