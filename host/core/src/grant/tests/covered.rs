//! Requests of every kind, by who covers them: the profile's config, the manifest with the profile's leave, or nobody.

use serde_json::json;

use super::*;

/// What the profile itself wrote, and what needs no grant.
fn written() -> Vec<Request> {
    vec![
        send("GET https://wiki.example:8443/rest/api?x=1"),
        run("make -j *"),
        Request::Run(Command {
            env: vec![
                ("CI".into(), "1".into()),
                ("RUNNER_VERSION".into(), "1.2.3".into()),
            ],
            ..command("make -j *")
        }),
        file("./out/junit.xml"),
        glob("out/junit.xml"),
        read("/srv/shop/current/VERSION"),
        read_on("local", "/srv/shop/current/VERSION"),
        read_on("vps", "/srv/shop/current/VERSION"),
        Request::Run(on("vps", "make -j *")),
        link("/srv/shop/current", "releases/1"),
        link("/srv/shop/current", "/srv/shop/releases/1"),
        fetch("/srv/shop/releases/1/shop"),
        start(
            "shop-prod",
            &["/srv/shop/current/shop", "-p", "80"],
            "/srv/shop",
            "/srv/shop/log",
        ),
        start("shop-prod", &["make", "-j", "*"], "/srv/shop", "/srv/shop/log"),
        Request::ServiceStop {
            machine: None,
            name: "shop-prod".into(),
            grace_ms: 1,
        },
        Request::GitTrackedFiles,
        Request::GitShow {
            revision: "HEAD".into(),
            path: "x".into(),
            max: 1,
        },
        Request::Now,
        Request::Random { bytes: 8 },
        Request::Sleep { ms: 1 },
    ]
}

/// What the manifest asks for and the profile must allow.
pub(super) fn asked() -> Vec<Request> {
    vec![
        send("POST https://hooks.example/a/b"),
        send("POST https://evil.example/shop/x"),
        run("git log -1"),
        run("docker ps -a"),
        Request::RunAll {
            commands: vec![command("make -j *"), command("git log")],
        },
        Request::RunAll {
            commands: vec![command("make -j *"), on("db-1", "make -j *")],
        },
        read_on("db-1", "/srv/shop/x"),
        file("coverage/a/b.info"),
        glob("coverage/*.info"),
        append("audit.log"),
        read("/var/log/shop.log"),
        link("/srv/shop/logs", "/var/log/shop"),
        start("other", &["/srv/shop/x"], "/srv/shop", "/srv/shop/log"),
        put("/srv/shop/dump.sql", "dump-prod"),
        put("out/junit.xml", "dump-prod"),
        Request::ArtifactVerify {
            artifact: artifact("dump-prod"),
        },
        report("notes.md"),
        ask(),
    ]
}

/// What nothing covers.
fn foreign() -> Vec<Request> {
    vec![
        send("DELETE https://wiki.example:8443/rest/api"),
        send("GET https://wiki.example/rest/api"),
        send("GET http://wiki.example:8443/rest/api"),
        send("GET https://wiki.example:8443/rest/../admin"),
        send("GET https://wiki.example.evil.org:8443/rest/api"),
        send("GET https://wiki.example:8443@evil.org/rest/api"),
        run("make -j"),
        run("make -j 4"),
        run("make -j * install"),
        run("docker ps -a -q"),
        run("git push"),
        run("MAKE -j *"),
        Request::RunAll {
            commands: vec![command("make -j *"), command("rm -rf /")],
        },
        Request::Run(Command {
            cwd: Some("../elsewhere".into()),
            ..command("make -j *")
        }),
        Request::Run(Command {
            cwd: Some("/etc".into()),
            ..command("make -j *")
        }),
        Request::Run(Command {
            env: vec![("LD_PRELOAD".into(), "x".into())],
            ..command("git log")
        }),
        Request::Run(Command {
            env: vec![("RUNNER_PROFILE".into(), "x".into())],
            ..command("make -j *")
        }),
        file("out/other"),
        file("coverage/../.env"),
        file("Out/junit.xml"),
        glob("**"),
        append("./audit.log"),
        append("other.log"),
        read_on("other", "/srv/shop/x"),
        read_on("vps2", "/srv/shop/x"),
        read_on("", "/srv/shop/x"),
        read_on("vps", "/etc/passwd"),
        Request::Run(on("other", "make -j *")),
        Request::RunAll {
            commands: vec![
                command("make -j *"),
                on("vps", "make -j *"),
                on("other", "make -j *"),
            ],
        },
        Request::ServiceStatus {
            machine: Some("other".into()),
            name: "shop-prod".into(),
        },
        Request::ArtifactGet {
            artifact: artifact("dump-prod"),
            machine: Some("other".into()),
            path: "/srv/shop/x".into(),
        },
        read("/srv/shopping/x"),
        read("/srv/shop/../../etc/passwd"),
        read("srv/shop/x"),
        link("/srv/shop/current", "/etc"),
        link("/srv/shop/current", "../../etc"),
        link("/etc/x", "/srv/shop"),
        fetch("/etc/cron.d/x"),
        start("shop-prod", &["/bin/sh", "-c", "x"], "/srv/shop", "/srv/shop/log"),
        start(
            "shop-prod",
            &["/srv/shop/../../bin/sh"],
            "/srv/shop",
            "/srv/shop/log",
        ),
        start("shop-prod", &["/srv/shop/x"], "/", "/srv/shop/log"),
        start("shop-prod", &["/srv/shop/x"], "/srv/shop", "/etc/passwd"),
        start("shop-prod", &[], "/srv/shop", "/srv/shop/log"),
        put("/etc/shadow", "dump-prod"),
        put(".env", "dump-prod"),
        put("/srv/shop/x", "release"),
        Request::ArtifactGet {
            artifact: artifact("dump-prod"),
            machine: None,
            path: "/etc".into(),
        },
        report("../x"),
        report("/x"),
        Request::GitState {
            tag_prefix: "v".into(),
        },
        Request::GitPush {
            remote: "origin".into(),
            refs: Vec::new(),
        },
        Request::WriteOutput {
            path: "x".into(),
            content: "".into(),
        },
        Request::LockGive {
            environment: "prod".into(),
        },
    ]
}

#[test]
fn the_config_of_the_profile_is_a_grant_and_the_rest_is_allowed_by_name() {
    let bare = grant(json!({}), false);
    let official = grant(json!({}), true);
    for request in written() {
        assert_eq!(bare.check(&request), Ok(()), "{request:?}");
        assert_eq!(official.check(&request), Ok(()), "{request:?}");
    }
    for request in asked() {
        assert!(
            matches!(bare.check(&request), Err(Denial::NotAllowed { .. })),
            "{request:?}"
        );
        assert_eq!(official.check(&request), Ok(()), "{request:?}");
    }
    let generous = json!({
        "http": ["POST https://hooks.example/*", "POST https://evil.example/*"], "process": [["git", "**"], ["docker", "ps", "-a"]],
        "files": ["**"], "append": ["audit.log"], "machine-files": ["/"], "services": ["*"], "artifacts": ["*"],
        "machines": ["db-1"], "env": ["GIT_*"], "reports": true, "person": true
    });
    let allowed = grant(generous, false);
    for request in asked() {
        assert_eq!(allowed.check(&request), Ok(()), "{request:?}");
    }
    for request in foreign() {
        for grant in [&bare, &official, &allowed] {
            assert!(grant.check(&request).is_err(), "{request:?}");
        }
    }
}
