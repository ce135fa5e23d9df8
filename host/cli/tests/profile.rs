//! Where a profile comes from, and what is said of one that cannot be used.

use crate::env::TestEnv;

const SHOP: &str =
    "[project]\nname = \"shop\"\n\n[gate.tests]\nplugin = \"command\"\nconfig.run = [\"true\"]\n";

#[test]
fn outside_of_a_repository() {
    let env = TestEnv::empty();
    insta::assert_snapshot!(env.run(&["status"]), @r"
    --- stderr ---
    error: `$TEST_ENV/work` is not in a git repository
    hint: go to the project's folder, or name it: `runner -C DIR ...`
    [exit code 3]
    ");
    insta::assert_snapshot!(env.run(&["-C", "nowhere", "status"]), @r"
    --- stderr ---
    error: there is no folder `nowhere`
    [exit code 3]
    ");
}

#[test]
fn without_a_commit_or_a_profile() {
    let env = TestEnv::empty();
    env.git(&["init", "--quiet"]);
    insta::assert_snapshot!(env.run(&["version"]), @r"
    --- stderr ---
    error: there is no `runner.toml` in `$TEST_ENV/work` or above it
    hint: write one, or start from a built-in profile: `runner profile list`, `--profile demo`
    [exit code 3]
    ");
    env.write("runner.toml", SHOP);
    insta::assert_snapshot!(env.run(&["version"]), @r"
    --- stderr ---
    error: `$TEST_ENV/work` has no commit yet
    hint: git commit: a release is made of commits
    [exit code 3]
    ");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let env = TestEnv::with_profile(
        "[project]\nname = \"shop\"\n\n[gate.tests]\nplugn = \"command\"\n\n[release]\nenvironments = [\"prod\"]\n",
    );
    insta::assert_snapshot!(env.run(&["profile", "check"]), @r"
    --- stderr ---
    error: runner.toml:4: gate.tests: `plugin` is missing
    hint: add `plugin = ...`: An official plugin's name, or the path of a `.wasm` file (relative to the file that says so)
    error: runner.toml:5: gate.tests.plugn: unknown key `plugn`
    hint: did you mean `plugin`? known here: `allow`, `config`, `plugin`, `timeout`
    error: runner.toml:8: release.environments[0]: there is no `[environments.prod]`
    hint: add `[environments.prod]`
    [exit code 3]
    ");
    insta::assert_snapshot!(env.run(&["release"]), @r"
    --- stderr ---
    error: runner.toml:4: gate.tests: `plugin` is missing
    hint: add `plugin = ...`: An official plugin's name, or the path of a `.wasm` file (relative to the file that says so)
    error: runner.toml:5: gate.tests.plugn: unknown key `plugn`
    hint: did you mean `plugin`? known here: `allow`, `config`, `plugin`, `timeout`
    error: runner.toml:8: release.environments[0]: there is no `[environments.prod]`
    hint: add `[environments.prod]`
    [exit code 3]
    ");
}

#[test]
fn what_is_no_toml() {
    let env = TestEnv::with_profile("[project\nname = \"shop\"\n");
    insta::assert_snapshot!(env.run(&["release", "--plan"]), @r"
    --- stderr ---
    error: runner.toml:1: not TOML at column 9: unclosed table, expected `]`
        1 | [project
                    ^
    [exit code 3]
    ");
}

#[test]
fn the_config_of_a_plugin_is_checked_with_its_line() {
    let env = TestEnv::with_profile(&SHOP.replace(
        "config.run = [\"true\"]",
        "config.run = \"true\"\nconfig.tiemout = \"1m\"",
    ));
    insta::assert_snapshot!(env.run(&["profile", "check"]), @r"
    --- stderr ---
    error: runner.toml:6: gate.tests.config.run: `true` is text, a list is wanted
    hint: Program and arguments; never a shell line
    error: runner.toml:7: gate.tests.config.tiemout: unknown key `tiemout`
    hint: did you mean `timeout`? known here: `cwd`, `env`, `exit`, `forbid-output`, `nature`, `require-output`, `run`, `timeout`
    [exit code 3]
    ");
}

#[test]
fn a_plugin_that_is_none() {
    let env = TestEnv::with_profile(&SHOP.replace("\"command\"", "\"comand\""));
    insta::assert_snapshot!(env.run(&["quality-gate"]), @r"
    --- stderr ---
    error: runner.toml:5: gate.tests: there is no official plugin `comand`; official are ...
    hint: runner plugin list
    [exit code 3]
    ");
    let env = TestEnv::with_profile(&SHOP.replace("\"command\"", "\"./gone.wasm\""));
    insta::assert_snapshot!(env.run(&["quality-gate"]), @r"
    --- stderr ---
    error: runner.toml:5: gate.tests: cannot read plugin `./gone.wasm`: No such file or directory (os error 2)
    hint: runner plugin list
    [exit code 3]
    ");
    let env = TestEnv::with_profile(&SHOP.replace("gate.tests", "notify.tests"));
    insta::assert_snapshot!(env.run(&["profile", "check"]), @r"
    --- stderr ---
    error: runner.toml:5: notify.tests: plugin `command` cannot serve as a notifier
    hint: it can serve as gate
    [exit code 3]
    ");
}

#[test]
fn layers_lie_over_each_other() {
    let env = TestEnv::with_profile(&format!("{SHOP}config.timeout = \"1m\"\n"));
    let user = "[gate.tests]\nplugin = \"command\"\nconfig.timeout = \"9m\"\nconfig.cwd = \"web\"\n";
    env.write("../home/.config/runner/runner.toml", user);
    env.write("deep/er/file", "");
    let shown = env.run_in(
        "deep/er",
        &["profile", "show", "--set", "version.tag-prefix=shop/"],
    );
    insta::assert_snapshot!(shown, @r#"
    [gate.tests]
    plugin = "command"  # runner.toml:5

    [gate.tests.config]
    cwd = "web"  # $TEST_ENV/home/.config/runner/runner.toml:4
    run = ["true"]  # runner.toml:6
    timeout = "1m"  # runner.toml:7

    [project]
    name = "shop"  # runner.toml:2

    [version]
    tag-prefix = "shop/"  # --set version.tag-prefix=shop/
    [EOF]
    "#);
}

#[test]
fn a_built_in_profile_can_be_copied_out() {
    let env = TestEnv::empty();
    let list = env.run(&["profile", "list"]);
    assert!(list.stdout.contains("demo"), "{list}");
    for name in ["demo", "agentiq"] {
        assert_eq!(env.run(&["profile", "show", "--profile", name]).code, Some(0));
        // Its configs are what its plugins take.
        let checked = TestEnv::with_profile("").run(&["profile", "check", "--profile", name]);
        assert_eq!(checked.code, Some(0), "{checked}");
    }
    insta::assert_snapshot!(env.run(&["profile", "show", "--profile", "dmeo"]), @r"
    --- stderr ---
    error: --profile dmeo: there is no built-in profile `dmeo`
    hint: did you mean `demo`? known here: `demo`, `agentiq`
    [exit code 3]
    ");
}

#[test]
fn no_option_skips_a_check() {
    let env = TestEnv::with_profile(SHOP);
    insta::assert_snapshot!(env.run(&["release", "--set", "gate.tests=false"]), @r"
    --- stderr ---
    error: `--set` cannot change the gate of a release: no option skips a check
    hint: change runner.toml, where it is seen and reviewed
    [exit code 3]
    ");
}

#[test]
fn the_schema_has_the_config_of_official_plugins() {
    let env = TestEnv::with_profile(SHOP);
    let output = env.run(&["profile", "schema"]);
    assert_eq!(output.code, Some(0), "{output}");
    let schema: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert!(schema["$defs"]["gate-command"]["properties"]["run"].is_object());
}

#[test]
fn a_good_profile_is_told_so() {
    let env = TestEnv::with_profile(SHOP);
    insta::assert_snapshot!(env.run(&["profile", "check"]), @r"
    --- stderr ---
    profile runner.toml of shop is good: 1 check, 0 environments, 0 notifiers
    [EOF]
    ");
}

/// An environment on a server that nobody reaches: what is wrong is said before it is asked anything.
fn server(name: &str, strategy: &str, ports: &str) -> String {
    format!(
        r#"
[environments.{name}]
first-deploy = "allow"
watch = {{ duration = "1m" }}

[environments.{name}.target]
plugin = "systemd"

[environments.{name}.target.config]
machine = "vps"
root = "/opt/{name}"
user = "ubuntu"
{strategy}
backend.artifact = "backend"
nginx = {{ site = "{name}", names = ["{name}.example.org"], tls = "self-signed" }}

[environments.{name}.target.config.web]
unit = "shop-{name}"
ports = {ports}
run = ["{{{{venv}}}}/bin/uvicorn", "--port", "{{{{port}}}}"]
"#
    )
}

#[test]
fn a_target_that_does_not_take_its_config_is_heard_before_anything_is_done() {
    let profile = |staging: String, prod: String| {
        format!(
            "{SHOP}\n[machines.vps]\nssh = \"nobody@server.invalid\"\n\n[artifacts.backend]\npath = \"backend\"\n\n\
             [release]\nenvironments = [\"staging\", \"prod\"]\n{staging}{prod}"
        )
    };
    let steps = "\n[[environments.staging.canary.steps]]\npercent = 10\nwatch = \"1m\"\n";
    let env = TestEnv::with_profile(&profile(
        server("staging", "", "[8001]") + steps,
        server("prod", "strategy = \"canary\"", "[8002, 8003]"),
    ));
    let commands: [&[&str]; 4] = [
        &["profile", "check"],
        &["release"],
        &["release", "--plan"],
        &["deploy", "prod"],
    ];
    for command in commands {
        insta::allow_duplicates!(insta::assert_snapshot!(env.run(command), @r#"
        --- stderr ---
        error: runner.toml:52: environments.prod.target.config.strategy: from plugin `systemd 0.1.0`: `strategy` is `canary`, and the profile has no `[environments.prod.canary]`, so a release would never get a client: add its steps, or take `blue-green`
        error: runner.toml:24: environments.staging.target.config: from plugin `systemd 0.1.0`: `strategy` is `restart`, and the profile has `[environments.staging.canary]`: take `strategy = "canary"` with two ports, or remove `[environments.staging.canary]`
        [exit code 3]
        "#));
    }
    let history = env.run(&["history"]);
    assert!(
        history.stderr.starts_with("no run of this project yet"),
        "{history}"
    );
    assert_eq!(env.git(&["tag"]), "");
    // Nothing closes the way back: the server is asked what runs there.
    let back = env.run(&["rollback", "prod"]);
    assert!(
        back.stderr.contains("no server of the name of machine `vps`"),
        "{back}"
    );

    // What fits is content.
    let fits = profile(
        server("staging", "strategy = \"canary\"", "[8001, 8004]") + steps,
        server("prod", "strategy = \"blue-green\"", "[8002, 8003]"),
    );
    env.write("runner.toml", &fits);
    let checked = env.run(&["profile", "check"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    // All else that a target has against its config is heard too, with its line.
    let wrong = profile(
        server("staging", "", "[8001, 8004]"),
        server("prod", "strategy = \"blue-green\"", "[8002]"),
    );
    env.write("runner.toml", &wrong);
    insta::assert_snapshot!(env.run(&["profile", "check"]), @r"
    --- stderr ---
    error: runner.toml:54: environments.prod.target.config.web.ports: from plugin `systemd 0.1.0`: `web.ports`: the old and the new version stand side by side, so there are two ports
    error: runner.toml:34: environments.staging.target.config.web.ports: from plugin `systemd 0.1.0`: `web.ports`: `restart` has one port
    [exit code 3]
    ");
}
