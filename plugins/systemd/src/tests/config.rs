//! What a config gets wrong.

use super::*;

fn refused(of: Value, change: impl FnOnce(&mut Value)) -> String {
    let mut config = of;
    change(&mut config);
    let error = Systemd::apply(&Server::new(), &about(config, "prod", "0.1.0", None)).unwrap_err();
    assert!(matches!(error, Error::InvalidConfig(_)), "{error:?}");
    message(error)
}

#[test]
fn is_said_before_anything_is_asked() {
    let of = || prod("blue-green");
    insta::assert_snapshot!(refused(of(), |c| c["root"] = json!("/")), @"`root` is `/`: give the environment a folder of its own, e.g. `/opt/shop-staging`");
    insta::assert_snapshot!(refused(of(), |c| c["root"] = json!("/opt/../etc")), @"`root` is `/opt/../etc`: give the environment a folder of its own, e.g. `/opt/shop-staging`");
    insta::assert_snapshot!(refused(of(), |c| c["frontend"]["web-root"] = json!("/opt/agentiq/www")), @"`root` and `frontend.web-root` lie in each other: /opt/agentiq and /opt/agentiq/www");
    insta::assert_snapshot!(refused(of(), |c| c["web"]["ports"] = json!([8001, 8001])), @"`web.ports`: the old and the new version stand side by side, so there are two ports");
    insta::assert_snapshot!(refused(of(), |c| c["strategy"] = json!("restart")), @"`web.ports`: `restart` has one port");
    insta::assert_snapshot!(refused(of(), |c| { c.as_object_mut().unwrap().remove("nginx"); }), @"`nginx` is missing: without it nothing can be switched from one port to the other");
    insta::assert_snapshot!(refused(of(), |c| c["workers"]["celery"]["unit"] = json!("agentiq-chat")), @"`workers.celery.unit` is `agentiq-chat`, which another unit is called already");
    insta::assert_snapshot!(refused(of(), |c| c["web"]["unit"] = json!("chat.service; rm")), @"`web.unit` is `chat.service; rm`: a unit is named by letters, digits, `-`, `_` and `.`, without `.service`");
    insta::assert_snapshot!(refused(of(), |c| c["workers"]["celery"]["run"] = json!(["x", "{{port}}"])), @"`{{port}}` of a worker: only `web` has a port");
    insta::assert_snapshot!(refused(of(), |c| c["env"] = json!({"A B": "x"})), @"`env.A B` is no name of a variable");
}

#[test]
fn the_strategy_and_the_profiles_canary_go_together() {
    let refused = |strategy: &str, gradual: bool| {
        let server = Server::new();
        let mut context = about(prod(strategy), "prod", "0.2.0", None);
        context.environment.as_mut().unwrap().gradual = gradual;
        let errors = [
            Systemd::apply(&server, &context).map(|_| ()),
            Systemd::deploy(&server, &context).map(|_| ()),
        ];
        assert_eq!(server.told(), "");
        let texts: Vec<_> = errors.map(|error| message(error.unwrap_err())).into();
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
        texts[0].clone()
    };
    insta::assert_snapshot!(refused("canary", false), @"`strategy` is `canary`, and the profile has no `[environments.prod.canary]`, so a release would never get a client: add its steps, or take `blue-green`");
    insta::assert_snapshot!(refused("blue-green", true), @r#"`strategy` is `blue-green`, and the profile has `[environments.prod.canary]`: take `strategy = "canary"` with two ports, or remove `[environments.prod.canary]`"#);
    // Going back is never refused.
    let server = running(&prod("canary"), "prod", &["0.1.0", "0.2.0"]);
    let mut context = about(prod("canary"), "prod", "0.2.0", Some("0.1.0"));
    context.environment.as_mut().unwrap().gradual = false;
    Systemd::rollback(&server, &context, &built("0.1.0")).unwrap();
}

#[test]
fn is_said_of_units_before_they_are_written() {
    let of = || prod("blue-green");
    insta::assert_snapshot!(refused(of(), |c| c["web"]["run"] = json!(["app", "{{secret:key}}"])), @"`web.run` holds a secret, which everybody on the server would see: put it into `env`");
    insta::assert_snapshot!(refused(of(), |c| c["web"]["run"] = json!(["{{vnev}}/bin/app"])), @"`web.run` holds `{{vnev}}`; there are `{{venv}}`, `{{release}}` and `{{port}}`");
    insta::assert_snapshot!(refused(of(), |c| c["web"]["run"] = json!(["sh", "-c", "echo \"x\""])), @r#"`web.run`: `echo "x"` holds a quote, a backslash or a line's end"#);
}
