//! HTTP requests. Secrets are put in here and taken out of every answer and every message; redirects are not followed, so
//! that a server cannot send a secret elsewhere.

#[cfg(test)]
mod tests;

use std::{
    error::Error,
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{
    Client, Method, Request, Response as Answer, Url,
    header::{HeaderName, HeaderValue},
    redirect,
};
use runner_core::{
    effect::{HttpRequest, HttpResponse, Outcome, Response, Signing},
    fault::Fault,
};
use sha2::Sha256;
use tokio::runtime::Handle;

use crate::{
    secret::{Secrets, in_url},
    stop::Stop,
};

/// Stands for no limit: a timer takes no larger one.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
/// Headers that say where a message goes or how long it is: with them a grant for one host would reach another.
const OURS: [&str; 7] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "proxy-authorization",
];

/// The `http` interface's effects.
#[derive(Debug)]
pub struct Http {
    secrets: Arc<Secrets>,
    handle: Handle,
    stop: Stop,
    direct: OnceLock<Client>,
    proxied: OnceLock<Client>,
}

impl Http {
    /// Sends on `handle`'s runtime, until `stop`. Nothing is set up before the first request.
    pub fn new(secrets: Arc<Secrets>, handle: Handle, stop: Stop) -> Self {
        Self {
            secrets,
            handle,
            stop,
            direct: OnceLock::new(),
            proxied: OnceLock::new(),
        }
    }

    /// Sends one request; any status is a response. No answer (refused, no such host, out of time) is transient.
    pub fn send(&self, request: &HttpRequest) -> Outcome {
        let ready = self.ready(request)?;
        let what = format!("{} {}", request.method, request.url);
        let timeout = Duration::from_millis(request.timeout_ms).min(LONGEST);
        let exchange = async {
            tokio::select! {
                biased;
                () = self.stop.wait() => Err(Fault::Interrupted {
                    message: format!("{what} was under way when `runner` was told to stop"),
                }),
                response = self.exchange(ready, request.max_response as usize) => {
                    response.map_err(|error| self.no_answer(&what, error))
                }
                () = tokio::time::sleep(timeout) => Err(Fault::transient(format!(
                    "{what}: no whole answer within {}",
                    runner_core::duration::Duration::from_millis(request.timeout_ms).spoken()
                ))),
            }
        };
        self.handle.block_on(exchange).map(Response::Http)
    }

