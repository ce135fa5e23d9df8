//! Profiles that fit together, and all that is said of those that do not.

use super::*;
use crate::{
    duration::Duration,
    profile::{FirstDeploy, SecretSource, Source},
};

fn resolved(text: &str) -> Result<Resolved, ProfileErrors> {
    resolve(vec![Layer::of_toml(Source::File("runner.toml".into()), text)?])
}

fn errors(text: &str) -> String {
    resolved(text).expect_err(text).to_string()
}

#[test]
fn a_whole_profile() {
    let resolved = resolved(
        r#"
store = "s3://bucket/prefix"
[project]
name = "shop"
[version]
zero-major = "major"
initial = "1.0.0-rc.1"
[gate.lint]
plugin = "command"
timeout = "5m"
config.argv = ["make", "lint"]
allow.env = ["CI"]
[artifacts.shop]
path = "target/shop"
[environments.prod]
url = "http://127.0.0.1:8080"
target = { plugin = "host", config = { folder = "/srv/shop", token = "{{secret:deploy}}" } }
approval = { own = false }
backup = ["db"]
gate = ["lint"]
smoke = ["home"]
first-deploy = "allow"
[environments.prod.watch]
duration = "10m"
[environments.prod.watch.rules.errors]
source = "prom"
query = "errors"
above = 1
action = "rollback"
[release]
environments = ["prod"]
[smoke.home]
plugin = "http"
[metrics.prom]
plugin = "prometheus"
[notify.slack]
plugin = "slack"
events = ["deploy", "rollback"]
[backup.db]
plugin = "postgres"
[machines.vps]
ssh = "ann@example.org"
ssh-config = "deploy/ssh_config"
[secrets]
deploy.command = ["op", "read", "op://vault/x"]
"#,
    )
    .expect("sound");
    let profile = &resolved.profile;
    let prod = &profile.environments["prod"];
    assert_eq!(prod.first_deploy, FirstDeploy::Allow);
    assert_eq!(
        prod.watch.as_ref().map(|watch| watch.interval),
        Some(Duration::from_secs(15))
    );
    let vps = &profile.machines["vps"];
    assert_eq!(vps.connect_timeout, Duration::from_secs(10));
    assert_eq!(vps.ssh_config.as_deref(), Some("deploy/ssh_config"));
    assert_eq!(profile.gate["lint"].timeout, Some(Duration::from_secs(300)));
    assert!(matches!(&profile.secrets["deploy"], SecretSource::Command(argv) if argv.len() == 3));
    let paths: Vec<_> = profile
        .uses()
        .into_iter()
        .map(|of| format!("{} as {}", of.path, of.role))
        .collect();
    insta::assert_snapshot!(paths.join("\n"), @r"
    gate.lint as gate
    smoke.home as gate
    metrics.prom as metrics
    backup.db as backup
    notify.slack as notifier
    environments.prod.target as target
    ");
}

#[test]
fn a_release_without_environments_is_fine() {
    let resolved = resolved("[project]\nname = 'shop'").expect("sound");
    assert!(resolved.profile.release.environments.is_empty());
}

#[test]
fn everything_that_has_the_wrong_shape_is_told_at_once() {
    insta::assert_snapshot!(errors(r#"
colour = "red"
[version]
zero-major = "mayor"
initial = "1"
[gate.lint]
plugn = "command"
[gate.test]
plugin = 5
config = "x"
timeout = 30
[environments.prod]
target = "ssh"
first-deploy = "alow"
smoke = "home"
[environments.prod.health]
timeout = "5x"
interval = ""
[environments.prod.approval]
own = "no"
[environments.prod.watch]
interval = "1.5h"
[environments.prod.watch.rules.errors]
query = 1
above = "much"
action = "rolback"
[notify.slack]
plugin = "slack"
events = ["deploy", "rolback"]
[secrets]
a = "x"
b = {}
c = { env = "X", file = "y" }
d = { environment = "X" }
[gate.lint.allow]
htpp = []
"#), @r"
    runner.toml: `project` is missing
      hint: add `project = ...`: The project
    runner.toml:2: colour: unknown key `colour`
      hint: known here: `artifacts`, `backup`, `changelog`, `ci`, `digest`, `environments`, `gate`, `machines`, `metrics`, `notify`, `project`, `release`, `reports`, `schedule`, `secrets`, `smoke`, `store`, `tag`, `version`
    runner.toml:4: version.zero-major: `mayor` is not allowed here
      hint: did you mean `major`? known here: `minor`, `major`
    runner.toml:5: version.initial: `1` does not match `^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`
      hint: The first version, where no tag has one yet
    runner.toml:6: gate.lint: `plugin` is missing
      hint: add `plugin = ...`: An official plugin's name, or the path of a `.wasm` file (relative to the file that says so)
    runner.toml:7: gate.lint.plugn: unknown key `plugn`
      hint: did you mean `plugin`? known here: `allow`, `config`, `plugin`, `timeout`
    runner.toml:9: gate.test.plugin: `5` is a whole number, text is wanted
      hint: An official plugin's name, or the path of a `.wasm` file (relative to the file that says so)
    runner.toml:10: gate.test.config: `x` is text, a table is wanted
      hint: The plugin's own configuration, checked against its schema
    runner.toml:11: gate.test.timeout: duration `30` has no unit: write `30s` for seconds, `30m` for minutes
      hint: Limit for one call of it, beside the plugin's own. Default: none but the plugin's own; e.g. `500ms`, `30s`, `2m`, `1h30m`
    runner.toml:13: environments.prod.target: `ssh` is text, a table is wanted
      hint: How it is deployed to
    runner.toml:14: environments.prod.first-deploy: `alow` is not allowed here
      hint: did you mean `allow`? known here: `refuse`, `allow`
    runner.toml:15: environments.prod.smoke: `home` is text, a list is wanted
      hint: Names of `[smoke.*]`, run once it is healthy
    runner.toml:17: environments.prod.health.timeout: duration `5x` has the unknown unit `x`: use `d`, `h`, `m`, `s` or `ms`
      hint: In all; e.g. `500ms`, `30s`, `2m`, `1h30m`
    runner.toml:18: environments.prod.health.interval: a duration is empty: write a number and a unit, e.g. `30s`, `2m`, `1h30m`
      hint: Between two looks; e.g. `500ms`, `30s`, `2m`, `1h30m`
    runner.toml:20: environments.prod.approval.own: `no` is text, true or false is wanted
      hint: Whether who started the run may approve it
    runner.toml:21: environments.prod.watch: `duration` is missing
      hint: add `duration = ...`: For how long
    runner.toml:22: environments.prod.watch.interval: duration `1.5h` has no whole number before `1.5h`: write e.g. `1h30m` for one and a half hours
      hint: Between two samples; e.g. `500ms`, `30s`, `2m`, `1h30m`
    runner.toml:23: environments.prod.watch.rules.errors: `source` is missing
      hint: add `source = ...`: Name of the `[metrics.*]` that is asked
    runner.toml:24: environments.prod.watch.rules.errors.query: `1` is a whole number, text is wanted
      hint: What it is asked, in its own language
    runner.toml:25: environments.prod.watch.rules.errors.above: `much` is text, a number is wanted
      hint: A reading above this is a breach. Exactly one of `above` and `below` is set
    runner.toml:26: environments.prod.watch.rules.errors.action: `rolback` is not allowed here
      hint: did you mean `rollback`? known here: `rollback`, `warn`, `alert`
    runner.toml:29: notify.slack.events[1]: `rolback` is not allowed here
      hint: did you mean `rollback`? known here: `gate`, `deploy`, `approval`, `rollback`, `alert`, `released`, `digest`
    runner.toml:31: secrets.a: it must have exactly one of `env`, `file`, `command`
      hint: Where a secret comes from; exactly one
    runner.toml:32: secrets.b: it must have exactly one of `env`, `file`, `command`
      hint: Where a secret comes from; exactly one
    runner.toml:33: secrets.c: it must have exactly one of `env`, `file`, `command`
      hint: Where a secret comes from; exactly one
    runner.toml:34: secrets.d: it must have exactly one of `env`, `file`, `command`
      hint: Where a secret comes from; exactly one
    runner.toml:36: gate.lint.allow.htpp: unknown key `htpp`
      hint: did you mean `http`? known here: `append`, `artifacts`, `env`, `files`, `http`, `machine-files`, `machines`, `person`, `process`, `reports`, `secrets`, `services`
    ");
}

#[test]
fn everything_that_does_not_fit_together_is_told_at_once() {
    insta::assert_snapshot!(errors(r#"
[project]
name = "shop"
[gate."a/b"]
plugin = "command"
[environments.prod]
target.plugin = "host"
backup = ["db"]
gate = ["lint"]
smoke = ["hme", "home"]
health.interval = "0s"
[environments.prod.watch]
duration = "1m"
interval = "2m"
[environments.prod.watch.rules.errors]
source = "prometheus"
query = "q"
action = "warn"
[release]
environments = ["prdo", "prod", "prod"]
[smoke.home]
plugin = "http"
[smoke.home.config]
token = "{{secret:sho-token}} and {{secret:other.one}}"
list = [{ x = "{{ secret:shop-token }}" }]
[smoke.home.allow]
http = ["GET wiki.example"]
secrets = ["nobody"]
[secrets]
shop-token.env = "T"
"#), @r#"
    runner.toml:4: gate."a/b": `a/b` cannot be a name
      hint: use letters, digits, `-`, `_` and `.`
    runner.toml:8: environments.prod.backup[0]: there is no `[backup.db]`
      hint: add `[backup.db]`
    runner.toml:9: environments.prod.gate[0]: there is no `[gate.lint]`
      hint: known here: `a/b`
    runner.toml:10: environments.prod.smoke[0]: there is no `[smoke.hme]`
      hint: did you mean `home`? known here: `home`
    runner.toml:11: environments.prod.health.interval: it must be longer than nothing
      hint: e.g. `1s`
    runner.toml:14: environments.prod.watch.interval: `2m` is longer than the watch, which takes `1m`
      hint: sample more often, or watch longer
    runner.toml:15: environments.prod.watch.rules.errors: the rule has no threshold: set `above` or `below`
    runner.toml:16: environments.prod.watch.rules.errors.source: there is no `[metrics.prometheus]`
      hint: add `[metrics.prometheus]`
    runner.toml:20: release.environments[0]: there is no `[environments.prdo]`
      hint: did you mean `prod`? known here: `prod`
    runner.toml:20: release.environments[2]: "prod" is there twice
      hint: a release goes through an environment once
    runner.toml:24: smoke.home.config.token: the secret `other.one` has no source
      hint: add to [secrets]: "other.one" = { env = "OTHER_ONE" }
    runner.toml:24: smoke.home.config.token: the secret `sho-token` has no source
      hint: did you mean `shop-token`? or add to [secrets]: sho-token = { env = "SHO_TOKEN" }
    runner.toml:25: smoke.home.config.list[0].x: `{{ secret:shop-token }}` holds no placeholder of a secret
      hint: write `{{secret:NAME}}`, without spaces
    runner.toml:27: smoke.home.allow.http[0]: `GET wiki.example` covers nothing: the URL has no scheme: write `https://...`
      hint: write `METHOD[,METHOD] URL`, with `*` at the end for any rest of the path
    runner.toml:28: smoke.home.allow.secrets[0]: the secret `nobody` has no source
      hint: add to [secrets]: nobody = { env = "NOBODY" }
    "#);
}

#[test]
fn what_a_backup_keeps_is_said() {
    let backup = |keep: &str| format!("[project]\nname = 's'\n[backup.db]\nplugin = 'p'\nkeep = {keep}\n");
    let of = resolved(&backup("{ last = 7, within = '30d' }"))
        .expect("sound")
        .profile;
    let keep = of.backup["db"].keep.expect("is set");
    assert_eq!(keep.last.map(std::num::NonZeroU32::get), Some(7));
    assert_eq!(keep.within, Some("30d".parse().expect("a duration")));
    let wrong = ["{}", "{ last = 0 }", "{ within = 30 }", "7"].map(|keep| errors(&backup(keep)));
    insta::assert_snapshot!(wrong.join("\n"), @r"
    runner.toml:5: backup.db.keep: it is empty: write `last` or `within`
      hint: Which older ones of an environment stay in the store once a new one is there. Default: all
    runner.toml:5: backup.db.keep.last: 0 is less than the minimum of 1
      hint: So many of the newest
    runner.toml:5: backup.db.keep.within: duration `30` has no unit: write `30s` for seconds, `30m` for minutes
      hint: All that are not older, e.g. `30d`
    runner.toml:5: backup.db.keep: `7` is a whole number, a table is wanted
      hint: Which older ones of an environment stay in the store once a new one is there. Default: all
    ");
}

#[test]
fn a_watch_has_time_for_its_rules() {
    let text = "[project]\nname = 's'\n[metrics.m]\nplugin = 'p'\n[environments.a]\ntarget.plugin = 't'\nwatch.duration = '10s'\n[environments.b]\ntarget.plugin = 't'\n[environments.b.watch]\nduration = '1m'\n[environments.b.watch.rules.x]\nsource = 'm'\nquery = 'q'\nabove = 1\nfailures = 9\naction = 'warn'\n";
    insta::assert_snapshot!(errors(text), @r"
    runner.toml:7: environments.a.watch.interval: `15s` is longer than the watch, which takes `10s`
      hint: sample more often, or watch longer
    runner.toml:12: environments.b.watch.rules.x: the rule can never be breached: it needs 9 readings and the watch takes 4
      hint: watch longer, sample more often, or ask for less
    ");
}

#[test]
fn a_canary_grows_and_is_watched() {
    let text = "[project]\nname = \"x\"\n[environments.a]\ntarget.plugin = \"systemd\"\n[environments.a.canary]\nsteps = \
                [{ percent = 50, watch = \"1m\" }, { percent = 10, watch = \"0s\" }]\n";
    insta::assert_snapshot!(errors(text), @r"
    runner.toml:5: environments.a.canary: there is no `watch` to judge its steps by
      hint: add `[environments.a.watch]` with rules
    runner.toml:6: environments.a.canary.steps[1].percent: 10 % is no more than the 50 % before it
      hint: each step sends more of the traffic than the one before
    runner.toml:6: environments.a.canary.steps[1].watch: `0s` is too short for a sample every `15s`
      hint: watch longer, or set `environments.a.watch.interval`
    ");
}

#[test]
fn what_a_later_layer_dropped_is_said_so() {
    let below = "[project]\nname = 's'\n[metrics.prom]\nplugin = 'p'\n[environments.prod]\ntarget.plugin = 't'\n[release]\nenvironments = ['prod']\n";
    let below = Layer::of_toml(Source::BuiltIn("demo".into()), below).expect("toml");
    let top = Layer::of_settings(&["environments.prod=false"]).expect("settings");
    insta::assert_snapshot!(resolve(vec![below, top]).expect_err("dropped"), @r"
    built-in demo:8: release.environments[0]: there is no `[environments.prod]`
      hint: `environments.prod = false` at --set environments.prod=false dropped it
    ");
}

#[test]
fn a_machine_that_is_named_is_there() {
    insta::assert_snapshot!(errors(r#"
[project]
name = "shop"
[machines.vps]
ssh = "-oProxyCommand=x"
conect-timeout = "1s"
[machines."a b"]
ssh = "example.org"
[machines.local]
ssh = "example.org"
[notify.slack]
plugin = "slack"
allow.machines = ["vsp", "vps", "v*", "local"]
"#), @r#"
    runner.toml:5: machines.vps.ssh: `-oProxyCommand=x` does not match `^[^-\s][^\s]*$`
      hint: Where it is, as `ssh` takes it: `ann@example.org`, `ssh://ann@example.org:2222`, or a `Host` of its configuration
    runner.toml:6: machines.vps.conect-timeout: unknown key `conect-timeout`
      hint: did you mean `connect-timeout`? known here: `connect-timeout`, `ssh`, `ssh-config`
    runner.toml:7: machines."a b": `a b` cannot be a name
      hint: use letters, digits, `-`, `_` and `.`
    runner.toml:9: machines.local: `local` is the machine that `runner` runs on
      hint: choose another name
    runner.toml:13: notify.slack.allow.machines[0]: there is no `[machines.vsp]`
      hint: did you mean `vps`? known here: `a b`, `local`, `vps`
    "#);
    let text = "[project]\nname = 's'\n[machines.vps]\nssh = 'vps'\n[gate.a]\nplugin = 'a'\nconfig.machine = 'vsp'\nconfig.more = ['vps', 'local', 'db', 5]\n";
    let resolved = resolved(text).expect("sound");
    let manifest = "name = 'a'\nversion = '1.0.0'\ndescription = ''\nroles = ['gate']\n[[wants]]\nreason = 'x'\nmachines = ['{{config:/machine}}', '{{config:/more}}', '{{config:/none}}', 'fixed']\n";
    let manifest = Manifest::parse(manifest).expect("a manifest");
    let used = &resolved.profile.uses()[0];
    let errors = ProfileErrors::of(resolved.unknown_machines(used, &manifest));
    insta::assert_snapshot!(errors, @r"
    runner.toml:7: gate.a.config.machine: there is no `[machines.vsp]`
      hint: did you mean `vps`? known here: `vps`
    runner.toml:8: gate.a.config.more[2]: there is no `[machines.db]`
      hint: known here: `vps`
    ");
}

#[test]
fn what_only_the_types_know_has_a_place_too() {
    let text = "[project]\nname = 'shop'\n[version]\ninitial = '01.2.3'\n";
    insta::assert_snapshot!(errors(text), @"runner.toml:4: version.initial: `01.2.3` cannot be read: invalid leading zero in major version number");
}
