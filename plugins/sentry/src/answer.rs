//! What Sentry answers when it does not do what it was asked: docs.sentry.io, "API Reference", "Rate Limits", "Pagination".

use runner_sdk::{Error, Instant, Response};
use serde_json::Value;

/// What came of a question.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer<T> {
    Found(T),
    /// Sentry does not know the organization, a project, the environment or the release: what was said.
    NotFound(String),
}

impl<T> Answer<T> {
    /// What was found; [`Error::Failed`] where nothing was, with what to check.
    pub(crate) fn require(self, check: &str) -> Result<T, Error> {
        match self {
            Answer::Found(found) => Ok(found),
            Answer::NotFound(said) => Err(Error::Failed(format!("{said}; check {check}"))),
        }
    }
}

/// Reads the status. [`Error::Transient`] where it is worth another try, after the pause that Sentry asks for.
pub(crate) fn read(response: Response, what: &str, now: Instant) -> Result<Answer<Response>, Error> {
    if response.success() {
        return Ok(Answer::Found(response));
    }
    let status = response.status;
    let detail = detail(&response);
    let message = format!("{what}: answered {status}{detail}");
    match status {
        404 => Ok(Answer::NotFound(message)),
        400 if detail.contains("must be numbers") => Err(Error::InvalidConfig(format!(
            "{message}; this Sentry wants numbers: give those of the projects in `projects`"
        ))),
        400 => Err(Error::InvalidConfig(message)),
        401 => Err(Error::Failed(format!(
            "{message}; the token is wrong or was revoked"
        ))),
        403 => Err(Error::Failed(format!(
            "{message}; the token needs `event:read` and `org:read` to count, and `project:releases` or `org:ci` for \
             releases, for these projects"
        ))),
        408 | 425 | 429 | 500.. => Err(match pause(&response, now) {
            Some(ms) => Error::transient_after(message, ms),
            None => Error::transient(message),
        }),
        300..400 => Err(Error::Failed(format!("{message}; is `url` right?"))),
        _ => Err(Error::Failed(message)),
    }
}

/// How long to wait, in milliseconds: `Retry-After`, or until the window of the limit is over.
fn pause(response: &Response, now: Instant) -> Option<u64> {
    let number = |name| response.header(name)?.trim().parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(seconds.saturating_mul(1000));
    }
    let used_up = number("x-sentry-rate-limit-remaining") == Some(0);
    let reset = number("x-sentry-rate-limit-reset").filter(|_| used_up)?;
    // Its clock may be ahead of ours: never no pause at all.
    Some(reset.saturating_mul(1000).saturating_sub(now).max(1000))
}

