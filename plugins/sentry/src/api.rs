//! How Sentry is asked: paths that end in a slash, the token, another try for what is worth one.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use runner_sdk::{Context, Error, Host, Request, Response, WithContext, retry};
use serde_json::Value;

use crate::answer::{self, Answer};
use crate::config::Config;

/// The longest answer that is read, in bytes: a page of issues is about 200 kB.
const LONGEST: u32 = 8 * 1024 * 1024;
/// What needs no encoding in a query or in a segment of a path.
const PLAIN: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Sentry, as this call asks it.
pub(crate) struct Api<'a, H> {
    pub(crate) host: &'a H,
    pub(crate) context: &'a Context<Config>,
    /// How often a request is sent at most.
    pub(crate) tries: u32,
}

impl<H: Host> Api<'_, H> {
    /// The URL of something of the organization; `path` ends in a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        let config = &self.context.config;
        let base = config.url.trim_end_matches('/');
        format!(
            "{base}/api/0/organizations/{}/{path}",
            encoded(&config.organization)
        )
    }

    /// Asks; `parameters` are encoded here, and the projects are added.
    pub(crate) fn get(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        what: &str,
    ) -> Result<Answer<Response>, Error> {
        let projects = self
            .context
            .config
            .projects
            .iter()
            .map(|project| ("project", project.as_str()));
        let all = parameters.iter().copied().chain(projects);
        let query: Vec<String> = all
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let request = Request::get(format!("{}?{}", self.url(path), query.join("&")));
        self.send_again(&self.prepared(request), what)
    }

    /// The request with token and limits.
    pub(crate) fn prepared(&self, request: Request) -> Request {
        let config = &self.context.config;
        request
            .header("Authorization", format!("Bearer {}", config.token))
            .header("Accept", "application/json")
            .timeout(config.timeout)
            .max_response(LONGEST)
    }

    /// Sends what may be sent twice, until it is answered for good.
    pub(crate) fn send_again(&self, request: &Request, what: &str) -> Result<Answer<Response>, Error> {
        retry(self.host, self.tries, || self.send(request, what))
    }

    /// Sends once.
    pub(crate) fn send(&self, request: &Request, what: &str) -> Result<Answer<Response>, Error> {
        let response = self.host.send(request).context(what)?;
        // The time is asked for only where a pause is counted from it.
        let now = if response.success() { 0 } else { self.host.now() };
        answer::read(response, what, now)
    }
}

/// A value in a query, or a segment of a path.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, &PLAIN).to_string()
}

/// The body as JSON; a page of a proxy is told as what it is.
pub(crate) fn json(response: &Response, what: &str) -> Result<Value, Error> {
    if response.truncated {
        return Err(Error::failed(format!("{what}: the answer is too long")));
    }
    serde_json::from_slice(&response.body)
        .map_err(|_| Error::failed(format!("{what}: the answer is not JSON: is `url` right?")))
}
