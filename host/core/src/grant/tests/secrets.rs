//! Secrets, in every place where a request can hold one.

use serde_json::json;

use super::*;
use crate::effect::Signing;

#[test]
fn secrets_go_only_where_they_are_granted() {
    let grant = grant(json!({"http": ["POST https://hooks.example/*"]}), false);
    let secret = |name: &str| format!("{{{{secret:{name}}}}}");
    let header = |line, name: &str| {
        Request::Send(HttpRequest {
            headers: vec![("Authorization".into(), format!("Bearer {}", secret(name)))],
            ..http_request(line)
        })
    };
    let wiki = "POST https://wiki.example:8443/rest/x";
    assert_eq!(grant.check(&header(wiki, "token")), Ok(()));
    assert!(
        matches!(grant.check(&header(wiki, "other")), Err(Denial::Secret { secret, .. }) if secret == "other")
    );
    assert!(
        grant
            .check(&header("POST https://evil.example/shop/x", "token"))
            .is_err()
    );
    let signed = |name: &str| {
        let signing = Signing {
            secret: name.into(),
            content: "x".into(),
            header: "X-Signature".into(),
            prefix: String::new(),
        };
        Request::Send(HttpRequest {
            signing: Some(signing),
            ..http_request(wiki)
        })
    };
    assert_eq!(grant.check(&signed("hmac")), Ok(()));
    assert!(grant.check(&signed("other")).is_err());
    let body = |text: String| {
        Request::Send(HttpRequest {
            body: text.as_str().into(),
            ..http_request(wiki)
        })
    };
    assert_eq!(grant.check(&body(secret("token"))), Ok(()));
    assert!(grant.check(&body(secret("other"))).is_err());
    let program = |env: String, stdin: String| {
        Request::Run(Command {
            env: vec![("CI".into(), env)],
            stdin: Some(stdin.as_str().into()),
            ..command("make -j *")
        })
    };
    assert_eq!(grant.check(&program(secret("token"), secret("token"))), Ok(()));
    assert!(grant.check(&program(secret("other"), String::new())).is_err());
    assert!(grant.check(&program(String::new(), secret("other"))).is_err());
    assert!(grant.check(&run("docker ps {{secret:token}}")).is_err());
}
