use std::{collections::BTreeMap, path::Path};

use base64::{Engine as _, engine::general_purpose};
use proptest::prelude::*;
use runner_core::{fault::Fault, profile::SecretSource};
use tokio::runtime::Runtime;

use super::*;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn variable(name: &str) -> Option<OsString> {
    match name {
        "TOKEN" => Some("123456:AA/b+c d\"é<".into()),
        "SHORT" => Some("abc".into()),
        "PART" => Some("secret".into()),
        _ => None,
    }
}

fn env(name: &str) -> SecretSource {
    SecretSource::Env(name.to_owned())
}

fn secrets(runtime: &Runtime, folder: &Path, sources: &[(&str, SecretSource)]) -> Secrets {
    let sources = sources
        .iter()
        .cloned()
        .map(|(name, source)| (name.to_owned(), source));
    Secrets::with_environment(
        sources.collect(),
        folder,
        runtime.handle().clone(),
        Stop::default(),
        variable,
    )
}

/// Secrets with these values, as if they had been looked up.
fn known(runtime: &Runtime, values: &[String]) -> Secrets {
    let secrets = secrets(runtime, Path::new("."), &[]);
    let values: BTreeMap<_, _> = values
        .iter()
        .enumerate()
        .map(|(index, value)| (format!("s{index}"), value.clone()))
        .collect();
    *secrets.scrubber.write().expect("not poisoned") = Arc::new(Scrubber::new(&values));
    secrets
}

#[test]
fn fills_each_name_and_nothing_else() {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key"), "pass word\r\n").expect("written");
    let secrets = secrets(
        &runtime,
        folder.path(),
        &[
            ("key", SecretSource::File("key".into())),
            (
                "made",
                SecretSource::Command(["printf", "from-%s\n", "sh"].map(String::from).into()),
            ),
        ],
    );
    let text = "a {{secret:key}} b {{secret:made}} {{secret:key}} {{other}} {{secret:open";
    assert_eq!(Secrets::names_in(text), ["key", "made"]);
    let filled = "a pass word b from-sh pass word {{other}} {{secret:open";
    assert_eq!(secrets.fill(text).expect("filled"), filled);
    assert_eq!(
        secrets.fill_bytes(text.as_bytes()).expect("filled"),
        filled.as_bytes()
    );
    assert_eq!(
        secrets.fill_bytes(b"\xff{{secret:key}}\xfe").expect("filled"),
        b"\xffpass word\xfe"
    );
    let quoted = self::secrets(&runtime, folder.path(), &[("token", env("TOKEN"))]);
    let text = "A=\"x{{secret:token|quoted}}\"\n";
    let filled = "A=\"x123456:AA/b+c d\\\"é<\"\n";
    assert_eq!(quoted.fill(text).expect("filled"), filled);
    assert_eq!(
        quoted.fill_bytes(text.as_bytes()).expect("filled"),
        filled.as_bytes()
    );
    assert_eq!(Secrets::names_in(text), ["token"]);
    assert_eq!(
        secrets.fill_each("{{secret:key}}", in_url).expect("filled"),
        "pass%20word"
    );
}

