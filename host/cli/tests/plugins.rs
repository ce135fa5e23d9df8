//! The way of a plugin of one's own: made, tested, built, trusted, used, and refused once it is another. Cargo and the
//! WASM target do their real work here.

mod stand_in;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::env::TestEnv;
use stand_in::Wiki;

/// Cargo's target folder for all the crates made here, so that the SDK is compiled once.
fn target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins")
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("host/cli is two folders deep")
        .to_owned()
}

/// With what cargo and rustup need of the real home.
fn with_cargo(env: TestEnv) -> TestEnv {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let folder = |name: &str, default: &str| {
        let named = std::env::var_os(name).map(PathBuf::from);
        named.unwrap_or_else(|| home.join(default)).display().to_string()
    };
    let (cargo, rustup) = (folder("CARGO_HOME", ".cargo"), folder("RUSTUP_HOME", ".rustup"));
    // Where a std for the target may have been built already.
    let cache = folder("RUNNER_WASM_CACHE", ".cache/runner/wasm-sysroot");
    env.set("CARGO_HOME", &cargo)
        .set("RUNNER_WASM_CACHE", &cache)
        .set("RUSTUP_HOME", &rustup)
        .set("CARGO_TARGET_DIR", &target_dir().display().to_string())
        .set("RUNNER_SDK_PATH", &root().join("sdk").display().to_string())
}

/// Whether components can be built here. In CI they must be.
#[expect(clippy::print_stderr, reason = "a skip must be loud")]
fn can_build() -> bool {
    match runner_build::toolchain::ready(&root()) {
        Ok(_) => true,
        Err(why) => {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "no WASM target: {why}"
            );
            eprintln!("!! SKIPPED: there is no WASM target here, so no plugin was built: {why}");
            false
        }
    }
}

/// The crate's own tests pass.
fn cargo_test(folder: &Path) {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target_dir())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", folder.display());
}

const GATED: &str = "[project]\nname = \"shop\"\n\n[gate.no-tbd]\nplugin = \"./no-tbd.wasm\"\n\
                     config = { path = \"NOTES.md\", forbid = \"TBD\" }\n";

#[test]
fn a_new_one_is_tested_built_trusted_and_run() {
    let env = with_cargo(TestEnv::with_profile(GATED));
    env.write("NOTES.md", "# Notes\n");
    env.write(".gitignore", "no-tbd\ntell\ncount\n.runner\n");
    for (name, role) in [("no-tbd", "gate"), ("tell", "notifier"), ("count", "metrics")] {
        let made = env.run(&["plugin", "new", name, "--role", role]);
        assert_eq!(made.code, Some(0), "{made}");
        cargo_test(&env.work().join(name));
    }
    if !can_build() {
        return;
    }
    let built = env.run(&["plugin", "build", "no-tbd", "--out", "."]);
    assert_eq!(built.code, Some(0), "{built}");
    let checked = env.run(&["plugin", "check", "no-tbd.wasm"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    env.commit("feat: a gate of our own");
    insta::assert_snapshot!(env.run(&["quality-gate"]), @r"
    --- stderr ---
    error: plugin `./no-tbd.wasm` is not official, and nobody has trusted it
    hint: see what it asks for, and trust it: `runner plugin trust ./no-tbd.wasm`
    [exit code 3]
    ");
    assert_eq!(env.run(&["plugin", "trust", "no-tbd.wasm"]).code, Some(0));
    env.commit("feat: trust it");
    let passed = env.run(&["quality-gate"]);
    assert_eq!(passed.code, Some(0), "{passed}");
    assert!(passed.stderr.contains("no `TBD` in `NOTES.md`"), "{passed}");
    env.write("NOTES.md", "# Notes\n\n- TBD\n");
    env.commit("docs: notes");
    assert_eq!(env.run(&["quality-gate"]).code, Some(10));

    let file = env.work().join("no-tbd.wasm");
    let mut bytes = std::fs::read(&file).expect("there");
    bytes.extend([0, 2, 1, b'x']);
    std::fs::write(&file, bytes).expect("written");
    let refused = env.run(&["quality-gate"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(refused.stderr.contains("its bytes have changed"), "{refused}");
}

const TOKEN: &str = "robot-7f3a91c2e5";

/// A release that tells `notifier`, which is all that differs.
fn profile(plugin: &str, config: &str) -> String {
    format!(
        "[project]\nname = \"shop\"\n\n[release]\nenvironments = []\n\n[gate.tests]\nplugin = \"command\"\n\
         config = {{ run = [\"true\"] }}\n\n[notify.wiki]\nplugin = \"{plugin}\"\nconfig = {config}\n\n\
         [secrets]\nwiki-token = {{ env = \"WIKI_TOKEN\" }}\n"
    )
}

#[test]
fn one_of_an_organisation_takes_the_place_of_an_official_one() {
    if !can_build() {
        return;
    }
    let wiki = Wiki::start();
    let env = with_cargo(TestEnv::with_profile(&profile("file", "{ path = \"told.log\" }")));
    let env = env.set("WIKI_TOKEN", TOKEN);
    env.write(".gitignore", ".runner\n");
    let example = root().join("examples/acme-wiki").display().to_string();
    let built = env.run(&["plugin", "build", &example, "--out", "."]);
    assert_eq!(built.code, Some(0), "{built}");
    let config = format!(
        "{{ url = \"{}\", token = \"{{{{secret:wiki-token}}}}\" }}",
        wiki.url()
    );
    env.write("runner.toml", &profile("./acme-wiki.wasm", &config));
    assert_eq!(env.run(&["plugin", "trust", "acme-wiki.wasm"]).code, Some(0));
    env.commit("feat: notes go to the wiki");
    let released = env.run(&["release"]);
    assert_eq!(released.code, Some(0), "{released}");

    let requests = wiki.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let (head, body) = requests[0].split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("PUT /pages/0.1.0 HTTP/1.1\r\n"), "{head}");
    let header = format!("authorization: bearer {TOKEN}");
    assert!(head.to_lowercase().lines().any(|line| line == header), "{head}");
    let page: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(page["title"], "shop v0.1.0");
    assert!(
        page["markdown"]
            .as_str()
            .is_some_and(|text| text.contains("otes go to the wiki")),
        "{page}"
    );
    let journal = env.run(&["show", "--events"]);
    assert!(journal.stdout.contains("/pages/0.1.0"), "{journal}");
    assert!(!journal.stdout.contains(TOKEN), "the secret is in the journal");
}