/// Why, in Sentry's words: `{"detail": "..."}`, `{"detail": {"message": "..."}}`, or `{"FIELD": ["..."]}`.
fn detail(response: &Response) -> String {
    let said = match serde_json::from_slice::<Value>(&response.body) {
        Ok(Value::Object(fields)) => match fields.get("detail") {
            Some(Value::String(text)) => text.clone(),
            Some(detail) if detail["message"].is_string() => {
                detail["message"].as_str().unwrap_or_default().to_owned()
            }
            _ => fields
                .iter()
                .map(|(field, why)| match why {
                    Value::Array(texts) => format!(
                        "{field}: {}",
                        texts.iter().map(plain).collect::<Vec<_>>().join(" ")
                    ),
                    other => format!("{field}: {}", plain(other)),
                })
                .collect::<Vec<_>>()
                .join("; "),
        },
        // From a proxy, it may be a page.
        _ => response.text().trim().to_owned(),
    };
    let start: String = said.trim_end_matches('.').chars().take(200).collect();
    if start.is_empty() {
        start
    } else {
        format!(": {start}")
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Where the next page starts, from the header `Link`; none on the last page. Sentry names a next page always, and says in
/// `results` whether there is anything on it.
pub(crate) fn next_cursor(link: &str) -> Option<String> {
    let next = link.split('<').find(|part| part.contains("rel=\"next\""))?;
    let attribute = |name: &str| {
        let start = next.rfind(&format!("; {name}=\""))? + name.len() + 4;
        next[start..].split('"').next()
    };
    (attribute("results") == Some("true"))
        .then(|| attribute("cursor"))
        .flatten()
        .filter(|cursor| !cursor.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str, headers: &[(&str, &str)]) -> Response {
        Response {
            status,
            headers: headers
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            body: body.as_bytes().to_vec(),
            truncated: false,
        }
    }

    fn refused(status: u16, body: &str) -> Error {
        read(response(status, body, &[]), "asking", 0).unwrap_err()
    }

    #[test]
    fn says_why_in_sentrys_words() {
        let long = "x".repeat(300);
        let lines: Vec<String> = [
            (400, r#"{"detail":"Invalid query: no such field"}"#),
            (400, r#"{"detail":"Invalid project parameter. Values must be numbers."}"#),
            (400, r#"{"version":["This field may not be blank."],"refs":["Unable to find repository: a/b","x"]}"#),
            (401, r#"{"detail":"Invalid token"}"#),
            (403, r#"{"detail":{"code":"sso-required","message":"Must login via SSO","extra":{}}}"#),
            (413, "<html>too large</html>"),
            (302, ""),
            (418, long.as_str()),
        ]
        .iter()
        .map(|(status, body)| refused(*status, body).message().to_owned())
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        asking: answered 400: Invalid query: no such field
        asking: answered 400: Invalid project parameter. Values must be numbers; this Sentry wants numbers: give those of the projects in `projects`
        asking: answered 400: refs: Unable to find repository: a/b x; version: This field may not be blank
        asking: answered 401: Invalid token; the token is wrong or was revoked
        asking: answered 403: Must login via SSO; the token needs `event:read` and `org:read` to count, and `project:releases` or `org:ci` for releases, for these projects
        asking: answered 413: <html>too large</html>
        asking: answered 302; is `url` right?
        asking: answered 418: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        ");
    }

    #[test]
    fn waits_for_the_window_of_the_limit() {
        let after = |headers: &[(&str, &str)]| match read(response(429, "", headers), "asking", 10_000) {
            Err(Error::Transient(retry)) => retry.after_ms,
            other => panic!("{other:?}"),
        };
        let reset = ("X-Sentry-Rate-Limit-Reset", "17");
        let none_left = ("X-Sentry-Rate-Limit-Remaining", "0");
        assert_eq!(after(&[("Retry-After", "3"), reset, none_left]), Some(3000));
        assert_eq!(after(&[reset, none_left]), Some(7000));
        assert_eq!(
            after(&[("X-Sentry-Rate-Limit-Reset", "2"), none_left]),
            Some(1000)
        );
        // Too many at once, not too many in the window.
        assert_eq!(after(&[reset, ("X-Sentry-Rate-Limit-Remaining", "39")]), None);
        assert_eq!(after(&[("Retry-After", "soon")]), None);
    }

    #[test]
    fn a_server_in_trouble_is_asked_again_and_a_refusal_is_final() {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(matches!(refused(status, ""), Error::Transient(_)), "{status}");
        }
        for status in [301, 401, 403, 405, 413] {
            assert!(matches!(refused(status, ""), Error::Failed(_)), "{status}");
        }
        let gone = read(response(404, r#"{"detail":"gone"}"#, &[]), "asking", 0);
        assert_eq!(gone, Ok(Answer::NotFound("asking: answered 404: gone".into())));
    }

    #[test]
    fn follows_the_next_page_only_where_there_is_one() {
        let link = |results: &str| {
            format!(
                "<https://sentry.io/api/0/organizations/acme/issues/?query=a,b&cursor=0:0:1>; rel=\"previous\"; \
                 results=\"true\"; cursor=\"0:0:1\", \
                 <https://sentry.io/api/0/organizations/acme/issues/?query=a,b&cursor=0:100:0>; rel=\"next\"; \
                 results=\"{results}\"; cursor=\"0:100:0\""
            )
        };
        assert_eq!(next_cursor(&link("true")).as_deref(), Some("0:100:0"));
        assert_eq!(next_cursor(&link("false")), None);
        for odd in [
            "",
            "<",
            "<x>; rel=\"next\"",
            "<x>; rel=\"next\"; results=\"true\"; cursor=\"",
        ] {
            assert_eq!(next_cursor(odd), None, "{odd}");
        }
    }
}
