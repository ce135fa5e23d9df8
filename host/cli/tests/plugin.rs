//! Plugins: looked at, trusted, made.

use std::path::Path;

use crate::env::TestEnv;

const SHOP: &str =
    "[project]\nname = \"shop\"\n\n[gate.own]\nplugin = \"./own.wasm\"\nconfig.run = [\"true\"]\n";

/// An official component under a name of its own stands for a third party's.
fn with_plugin() -> TestEnv {
    let env = TestEnv::with_profile(SHOP);
    let folder = Path::new(env!("RUNNER_PLUGINS_FOLDER"));
    std::fs::copy(folder.join("plugin-command.wasm"), env.work().join("own.wasm"))
        .expect("`make plugins` was run");
    env.commit("feat: a gate of our own");
    env
}

#[test]
fn one_that_nobody_trusts_is_not_run() {
    let env = with_plugin();
    insta::assert_snapshot!(env.run(&["quality-gate"]), @r"
    --- stderr ---
    error: plugin `./own.wasm` is not official, and nobody has trusted it
    hint: see what it asks for, and trust it: `runner plugin trust ./own.wasm`
    [exit code 3]
    ");
    assert_eq!(env.run(&["plugin", "trust", "own.wasm"]).code, Some(0));
    let lock = env.read("runner.lock").expect("written");
    assert!(lock.contains("[plugin.\"./own.wasm\"]"), "{lock}");
    assert!(lock.contains("digest = \"sha256:"), "{lock}");
    let again = env.run(&["plugin", "trust", "./own.wasm"]);
    assert!(again.stderr.contains("it was trusted before"), "{again}");
    // It may do what its config names only once the profile allows it; that is the grant's business.
    assert_ne!(env.run(&["quality-gate"]).code, Some(3));
    let changed: Vec<u8> = std::fs::read(env.work().join("own.wasm"))
        .expect("there")
        .into_iter()
        .chain([0, 2, 1, b'x'])
        .collect();
    std::fs::write(env.work().join("own.wasm"), changed).expect("written");
    insta::assert_snapshot!(env.run(&["quality-gate"]), @r"
    --- stderr ---
    error: plugin `./own.wasm` is not the one that was trusted: its bytes have changed
    hint: see what it asks for, and trust it: `runner plugin trust ./own.wasm`
    [exit code 3]
    ");
}

#[test]
fn what_one_is_and_asks_for() {
    let env = TestEnv::empty();
    let output = env.run(&["plugin", "inspect", "command"]).stdout;
    let stable: Vec<&str> = output
        .lines()
        .filter(|line| !line.contains("digest ") && !line.contains("from "))
        .collect();
    insta::assert_snapshot!(stable.join("\n"), @r"
    command 0.1.0: Runs a command and judges its exit code and output
      serves as  gate
      imports    runner:plugin/process@0.1.0
                 runner:plugin/runtime@0.1.0
                 runner:plugin/types@0.1.0
      exports    runner:plugin/configuration@0.1.0
                 runner:plugin/gate@0.1.0
      asks for
        runs the command of the check, and nothing else:
          env {{config:/env}}
          process {{config:/run}}
    ");
    let checked = env.run(&["plugin", "check", "command"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    insta::assert_snapshot!(env.run(&["plugin", "inspect", "comand"]), @r"
    --- stderr ---
    error: there is no official plugin `comand`; official are ...
    hint: a plugin of your own is named by its file: `./NAME.wasm`
    [exit code 3]
    ");
    env.write("no.wasm", "no");
    insta::assert_snapshot!(env.run(&["plugin", "check", "no.wasm"]), @r"
    --- stderr ---
    error: `no.wasm` is not a WebAssembly component: unexpected end-of-file (at offset 0x0)
    [exit code 3]
    ");
}

#[test]
fn a_new_one_is_a_crate() {
    let env = TestEnv::empty();
    insta::assert_snapshot!(env.run(&["plugin", "new", "no-friday"]), @r"
    no-friday/Cargo.toml
    no-friday/plugin.toml
    no-friday/src/lib.rs
    no-friday/README.md
    no-friday/.gitignore
    --- stderr ---
    next: `cd no-friday && cargo test && runner plugin build`; no-friday/README.md says the rest
    [EOF]
    ");
    assert!(
        env.read("no-friday/src/lib.rs")
            .expect("made")
            .contains("pub struct NoFriday;")
    );
    assert!(
        env.read("no-friday/plugin.toml")
            .expect("made")
            .contains("name = \"no-friday\"")
    );
    for file in ["Cargo.toml", "plugin.toml", "src/lib.rs", "README.md"] {
        let text = env.read(&format!("no-friday/{file}")).expect("made");
        assert!(
            !["{{name}}", "{{type}}", "{{sdk}}", "{{table}}", "{{config}}"]
                .iter()
                .any(|p| text.contains(p)),
            "{file}"
        );
    }
    insta::assert_snapshot!(env.run(&["plugin", "new", "no-friday"]), @r"
    --- stderr ---
    error: `$TEST_ENV/work/no-friday` is there already
    hint: choose another name, or remove it
    [exit code 2]
    ");
    insta::assert_snapshot!(env.run(&["plugin", "new", "No Friday"]), @r"
    --- stderr ---
    error: `No Friday` cannot name a plugin
    hint: use lower-case letters, digits and `-`, a letter first: `no-friday`
    [exit code 2]
    ");
    insta::assert_snapshot!(env.run(&["plugin", "build", "."]), @r"
    --- stderr ---
    error: there is no Cargo.toml in `$TEST_ENV/work`
    hint: go to the plugin's folder, or make one: `runner plugin new NAME`
    [exit code 3]
    ");
}
