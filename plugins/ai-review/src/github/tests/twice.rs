//! After a crash, what may have been sent is sent again: twice is the same as once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use runner_sdk::testing::{answered, twice};

use super::*;

/// The reviews of a pull request by their ids, each with its text and its comments.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pull {
    reviews: BTreeMap<u64, (Value, BTreeMap<u64, Value>)>,
    last: u64,
}

impl Pull {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn answer(&mut self, request: &Request) -> Response {
        let path = request.url.split('?').next().unwrap_or_default();
        let path = path
            .trim_start_matches("https://api.github.com/repos/shop/shop/pulls/")
            .to_owned();
        let words: Vec<&str> = path.split('/').collect();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let id = |word: &str| word.parse::<u64>().unwrap();
        match (request.method.as_str(), words.as_slice()) {
            ("GET", ["12", "reviews"]) => {
                let reviews = self.reviews.iter();
                listed(reviews.map(|(id, (text, _))| json!({ "id": id, "body": text })))
            }
            ("GET", ["12", "reviews", review, "comments"]) => {
                let comments = self.reviews[&id(review)].1.iter();
                listed(comments.map(|(id, text)| json!({ "id": id, "body": text })))
            }
            ("POST", ["12", "reviews"]) => {
                let comments = body["comments"].as_array().cloned().unwrap_or_default();
                let comments = comments
                    .into_iter()
                    .map(|comment| (self.next(), comment["body"].clone()))
                    .collect();
                let id = self.next();
                self.reviews.insert(id, (body["body"].clone(), comments));
                answered(200, json!({ "id": id }).to_string())
            }
            ("PUT", ["12", "reviews", review]) => match self.reviews.get_mut(&id(review)) {
                Some(there) => {
                    there.0 = body["body"].clone();
                    answered(200, "{}")
                }
                None => answered(404, "{}"),
            },
            ("DELETE", ["comments", comment]) => {
                let mut reviews = self.reviews.values_mut();
                match reviews.find_map(|(_, comments)| comments.remove(&id(comment))) {
                    Some(_) => answered(204, ""),
                    None => answered(404, "{}"),
                }
            }
            other => panic!("GitHub is not asked for {other:?}"),
        }
    }
}

fn listed(all: impl Iterator<Item = Value>) -> Response {
    answered(200, Value::from_iter(all).to_string())
}

#[test]
fn a_review_whose_changes_are_sent_twice_is_the_same() {
    let pull = Rc::new(RefCell::new(Pull::default()));
    let github = || {
        pull.take();
        let pull = Rc::clone(&pull);
        ScriptedHost::new().requests(move |request| Ok(pull.borrow_mut().answer(request)))
    };
    let tried = twice(github, |host| {
        let said = [
            post(
                host,
                &[
                    noted("dry", Some(3)),
                    noted("loops", Some(4)),
                    noted("xss", Some(5)),
                ],
            ),
            post(host, &[noted("dry", Some(7))]),
        ];
        (
            said.map(|said| said.map_err(|error| error.message().to_owned())),
            pull.borrow().clone(),
        )
    });
    assert_eq!(tried, 3, "one review is changed, and two comments are removed");
    let left = pull
        .borrow()
        .reviews
        .values()
        .map(|(_, comments)| comments.len())
        .collect::<Vec<_>>();
    assert_eq!(left, [1]);
}
