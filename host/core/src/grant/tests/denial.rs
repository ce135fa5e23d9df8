//! What a denial says, and that it is enough.

use serde_json::json;

use super::{covered::asked, *};

#[test]
fn a_denial_names_the_line_to_add() {
    let denied = |allow, request: Request| {
        grant(allow, false)
            .check(&request)
            .expect_err("denied")
            .to_string()
    };
    let lines = [
        denied(json!({}), send("POST https://hooks.example/a?b=c")),
        denied(
            json!({"http": ["GET https://x.example/"]}),
            send("POST https://hooks.example/a"),
        ),
        denied(json!({}), run("git log -1")),
        denied(json!({}), report("notes.md")),
        denied(json!({}), append("audit.log")),
        denied(
            json!({}),
            start("other", &["/var/log/x"], "/srv/shop", "/srv/shop/log"),
        ),
        denied(
            json!({"services": ["other"]}),
            start("other", &["/var/log/x"], "/srv/shop", "/srv/shop/log"),
        ),
        denied(json!({}), Request::Run(on("db-1", "make -j *"))),
        denied(json!({}), read_on("other", "/srv/shop/x")),
        denied(json!({}), run("rm *")),
        denied(
            json!({}),
            send("GET https://other.example:8443/{{secret:token}}/x?y"),
        ),
        denied(json!({}), file("../x")),
        denied(json!({}), send("GET https://{{secret:token}}/")),
        denied(
            json!({}),
            Request::LockGive {
                environment: "prod".into(),
            },
        ),
        denied(
            json!({"secrets": ["token"]}),
            send("GET https://wiki.example:8443/rest/{{secret:other}}"),
        ),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    `notify.wiki` may not POST https://hooks.example/a: the profile does not allow it; add to [notify.wiki]: allow.http = ["POST https://hooks.example/*"]
    `notify.wiki` may not POST https://hooks.example/a: the profile does not allow it; change in [notify.wiki]: allow.http = ["GET https://x.example/", "POST https://hooks.example/*"]
    `notify.wiki` may not run `git log -1`: the profile does not allow it; add to [notify.wiki]: allow.process = [["git", "log", "**"]]
    `notify.wiki` may not write reports: the profile does not allow it; add to [notify.wiki]: allow.reports = true
    `notify.wiki` may not add a line to `audit.log`: the profile does not allow it; add to [notify.wiki]: allow.append = ["audit.log"]
    `notify.wiki` may not manage the service `other`: the profile does not allow it; add to [notify.wiki]: allow.services = ["*"]
    `notify.wiki` may not run `/var/log/x`: the profile does not allow it; add to [notify.wiki]: allow.machine-files = ["/var/log"]
    `notify.wiki` may not work on the machine `db-1`: the profile does not allow it; add to [notify.wiki]: allow.machines = ["db-*"]
    plugin `wiki` may not work on the machine `other`: it does not ask for that, which is a mistake of the plugin; its `plugin.toml` needs machines = ["other"] under [[wants]]
    plugin `wiki` may not run `rm *`: it does not ask for that, which is a mistake of the plugin; its `plugin.toml` needs process = [["rm", "\\*"]] under [[wants]]
    plugin `wiki` may not GET https://other.example:8443/{{secret:token}}/x: it does not ask for that, which is a mistake of the plugin; its `plugin.toml` needs http = ["GET https://other.example:8443/{{secret:token}}/x"] under [[wants]]
    `notify.wiki` may not read ../x: `../x` holds `..`
    `notify.wiki` may not GET https://{{secret:token}}/: a secret stands in the scheme, host or port
    `notify.wiki` may not unlock prod: only `runner` itself may
    `notify.wiki` may not use the secret `other`: its config does not name it; change in [notify.wiki]: allow.secrets = ["token", "other"]
    "#);
}

#[test]
fn the_line_that_a_denial_names_is_enough() {
    for request in asked() {
        let mut allow = toml_edit::DocumentMut::new();
        // One line at a time, as a person would.
        for _ in 0..4 {
            let layer =
                crate::profile::Layer::of_toml(crate::profile::Source::CommandLine, &allow.to_string());
            let tree = layer.expect("toml").tree;
            let written = tree.get("allow").cloned().unwrap_or(json!({}));
            let Err(denial) = grant(written, false).check(&request) else {
                break;
            };
            let message = denial.to_string();
            let (_, line) = message.split_once("[notify.wiki]: ").expect("a line");
            let line: toml_edit::DocumentMut = line.parse().expect("toml");
            for (kind, entries) in line["allow"].as_table_like().expect("a table").iter() {
                allow["allow"][kind] = entries.clone();
            }
        }
        let layer = crate::profile::Layer::of_toml(crate::profile::Source::CommandLine, &allow.to_string());
        let tree = layer.expect("toml").tree;
        assert_eq!(
            grant(tree["allow"].clone(), false).check(&request),
            Ok(()),
            "{request:?}\n{allow}"
        );
    }
}
