//! HTTP: how to ask, and how to read the answer.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Nature, Request, Response, Signing, WithContext};

impl Request {
    /// A request of any method, with sane limits: 30 seconds, 4 MiB of answer. `{{secret:name}}` in the URL, in headers and
    /// in the body is filled in by the host.
    pub fn new(method: &str, url: impl Into<String>, nature: Nature) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            signing: None,
            timeout_ms: 30_000,
            nature,
            foresee_status: None,
            max_response: 4 * 1024 * 1024,
        }
    }

    /// Asks; changes nothing.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url, Nature::Read)
    }

    /// A write that must not be done twice, unless [`Self::idempotent`] or [`Self::read`] says otherwise.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url, Nature::Write)
    }

    /// An idempotent write.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url, Nature::Idempotent)
    }

    /// A write that must not be done twice, unless [`Self::idempotent`] says otherwise.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new("PATCH", url, Nature::Write)
    }

    /// An idempotent write.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new("DELETE", url, Nature::Idempotent)
    }

    /// One more header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The header `Authorization: Bearer` with a secret of that name, which the host fills in.
    pub fn bearer_secret(self, secret: &str) -> Self {
        self.header("Authorization", format!("Bearer {{{{secret:{secret}}}}}"))
    }

    /// The body, as it is.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The body as JSON, with its content type.
    pub fn json(self, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("a plugin's own type is JSON");
        self.header("Content-Type", "application/json").body(body)
    }

    /// A signature over `content`, which the host makes with a secret.
    pub fn sign(mut self, signing: Signing) -> Self {
        self.signing = Some(signing);
        self
    }

    /// How long it may take.
    pub fn timeout(mut self, time: impl Into<std::time::Duration>) -> Self {
        self.timeout_ms = u64::try_from(time.into().as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// The largest answer to take, in bytes; a longer one is cut and said to be.
    pub fn max_response(mut self, bytes: u32) -> Self {
        self.max_response = bytes;
        self
    }

    /// It changes nothing: done in a plan too, done again after a crash.
    pub fn read(mut self) -> Self {
        self.nature = Nature::Read;
        self
    }

    /// Doing it twice is the same as once: listed in a plan, done again after a crash.
    pub fn idempotent(mut self) -> Self {
        self.nature = Nature::Idempotent;
        self
    }

    /// In a plan, goes on as if this write had been answered with `status` and an empty body. For a write whose answer the
    /// plugin does not need; without this, the plan ends here with [`Error::Planned`].
    pub fn foresee(mut self, status: u16) -> Self {
        self.foresee_status = Some(status);
        self
    }
}

impl Response {
    /// Whether the status is 2xx.
    pub fn success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 becomes `U+FFFD`.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON. One that was cut, or is not JSON, is an error; `what` says what was asked for.
    pub fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T, Error> {
        if self.truncated {
            return Err(Error::failed(format!("{what}: the answer is too long")));
        }
        serde_json::from_slice(&self.body).context(format!("{what}: the answer is not what was expected"))
    }

    /// Itself, if the status is 2xx. Else an error with the start of the body: transient for 408, 425, 429 and 5xx, with
    /// the pause of `Retry-After` where it is in seconds.
    pub fn require_success(self, what: &str) -> Result<Self, Error> {
        if self.success() {
            return Ok(self);
        }
        let start: String = self.text().trim().chars().take(200).collect();
        let colon = if start.is_empty() { "" } else { ": " };
        let message = format!("{what}: answered {}{colon}{start}", self.status);
        if !matches!(self.status, 408 | 425 | 429 | 500..) {
            return Err(Error::Failed(message));
        }
        match self
            .header("retry-after")
            .and_then(|text| text.trim().parse::<u64>().ok())
        {
            Some(seconds) => Err(Error::transient_after(message, seconds.saturating_mul(1000))),
            None => Err(Error::transient(message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response {
            status,
            headers: Vec::new(),
            body: body.into(),
            truncated: false,
        }
    }

    #[test]
    fn a_method_has_its_nature() {
        assert_eq!(Request::get("x").nature, Nature::Read);
        assert_eq!(Request::post("x").nature, Nature::Write);
        assert_eq!(Request::put("x").nature, Nature::Idempotent);
        assert_eq!(
            Request::post("x").idempotent().foresee(200).foresee_status,
            Some(200)
        );
    }

    #[test]
    fn json_has_its_content_type_and_a_secret_stays_a_name() {
        let request = Request::post("x")
            .json(&serde_json::json!({"a": 1}))
            .bearer_secret("token");
        assert_eq!(request.body, br#"{"a":1}"#);
        assert_eq!(request.headers[0].1, "application/json");
        assert_eq!(request.headers[1].1, "Bearer {{secret:token}}");
    }

    #[test]
    fn a_proxy_that_answers_html_is_an_error() {
        let error = response(200, "<html>")
            .json::<serde_json::Value>("asking x")
            .unwrap_err();
        assert_eq!(
            error.message(),
            "asking x: the answer is not what was expected: expected value at line 1 column 1"
        );
        let cut = Response {
            truncated: true,
            ..response(200, "{}")
        };
        assert_eq!(
            cut.json::<serde_json::Value>("asking x").unwrap_err().message(),
            "asking x: the answer is too long"
        );
    }

    #[test]
    fn some_statuses_are_worth_another_try() {
        for status in [408, 425, 429, 500, 503] {
            assert!(
                matches!(
                    response(status, "").require_success("x"),
                    Err(Error::Transient(_))
                ),
                "{status}"
            );
        }
        for status in [301, 400, 401, 404] {
            assert!(
                matches!(response(status, "").require_success("x"), Err(Error::Failed(_))),
                "{status}"
            );
        }
    }
}
