//! The review, posted where the change is discussed.

use super::*;

const PULL: &str = "https://api.github.com/repos/shop/shop/pulls/12";

#[test]
fn the_review_is_posted_at_the_pull_request() {
    let mut config = config();
    config["github"] = json!({"repository": "shop/shop", "token": "{{secret:github}}"});
    config["pull-request"] = json!(12);
    let host = Loose::new(DIFF, commits(CLAUDE));
    host.say(gpt_says(&answer(json!([injection()]))));
    host.answer(200, json!([]));
    host.answer(200, json!({"id": 7}));
    AiReviewGate::check(&host, &context(config)).unwrap();
    let urls = host.urls.borrow().clone();
    assert_eq!(
        urls[1..],
        [
            format!("GET {PULL}/reviews?per_page=100&page=1"),
            format!("POST {PULL}/reviews")
        ]
    );
    let posted: Value = serde_json::from_str(&host.sent.borrow()[2]).unwrap();
    assert_eq!(posted["comments"][0]["line"], 11);
}
