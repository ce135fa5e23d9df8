mod twice;

use runner_sdk::Nature;
use runner_sdk::testing::ScriptedHost;

use super::*;
use crate::config::Level;

const PULL: &str = "https://api.github.com/repos/shop/shop/pulls/12";

fn github() -> GitHub {
    GitHub {
        repository: "shop/shop".into(),
        token: "{{secret:github}}".into(),
        url: "https://api.github.com".into(),
    }
}

fn noted(item: &str, line: Option<u32>) -> Noted {
    Noted {
        severity: Level::High,
        item: item.into(),
        path: Some("app/a.py".into()),
        line,
        reason: "Is wrong.".into(),
        by: vec!["m".into()],
    }
}

fn post(host: &impl Host, notes: &[Noted]) -> Result<(), Error> {
    let github = github();
    let post = Post {
        markdown: "## Review",
        commit: "c0ffee",
        notes,
    };
    PullRequest::new(host, &github, 12).post(&post)
}

fn listed(host: ScriptedHost, reviews: Value) -> ScriptedHost {
    host.get(&format!("{PULL}/reviews?per_page=100&page=1"))
        .with_header("user-agent", "runner")
        .with_header("authorization", "Bearer {{secret:github}}")
        .answers_json(200, &reviews)
}

fn ours(id: u64) -> Value {
    json!({ "id": id, "body": format!("{MARKER}\nold") })
}

#[test]
fn the_first_run_makes_one_review_with_comments_on_lines() {
    let host = listed(ScriptedHost::new(), json!([{ "id": 1, "body": "by a person" }, { "id": 2, "body": null }]))
        .post(&format!("{PULL}/reviews"))
        .with_nature(Nature::Write)
        .with_json(json!({
            "commit_id": "c0ffee",
            "event": "COMMENT",
            "body": "<!-- runner:ai-review -->\n## Review",
            "comments": [{
                "path": "app/a.py", "line": 3, "side": "RIGHT",
                "body": format!("**high** dry `app/a.py:3`: Is wrong. (m)\n<!-- runner:ai-review {} -->", key(&noted("dry", None))),
            }],
        }))
        .answers_json(200, &json!({ "id": 9 }));
    post(&host, &[noted("dry", Some(3)), noted("loops", None)]).unwrap();
}

#[test]
fn a_later_run_changes_it_in_place_and_removes_what_is_not_found_any_more() {
    let comment = |id: u64, item: &str| json!({ "id": id, "body": format!("x\n<!-- runner:ai-review {} -->", key(&noted(item, None))) });
    let host = listed(ScriptedHost::new(), json!([ours(7)]))
        .request("PUT", &format!("{PULL}/reviews/7"))
        .with_nature(Nature::Idempotent)
        .with_json(json!({ "body": "<!-- runner:ai-review -->\n## Review" }))
        .answers_json(200, &ours(7))
        .get(&format!("{PULL}/reviews/7/comments?per_page=100&page=1"))
        .answers_json(
            200,
            &json!([comment(70, "dry"), comment(71, "loops"), { "id": 72, "body": "an answer" }, comment(73, "xss")]),
        )
        .request("DELETE", "https://api.github.com/repos/shop/shop/pulls/comments/71")
        .answers(204, "")
        .request("DELETE", "https://api.github.com/repos/shop/shop/pulls/comments/73")
        .answers(404, "");
    post(&host, &[noted("dry", Some(5))]).unwrap();
}

#[test]
fn a_line_that_github_does_not_know_does_not_lose_the_review() {
    let host = listed(ScriptedHost::new(), json!([]))
        .post(&format!("{PULL}/reviews"))
        .answers_json(422, &json!({ "message": "Unprocessable Entity" }))
        .post(&format!("{PULL}/reviews"))
        .with_json(json!({ "event": "COMMENT", "body": "<!-- runner:ai-review -->\n## Review" }))
        .answers(200, "{}");
    post(&host, &[noted("dry", Some(3))]).unwrap();
}

#[test]
fn a_review_that_may_be_there_is_looked_for_before_it_is_made_again() {
    let host = listed(ScriptedHost::new(), json!([]))
        .post(&format!("{PULL}/reviews"))
        .fails(Error::Interrupted("stopped".into()));
    post(&listed(host, json!([ours(7)])), &[]).unwrap();
    let host = listed(ScriptedHost::new(), json!([]))
        .post(&format!("{PULL}/reviews"))
        .answers(502, "");
    let host = listed(host, json!([]))
        .post(&format!("{PULL}/reviews"))
        .answers(200, "{}");
    post(&host, &[]).unwrap();
}

#[test]
fn a_marker_that_somebody_else_wrote_does_not_stop_it() {
    let host = listed(ScriptedHost::new(), json!([ours(7)]))
        .request("PUT", &format!("{PULL}/reviews/7"))
        .answers(403, "")
        .post(&format!("{PULL}/reviews"))
        .answers(200, "{}");
    post(&host, &[]).unwrap();
}

#[test]
fn a_refusal_says_what_to_check() {
    let host = ScriptedHost::new()
        .get(&format!("{PULL}/reviews?per_page=100&page=1"))
        .answers_json(404, &json!({ "message": "Not Found" }));
    insta::assert_snapshot!(post(&host, &[]).unwrap_err().message(), @r#"reading the reviews: answered 404: {"message":"Not Found"}; check `github.repository` and `pull-request`, and that the token may write pull requests"#);
}

#[test]
fn a_long_review_is_cut_and_says_so() {
    let body = body(&"ж".repeat(70_000));
    assert!(body.chars().count() < 65_536);
    assert!(body.ends_with("Cut here: the run's report has all of it.\n"));
}

#[test]
fn a_limit_is_not_taken_for_a_review_of_somebody_else() {
    let limited = |host: ScriptedHost| {
        host.answers_json(
            403,
            &json!({ "message": "You have exceeded a secondary rate limit" }),
        )
        .answer_header("retry-after", "7")
    };
    let put = |host: ScriptedHost| host.request("PUT", &format!("{PULL}/reviews/7"));
    let host = limited(put(listed(ScriptedHost::new(), json!([ours(7)]))));
    let host = put(host)
        .answers_json(200, &ours(7))
        .get(&format!("{PULL}/reviews/7/comments?per_page=100&page=1"))
        .answers_json(200, &json!([]));
    post(&host, &[]).unwrap();
    assert_eq!(host.pauses(), [7000]);
    let create = |host: ScriptedHost| host.post(&format!("{PULL}/reviews"));
    let host = limited(create(listed(ScriptedHost::new(), json!([]))));
    let host = create(listed(host, json!([]))).answers(200, "{}");
    post(&host, &[]).unwrap();
    assert_eq!(host.pauses(), [7000]);
    let host = ScriptedHost::new()
        .get(&format!("{PULL}/reviews?per_page=100&page=1"))
        .answers_json(403, &json!({ "message": "API rate limit exceeded" }))
        .answer_header("x-ratelimit-remaining", "0");
    insta::assert_snapshot!(post(&host, &[]).unwrap_err().message(), @r#"reading the reviews: answered 403: {"message":"API rate limit exceeded"}; the token's requests of this hour are used up"#);
}
