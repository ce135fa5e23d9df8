//! A review that is killed and resumed: posted once, paid for once, noted once.

use super::pulls::NUMBER;
use super::shop::{BY_CLAUDE, Shop, UNSAFE};

/// Every fifth append of a review, on both sides; a review has about sixty.
const LAST: usize = 75;
const STEP: usize = 5;

#[test]
fn what_was_posted_and_paid_for_before_a_crash_is_not_again_after_it() {
    let mut tried = 0;
    for (side, first) in [("before", 10), ("after", 11)] {
        for append in (first..LAST).step_by(STEP) {
            tried += u32::from(crash(&format!("{side}:{append}")));
        }
    }
    assert!(tried > 8, "only {tried} were killed");
}

/// False where the review was over before that.
fn crash(point: &str) -> bool {
    let shop = Shop::with("budget = { per-month = 5.0 }");
    shop.commit("app/search.py", UNSAFE, BY_CLAUDE);
    let head = shop.env.git(&["rev-parse", "HEAD"]);
    shop.pulls.pushed(&head, "app/search.py", 1..=3);
    let set = format!("gate.review.config.pull-request={NUMBER}");
    let killed = shop.env.run_crashing(point, &["quality-gate", "--set", &set]);
    if killed.code == Some(10) {
        return false;
    }
    let resumed = shop.env.run(&["resume"]);
    assert_eq!(resumed.code, Some(10), "{point}: {killed}{resumed}");
    let ours = shop.pulls.ours();
    assert_eq!(
        (ours.len(), shop.pulls.state().comments.len()),
        (1, 1),
        "{point}: {ours:?}"
    );
    let ledger = shop.env.read(".runner/ai-costs.jsonl").expect("written");
    let mut lines: Vec<&str> = ledger.lines().collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all, "{point}: a line is there twice: {ledger}");
    // An answer that was on its way is asked for again, and what it may have cost stays reserved.
    let asked = shop.models.asked().len();
    let reserved = ledger.matches("\"event\":\"reserved\"").count();
    assert!(
        asked <= 2 && reserved >= asked,
        "{point}: {asked} asked, {reserved} reserved"
    );
    true
}