    /// The request with its secrets and its signature.
    fn ready(&self, request: &HttpRequest) -> Result<Request, Fault> {
        let wrong =
            |why: String| Fault::failed(format!("cannot send {} {}: {why}", request.method, request.url));
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| wrong(format!("`{}` is not a method", request.method)))?;
        let url = self.url(&request.url).map_err(|error| match error {
            UrlError::Secret(fault) => fault,
            UrlError::Wrong(why) => wrong(why),
        })?;
        let mut ready = Request::new(method, url);
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            headers.push((name, self.secrets.fill(value)?));
        }
        if let Some(signing) = &request.signing {
            headers.push(self.signature(signing)?);
        }
        for (name, value) in headers {
            let (name, value) = checked(name, &value).map_err(wrong)?;
            ready.headers_mut().append(name, value);
        }
        let has_body = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
        if has_body || !request.body.0.is_empty() {
            *ready.body_mut() = Some(self.secrets.fill_bytes(&request.body.0)?.into());
        }
        Ok(ready)
    }

    /// The URL with its secrets, which may stand behind the host only: a grant is for a host that all can read.
    fn url(&self, template: &str) -> Result<Url, UrlError> {
        let wrong = |why: &str| Err(UrlError::Wrong(why.to_owned()));
        let authority = template
            .split(['/', '\\', '?', '#'])
            .find(|part| !part.is_empty() && !part.ends_with(':'));
        if authority.is_some_and(|authority| authority.contains("{{")) {
            return wrong("a secret stands in the host, which must be plain to see");
        }
        let plain = Url::parse(template).map_err(|error| UrlError::Wrong(error.to_string()))?;
        if !matches!(plain.scheme(), "http" | "https") {
            return wrong("its scheme is neither http nor https");
        }
        if !plain.username().is_empty() || plain.password().is_some() {
            return wrong("a user stands before the host: use the header `authorization`");
        }
        let filled = self
            .secrets
            .fill_each(template, in_url)
            .map_err(UrlError::Secret)?;
        let url = Url::parse(&filled).map_err(|error| UrlError::Wrong(error.to_string()))?;
        match url.origin() == plain.origin() {
            true => Ok(url),
            false => wrong("a secret changes its host"),
        }
    }

    /// The header's name and value. The content is signed as it is: a secret's name in it stays a name.
    fn signature<'a>(&self, signing: &'a Signing) -> Result<(&'a String, String), Fault> {
        let secret = self.secrets.value(&signing.secret)?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(&signing.content.0);
        let hex = hex::encode(mac.finalize().into_bytes());
        Ok((&signing.header, format!("{}{hex}", signing.prefix)))
    }

    async fn exchange(&self, request: Request, max: usize) -> Result<HttpResponse, reqwest::Error> {
        let client = self.client(request.url())?;
        let mut answer = client.execute(request).await?;
        let mut response = HttpResponse {
            status: answer.status().as_u16(),
            headers: self.headers(&answer),
            body: Vec::new().into(),
            truncated: false,
        };
        // Scrubbed before it is cut: half a secret would not be found.
        let mut scrub = self.secrets.stream();
        let body = &mut response.body.0;
        while body.len() <= max {
            match answer.chunk().await? {
                Some(chunk) => body.extend(scrub.push(&chunk)),
                None => {
                    body.extend(scrub.finish());
                    break;
                }
            }
        }
        if body.len() > max {
            let continues = |at: &usize| body[*at] & 0b1100_0000 == 0b1000_0000;
            let end = (max.saturating_sub(3)..=max)
                .rev()
                .find(|at| !continues(at))
                .unwrap_or(max);
            body.truncate(end);
            response.truncated = true;
        }
        Ok(response)
    }

    fn headers(&self, answer: &Answer) -> Vec<(String, String)> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter();
        headers
            .map(|(name, value)| (name.as_str().to_owned(), self.secrets.scrub_text(text(value))))
            .collect()
    }

    /// The client for a URL: this machine is never behind a proxy.
    fn client(&self, url: &Url) -> Result<&Client, reqwest::Error> {
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let slot = if loopback { &self.direct } else { &self.proxied };
        match slot.get() {
            Some(client) => Ok(client),
            None => new_client(loopback).map(|client| slot.get_or_init(|| client)),
        }
    }

    fn no_answer(&self, what: &str, error: reqwest::Error) -> Fault {
        // The URL that it would name has its secrets in it.
        let error = error.without_url();
        let mut message = format!("{what}: {error}");
        let mut cause = error.source();
        while let Some(inner) = cause {
            let said = inner.to_string();
            if !message.contains(&said) {
                message = format!("{message}: {said}");
            }
            cause = inner.source();
        }
        let message = self.secrets.scrub_text(message);
        match error.is_builder() || refused_by_tls(&error) {
            true => Fault::failed(message),
            false => Fault::transient(message),
        }
    }
}

/// Why there is no URL to send to.
enum UrlError {
    Secret(Fault),
    Wrong(String),
}

fn checked(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let known =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not a header's name"))?;
    if OURS.contains(&known.as_str()) {
        return Err(format!("the header `{name}` is set by the host alone"));
    }
    let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
        format!("the value of header `{name}` has a line end or another control character in it")
    })?;
    Ok((known, value))
}

fn new_client(direct: bool) -> Result<Client, reqwest::Error> {
    // Fails when there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        // As plugins are tested; the store's client brings HTTP/2 along.
        .http1_only()
        .user_agent(concat!("runner/", env!("CARGO_PKG_VERSION")));
    match direct {
        true => builder.no_proxy().build(),
        false => builder.build(),
    }
}

/// Whether the other side was reached and is not who it should be, which another try would not change.
fn refused_by_tls(error: &(dyn Error + 'static)) -> bool {
    // An I/O error names the cause of what it wraps as its own, and so hides that.
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || wrapped.is_some_and(|wrapped| refused_by_tls(wrapped))
        || error.source().is_some_and(refused_by_tls)
}
