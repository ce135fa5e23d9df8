//! What is reviewed: the whole change since the base, in as many parts as it takes.

use runner_sdk::Nature;

use super::*;

#[test]
fn nothing_to_review_passes_and_asks_nobody() {
    let host = ScriptedHost::new().run(diff_tree());
    let verdict = check(&host, config()).unwrap();
    assert!(verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"nothing to review: nothing differs between `main` and `HEAD`, besides what `exclude` names");
}

#[test]
fn without_a_base_the_last_tag_before_is_taken() {
    let describe = [
        "git",
        "describe",
        "--tags",
        "--abbrev=0",
        "--end-of-options",
        "HEAD^",
    ];
    let mut argv = diff_tree();
    let place = argv.iter().position(|word| word == "main").unwrap();
    argv[place] = "v1.2.2".into();
    let mut config = config();
    config.as_object_mut().unwrap().remove("base");
    let host = ScriptedHost::new()
        .run(describe)
        .with_nature(Nature::Read)
        .stdout("v1.2.2\n")
        .run(argv);
    assert!(check(&host, config.clone()).unwrap().is_passed());
    let host = ScriptedHost::new()
        .run(describe)
        .exits(128)
        .stderr("fatal: No names found, cannot describe anything.");
    insta::assert_snapshot!(check(&host, config).unwrap_err().message(), @"there is no tag before `HEAD` to compare with: set `base`, e.g. `origin/main` or the first commit (fatal: No names found, cannot describe anything.)");
}

#[test]
fn what_is_deployed_is_what_is_reviewed() {
    let compared = |until: &str| {
        let mut argv = diff_tree();
        let place = argv.iter().position(|word| word == "HEAD").unwrap();
        argv[place] = until.to_owned();
        ScriptedHost::new().run(argv)
    };
    let context = || context::<Config>(config()).with_release("1.3.0");
    let id = context().release.unwrap().commit;
    assert!(
        AiReviewGate::check(&compared(&id), &context())
            .unwrap()
            .is_passed()
    );
    let mut planned = context();
    planned.release.as_mut().unwrap().commit = "planned".to_owned();
    assert!(
        AiReviewGate::check(&compared("HEAD"), &planned)
            .unwrap()
            .is_passed()
    );
    let mut chosen = context();
    chosen.config.head = Some("v1.2.9".to_owned());
    assert!(
        AiReviewGate::check(&compared("v1.2.9"), &chosen)
            .unwrap()
            .is_passed()
    );
}

#[test]
fn a_change_that_cannot_be_read_whole_is_an_error() {
    let host = ScriptedHost::new().run(diff_tree()).stdout("x").truncated();
    insta::assert_snapshot!(check(&host, config()).unwrap_err().message(), @"the change is larger than 12 MiB: name generated files in `exclude`, or release in smaller steps");
    let host = ScriptedHost::new()
        .run(diff_tree())
        .exits(128)
        .stderr("fatal: no merge base found");
    insta::assert_snapshot!(check(&host, config()).unwrap_err().message(), @"comparing `main` and `HEAD` (a shallow clone is completed by `git fetch --unshallow --tags`): ended with exit code 128: fatal: no merge base found");
}

#[test]
fn a_large_change_goes_in_parts() {
    let lines: String = (0..9000)
        .map(|n| format!("+value_{n} = compute({n})\n"))
        .collect();
    let diff = format!(
        "diff --git a/app/x.py b/app/x.py\n--- a/app/x.py\n+++ b/app/x.py\n@@ -0,0 +1,9000 @@\n{lines}"
    );
    let mut config = config();
    config["models"]["gpt-x"]["context-tokens"] = json!(32_000);
    let sizes = sizes(&diff, CLAUDE, &config);
    assert!(sizes.len() > 2, "{sizes:?}");
    assert!(sizes.iter().all(|&size| size <= 32_000), "{sizes:?}");
}