#[test]
fn says_which_secret_is_missing_and_where_it_was_looked_for() {
    let runtime = runtime();
    let secrets = secrets(
        &runtime,
        Path::new("/nowhere"),
        &[
            ("part", env("PART")),
            ("short", env("SHORT")),
            ("unset", env("UNSET_VARIABLE")),
            ("file", SecretSource::File("gone.txt".into())),
            ("none", SecretSource::Command(vec![])),
        ],
    );
    let said = ["part", "short", "unset", "file", "none", "unknown"].map(|name| {
        let fault = secrets.fill(&format!("{{{{secret:{name}}}}}")).expect_err(name);
        assert!(matches!(fault, Fault::Failed { .. }), "{fault:?}");
        fault.to_string()
    });
    insta::assert_snapshot!(said.join("\n"), @r#"
    the secret `part` is part of the text that stands for a secret, `{{secret:...}}`, so it cannot be kept out of logs: choose another value, or another name
    the secret `short` is 3 characters long: at least 4 are needed, since a shorter one cannot be told from other text and so not be kept out of logs
    no secret `unset`: the environment has no variable `UNSET_VARIABLE`
    no secret `file`: cannot read the file `/nowhere/gone.txt`: No such file or directory (os error 2)
    no secret `none`: its command in the profile is empty
    the profile has no secret `unknown` (it has `file`, `none`, `part`, `short`, `unset`): add e.g. `unknown = { env = "..." }` below `[secrets]`
    "#);
}

#[test]
fn a_program_that_fails_gives_no_secret_and_is_asked_again() {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a folder");
    let script = "test -e ready && echo opened || { echo locked >&2; exit 3; }";
    let source = SecretSource::Command(["sh", "-c", script].map(String::from).into());
    let secrets = secrets(&runtime, folder.path(), &[("vault", source)]);
    let fault = secrets.fill("{{secret:vault}}").expect_err("locked").to_string();
    assert!(fault.contains("exit status: 3: locked"), "{fault}");
    std::fs::write(folder.path().join("ready"), "").expect("written");
    assert_eq!(secrets.fill("{{secret:vault}}").expect("opened"), "opened");
    // Once known, the program is not run again.
    std::fs::remove_file(folder.path().join("ready")).expect("removed");
    assert_eq!(secrets.fill("{{secret:vault}}").expect("known"), "opened");
}

#[test]
fn stopping_ends_the_wait_for_a_program() {
    let runtime = runtime();
    let source = SecretSource::Command(["sleep", "60"].map(String::from).into());
    let secrets = secrets(&runtime, Path::new("."), &[("slow", source)]);
    secrets.stop.stop();
    let fault = secrets.fill("{{secret:slow}}").expect_err("stopped");
    assert!(matches!(fault, Fault::Interrupted { .. }), "{fault:?}");
}

#[test]
fn every_form_is_taken_out() {
    let runtime = runtime();
    let secrets = secrets(&runtime, Path::new("."), &[("token", env("TOKEN"))]);
    let value = "123456:AA/b+c d\"é<";
    let forms = [
        value.to_owned(),
        "123456%3AAA%2Fb%2Bc%20d%22%C3%A9%3C".to_owned(),
        "123456%3aAA%2fb%2bc%20d%22%c3%a9%3c".to_owned(),
        "123456%3AAA%2Fb%2Bc+d%22%C3%A9%3C".to_owned(),
        "123456%3AAA/b%2Bc%20d%22%C3%A9%3C".to_owned(),
        in_url(value),
        r#"123456:AA/b+c d\"é<"#.to_owned(),
        r#"123456:AA\/b+c d\"\u00e9<"#.to_owned(),
        r#"123456:AA/b+c d\"\u00e9\u003c"#.to_owned(),
        "123456:AA/b+c d&quot;é&lt;".to_owned(),
        general_purpose::STANDARD.encode(value),
        general_purpose::URL_SAFE_NO_PAD.encode(value),
        hex::encode(value),
        hex::encode_upper(value),
    ];
    for form in forms {
        let text = format!("<a {form} b>");
        assert_eq!(
            secrets.scrub_text(text.as_str()),
            "<a {{secret:token}} b>",
            "{form}"
        );
    }
}

#[test]
fn a_long_key_is_taken_out_line_by_line_too() {
    let runtime = runtime();
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n-----END KEY-----".to_owned();
    let secrets = known(&runtime, &[key]);
    let indented = secrets.scrub_text("  key: |\n    MIIEvQIBADANBg\n    kqhkiG9w0BAQ\n");
    assert_eq!(indented, "  key: |\n    {{secret:s0}}\n    {{secret:s0}}\n");
}

#[test]
fn nothing_is_held_back_without_need() {
    let runtime = runtime();
    let secrets = known(&runtime, &["hunter22".to_owned()]);
    let mut stream = secrets.stream();
    assert_eq!(stream.push(b"Password? "), b"Password? ");
    assert_eq!(stream.push(b"I hunt"), b"I ");
    assert_eq!(stream.push(b" and hunter2"), b"hunt and ");
    assert_eq!(stream.push(b"2!"), b"{{secret:s0}}!");
    assert_eq!(stream.push(b"hun"), b"");
    assert_eq!(stream.finish(), b"hun");
}

fn contains(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|window| window == what.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_value_comes_back(
        values in prop::collection::vec("[a-zA-Z0-9+/=%\"\\\\ é\n]{4,24}", 1..4),
        parts in prop::collection::vec(("[ -~]{0,12}", any::<prop::sample::Index>(), 0_u8..6), 1..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let placeholders = (0..4).map(|index| placeholder(&format!("s{index}"))).collect::<String>();
        prop_assume!(values.iter().all(|value| !placeholders.contains(value.as_str())));
        let runtime = runtime();
        let secrets = known(&runtime, &values);
        let mut bytes = Vec::new();
        for (text, index, form) in &parts {
            let value = index.get(&values);
            bytes.extend_from_slice(text.as_bytes());
            bytes.extend_from_slice(match form {
                0 => general_purpose::STANDARD.encode(value),
                1 => hex::encode(value),
                2 => in_url(value),
                _ => value.clone(),
            }.as_bytes());
        }
        let whole = secrets.scrub(bytes.clone());
        for value in &values {
            prop_assert!(!contains(&whole, value), "{value:?} in {:?}", String::from_utf8_lossy(&whole));
        }
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut stream = secrets.stream();
        let mut pieces = Vec::new();
        for pair in cuts.windows(2) {
            pieces.extend(stream.push(&bytes[pair[0]..pair[1]]));
        }
        pieces.extend(stream.finish());
        prop_assert_eq!(pieces, whole);
    }
}
