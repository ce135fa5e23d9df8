//! The review at the pull request: one, with comments on lines, brought up to date by each later run.

use super::pulls::{NUMBER, Refusal};
use super::shop::{BY_CLAUDE, SAFE, Shop, UNSAFE, about};

/// Two faults, on the lines 3 and 4.
const TWO: &str = "def search(db, name):\n    # by name\n    time.sleep(1)\n    \
                   return db.execute(f\"SELECT * FROM goods WHERE name = '{name}'\")\n";

fn pushed(text: &str) -> Shop {
    let shop = Shop::new();
    push(&shop, text);
    shop
}

fn push(shop: &Shop, text: &str) {
    shop.commit("app/search.py", text, BY_CLAUDE);
    shop.pulls.pushed(
        &shop.env.git(&["rev-parse", "HEAD"]),
        "app/search.py",
        1..=text.lines().count() as u32,
    );
}

#[test]
fn one_review_with_a_comment_on_each_line_is_kept_up_to_date() {
    let shop = pushed(TWO);
    assert_eq!(shop.review_pull(NUMBER).code, Some(10));
    let first = shop.pulls.ours();
    assert_eq!(first.len(), 1);
    insta::assert_snapshot!(first[0].body.replace(first[0].commit.as_deref().expect("a commit").split_at(12).0, "$COMMIT"), @r"
    <!-- runner:ai-review -->
    ## ❌ Review: 1 of 2 findings blocks in 1 file (gpt-x $0.0040)

    Written by Claude; feature; `v0.1.0` to `$COMMIT`; prompts `c94e5e66ab3f`.

    ### Findings

    - **critical** sql-injection `app/search.py:4`: The name goes into the statement as it came. (gpt-x)
    - **low** loops `app/search.py:3`: It waits for nothing. (gpt-x)

    ### In short

    - `gpt-x`: Adds a search.

    | Model | Calls | Tokens in | of these cached | Tokens out | Cost |
    |---|---:|---:|---:|---:|---:|
    | `gpt-x` | 1 | 2000 | 500 | 100 | $0.0040 |
    ");
    let comments = shop.pulls.state().comments.clone();
    let at: Vec<_> = comments
        .iter()
        .map(|comment| (comment.path.as_str(), comment.line))
        .collect();
    assert_eq!(at, [("app/search.py", 4), ("app/search.py", 3)]);
    insta::assert_snapshot!(comments[0].body, @r"
    **critical** sql-injection `app/search.py:4`: The name goes into the statement as it came. (gpt-x)
    <!-- runner:ai-review 68e8f886caa41527 -->
    ");
    insta::assert_snapshot!(shop.pulls.log().join("\n"), @r"
    GET 12/reviews?per_page=100&page=1 200
    POST 12/reviews 200
    ");

    push(&shop, UNSAFE);
    assert_eq!(shop.review_pull(NUMBER).code, Some(10));
    let second = shop.pulls.ours();
    assert_eq!((second.len(), second[0].id), (1, first[0].id), "the same review");
    assert!(!second[0].body.contains("It waits for nothing") && second[0].body.contains("sql-injection"));
    assert_eq!(
        shop.pulls.state().comments.len(),
        1,
        "what is mended is not commented on any more"
    );
    let log = shop
        .pulls
        .log()
        .join("\n")
        .replace(&first[0].id.to_string(), "$ID");
    insta::assert_snapshot!(log, @r"
    GET 12/reviews?per_page=100&page=1 200
    PUT 12/reviews/$ID 200
    GET 12/reviews/$ID/comments?per_page=100&page=1 200
    DELETE comments/$ID001 204
    ");

    push(&shop, SAFE);
    assert_eq!(shop.review_pull(NUMBER).code, Some(0));
    let third = shop.pulls.ours();
    assert_eq!((third.len(), third[0].id), (1, first[0].id));
    assert!(
        third[0].body.contains("## ✅ Review: no findings in 1 file"),
        "{}",
        third[0].body
    );
    assert!(shop.pulls.state().comments.is_empty());
}

#[test]
fn ours_is_found_on_a_later_page_and_whoever_copies_its_mark_is_left_alone() {
    let shop = pushed(UNSAFE);
    for n in 0..130 {
        shop.pulls.written_by("ann", &format!("Thought {n}."));
    }
    shop.review_pull(NUMBER);
    assert_eq!(shop.pulls.ours().len(), 1);
    shop.pulls
        .written_by("mallory", "<!-- runner:ai-review -->\n## ✅ Review: no findings");
    shop.review_pull(NUMBER);
    shop.review_pull(NUMBER);
    let state = shop.pulls.state();
    let mallory = state
        .reviews
        .iter()
        .find(|review| review.login == "mallory")
        .expect("there");
    assert!(mallory.body.contains("no findings"), "it was not touched");
    drop(state);
    let ours = shop.pulls.ours();
    assert!(ours.len() <= 2, "{ours:?}");
    assert!(ours.last().expect("ours").body.contains("❌"), "{ours:?}");
}

#[test]
fn a_pause_that_github_asks_for_is_made_and_no_second_review() {
    let shop = pushed(UNSAFE);
    shop.pulls.refuse("GET", Refusal::Secondary(1));
    shop.pulls.refuse("POST", Refusal::Secondary(1));
    shop.review_pull(NUMBER);
    assert_eq!(shop.pulls.ours().len(), 1);
    insta::assert_snapshot!(shop.pulls.log().join("\n"), @r"
    GET 12/reviews?per_page=100&page=1 403
    GET 12/reviews?per_page=100&page=1 200
    POST 12/reviews 403
    GET 12/reviews?per_page=100&page=1 200
    POST 12/reviews 200
    ");
    shop.pulls.refuse("PUT", Refusal::Secondary(1));
    shop.review_pull(NUMBER);
    assert_eq!(shop.pulls.ours().len(), 1, "{:?}", shop.pulls.log());
}

#[test]
fn a_server_that_fell_over_after_it_kept_the_review_is_asked_before_it_is_sent_again() {
    let shop = pushed(UNSAFE);
    shop.pulls.refuse("POST", Refusal::DoneAnd502);
    assert_eq!(shop.review_pull(NUMBER).code, Some(10));
    assert_eq!(shop.pulls.ours().len(), 1);
}

#[test]
fn a_line_that_github_does_not_show_is_in_the_text() {
    let shop = pushed(UNSAFE);
    shop.pulls
        .pushed(&shop.env.git(&["rev-parse", "HEAD"]), "app/search.py", 1..=1);
    assert_eq!(shop.review_pull(NUMBER).code, Some(10));
    let ours = shop.pulls.ours();
    assert_eq!((ours.len(), shop.pulls.state().comments.len()), (1, 0));
    assert!(ours[0].body.contains("`app/search.py:3`"));
}

#[test]
fn what_cannot_be_posted_is_told_and_judges_all_the_same() {
    let shop = pushed(SAFE);
    shop.pulls.refuse("POST", Refusal::Forbidden);
    insta::assert_snapshot!(about(&shop.review_pull(NUMBER)), @r#"
           warn: gate/review: the review was not posted at pull request 12: posting the review: answered 403: {"documentation_url":"https://docs.github.com/rest","message":"Resource not accessible by integration","status":"403"}; check `github.repository` and `pull-request`, and that the token may write pull requests
      ok  gate/review $T  no findings in 1 file (gpt-x $0.0040)
    done in $T: every check passed
    [exit code 0]
    "#);
    let shop = pushed(SAFE);
    shop.pulls.refuse("GET", Refusal::UsedUp);
    insta::assert_snapshot!(about(&shop.review_pull(NUMBER)), @r#"
           warn: gate/review: the review was not posted at pull request 12: reading the reviews: answered 403: {"documentation_url":"https://docs.github.com/rest","message":"API rate limit exceeded for installation ID 7.","status":"403"}; the token's requests of this hour are used up
      ok  gate/review $T  no findings in 1 file (gpt-x $0.0040)
    done in $T: every check passed
    [exit code 0]
    "#);
    let shop = pushed(SAFE);
    insta::assert_snapshot!(about(&shop.review_pull(13)), @r#"
           warn: gate/review: the review was not posted at pull request 13: reading the reviews: answered 404: {"documentation_url":"https://docs.github.com/rest","message":"Not Found","status":"404"}; check `github.repository` and `pull-request`, and that the token may write pull requests
      ok  gate/review $T  no findings in 1 file (gpt-x $0.0040)
    done in $T: every check passed
    [exit code 0]
    "#);
    let Shop { env, models, pulls } = pushed(UNSAFE);
    let shop = Shop {
        env: env.set("GITHUB_TOKEN", "ghs_of_yesterday"),
        models,
        pulls,
    };
    insta::assert_snapshot!(about(&shop.review_pull(NUMBER)), @r#"
           warn: gate/review: the review was not posted at pull request 12: reading the reviews: answered 401: {"documentation_url":"https://docs.github.com/rest","message":"Bad credentials","status":"401"}; the token is wrong or has expired
    FAIL  gate/review $T  1 finding that blocks in 1 file (gpt-x $0.0040)
           critical sql-injection: The name goes into the statement as it came. [gpt-x] (app/search.py:3)
           medium not-posted: the review was not posted at pull request 12: reading the reviews: answered 401: {"documentation_url":"https://docs.github.com/rest","message":"Bad credentials","status":"401"}; the token is wrong or has expired
    blocked in $T: gate/review: 1 finding that blocks in 1 file (gpt-x $0.0040)
    next: mend what failed, then `runner quality-gate`
    [exit code 10]
    "#);
}
