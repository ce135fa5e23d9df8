//! Requests: where one goes, and patterns of where it may.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{effect::HttpRequest, secret};

/// Where a request goes, with secrets as words in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    method: String,
    url: Url,
    /// As the plugin wrote it, without the query.
    written: String,
}

/// `METHOD[,METHOD] URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    methods: Vec<String>,
    url: Url,
}

/// Where a request goes, or why none may go there.
pub(super) fn destination(request: &HttpRequest) -> Result<Destination, String> {
    if request.method.is_empty() || !request.method.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(format!("`{}` is no method: write it in capitals", request.method));
    }
    let url = parse(&request.url)?;
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let other = request
        .headers
        .iter()
        .find(|(name, value)| name.eq_ignore_ascii_case("host") && !value.eq_ignore_ascii_case(authority));
    if let Some((_, host)) = other {
        return Err(format!("the header `Host: {host}` would send it elsewhere"));
    }
    Ok(Destination {
        method: request.method.clone(),
        url,
        written: request.url.split('?').next().unwrap_or_default().to_owned(),
    })
}

/// Whether an entry of a grant covers a destination. An entry that is none covers nothing.
pub(super) fn covers(entry: &str, to: &Destination) -> bool {
    Pattern::parse(entry).is_ok_and(|pattern| pattern.covers(to))
}

/// What makes an entry useless.
pub(super) fn mistake(entry: &str) -> Option<String> {
    Pattern::parse(entry).err()
}

impl Destination {
    /// As the entry of a grant that covers just this.
    pub(super) fn entry(&self) -> String {
        format!("{} {}", self.method, self.written)
    }
}

impl Pattern {
    fn parse(entry: &str) -> Result<Self, String> {
        let (methods, url) = entry
            .trim()
            .split_once(char::is_whitespace)
            .ok_or("it is not a method and a URL, e.g. `GET https://x.example/*`")?;
        let methods: Vec<_> = methods.split(',').map(str::to_ascii_uppercase).collect();
        if let Some(bad) = methods
            .iter()
            .find(|method| method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()))
        {
            return Err(format!("`{bad}` is no method"));
        }
        let url = parse(url.trim_start())?;
        if url.host_str().is_some_and(|host| host.contains('*')) {
            return Err("a host is exact: `*` goes to the end of the path".to_owned());
        }
        Ok(Self { methods, url })
    }

    fn covers(&self, to: &Destination) -> bool {
        let place = |url: &Url| {
            (
                url.scheme().to_owned(),
                url.host().map(|h| h.to_owned()),
                url.port_or_known_default(),
            )
        };
        if !self.methods.contains(&to.method) || place(&self.url) != place(&to.url) {
            return false;
        }
        match self.url.query() {
            None => text_covers(self.url.path(), to.url.path()),
            Some(query) => {
                self.url.path() == to.url.path()
                    && to.url.query().is_some_and(|asked| text_covers(query, asked))
            }
        }
    }
}

fn text_covers(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    }
}

/// Reads a URL the way it will be sent, and refuses what two readers could read in two ways.
fn parse(text: &str) -> Result<Url, String> {
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return Err("the URL holds a space, a control character or `\\`".to_owned());
    }
    let filled = secret::replace(text, |name| format!("SECRET-{name}"));
    let (scheme, rest) = filled
        .split_once("://")
        .ok_or("the URL has no scheme: write `https://...`")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(format!("the scheme `{scheme}` is neither `https` nor `http`"));
    }
    let path = match rest.find(['/', '?', '#']) {
        Some(0) => return Err("the URL has no host".to_owned()),
        Some(end) => &rest[end..],
        None => "",
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if path.split('/').any(is_way_out) {
        return Err("the path holds `.` or `..`, plain or encoded".to_owned());
    }
    let url = Url::parse(&filled).map_err(|error| format!("the URL cannot be read: {error}"))?;
    if !url.username().is_empty()
        || url.password().is_some()
        || rest[..rest.len() - after_authority(rest)].contains('@')
    {
        return Err("the URL names a user: put credentials into a header".to_owned());
    }
    if url.fragment().is_some() {
        return Err("the URL has a fragment, which is never sent".to_owned());
    }
    // A secret may stand anywhere after the host: what decides where a request goes must not depend on one.
    let other = Url::parse(&secret::replace(text, |_| "x".to_owned()));
    if other.map(|other| other.origin()) != Ok(url.origin()) {
        return Err("a secret stands in the scheme, host or port".to_owned());
    }
    Ok(url)
}

/// Bytes after scheme, host and port.
fn after_authority(rest: &str) -> usize {
    rest.find(['/', '?', '#']).map_or(0, |end| rest.len() - end)
}

/// Whether a segment means "here" or "up" to a server that decodes it, once or more often, or that cuts parameters off.
fn is_way_out(segment: &str) -> bool {
    let mut segment = segment.to_owned();
    loop {
        let decoded = percent_decode_str(&segment).decode_utf8_lossy().into_owned();
        let up = |part: &str| matches!(part.split(';').next(), Some("." | ".."));
        if decoded.split(['/', '\\']).any(up) || decoded.chars().any(char::is_control) {
            return true;
        }
        if decoded == segment {
            return false;
        }
        segment = decoded;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::effect::Nature;

    fn request(method: &str, url: &str) -> HttpRequest {
        HttpRequest {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: "".into(),
            signing: None,
            timeout_ms: 1000,
            nature: Nature::Read,
            foresee_status: None,
            max_response: 100,
        }
    }

    fn covered(entry: &str, line: &str) -> bool {
        let (method, url) = line.split_once(' ').expect(line);
        destination(&request(method, url)).is_ok_and(|to| covers(entry, &to))
    }

    #[test]
    fn what_an_entry_covers() {
        let api = "GET,POST https://api.example.com/v1/*";
        for line in [
            "GET https://api.example.com/v1/",
            "POST https://api.example.com/v1/a/b?c=d",
            "GET https://API.example.COM/v1/x",
            "GET HTTPS://api.example.com:443/v1/x",
            "GET https://api.example.com/v1/group%2Fproject",
            "GET https://api.example.com/v1/bot{{secret:t}}/send",
            "GET https://api.example.com/v1/x?token={{secret:t}}",
            "GET https://api.example.com/v1/a..b/...",
        ] {
            assert!(covered(api, line), "{line}");
        }
        for line in [
            "DELETE https://api.example.com/v1/x",
            "get https://api.example.com/v1/x",
            "GET https://api.example.com/v2/x",
            "GET https://api.example.com/v1",
            "GET https://api.example.com/V1/x",
            "GET http://api.example.com/v1/x",
            "GET https://api.example.com:8443/v1/x",
            "GET https://api.example.com.evil.org/v1/x",
            "GET https://evil.org/api.example.com/v1/x",
            "GET https://evil-api.example.com/v1/x",
            "GET https://api.example.com./v1/x",
            "GET https://api.example.com@evil.org/v1/x",
            "GET https://user:pw@api.example.com/v1/x",
            "GET https://@api.example.com/v1/x",
            "GET https://api.example.com:443@evil.org/v1/x",
            "GET https://api.example.com/v1/../admin",
            "GET https://api.example.com/v1/%2e%2e/admin",
            "GET https://api.example.com/v1/.%2E/admin",
            "GET https://api.example.com/v1/..%2fadmin",
            "GET https://api.example.com/v1/%252e%252e%252fadmin",
            "GET https://api.example.com/v1/..;/admin",
            "GET https://api.example.com/v1/x%5c..%5cadmin",
            "GET https://api.example.com/v1/%0d%0aX: y",
            "GET https://api.example.com\\@evil.org/v1/x",
            "GET https://api.exa\tmple.com/v1/x",
            "GET https:///api.example.com/v1/x",
            "GET https:api.example.com/v1/x",
            "GET //api.example.com/v1/x",
            "GET file:///v1/x",
            "GET https://api.example.com/v1/x#y",
            "GET https://{{secret:h}}/v1/x",
            "GET https://api.example.com:{{secret:p}}/v1/x",
            "GET https://api.example.com{{secret:h}}/v1/x",
            "GET {{secret:whole}}",
            "GET https://x{{secret:h}}@api.example.com/v1/x",
        ] {
            assert!(!covered(api, line), "{line}");
        }
    }

    #[test]
    fn exact_entries_queries_addresses_and_names_of_other_scripts() {
        for (entry, line, expected) in [
            ("GET https://x.example", "GET https://x.example/", true),
            ("GET https://x.example", "GET https://x.example/a", false),
            ("GET https://x.example/a", "GET https://x.example/a?b=c", true),
            ("GET https://x.example/a", "GET https://x.example/a/", false),
            ("GET https://x.example/a?b=c", "GET https://x.example/a?b=c", true),
            (
                "GET https://x.example/a?b=c",
                "GET https://x.example/a?b=d",
                false,
            ),
            ("GET https://x.example/a?b=*", "GET https://x.example/a?b=d", true),
            ("GET https://x.example/a?b=*", "GET https://x.example/a", false),
            (
                "get http://127.0.0.1:8080/*",
                "GET http://127.0.0.1:8080/healthz",
                true,
            ),
            (
                "GET http://127.0.0.1:8080/*",
                "GET http://2130706433:8080/healthz",
                true,
            ),
            ("GET http://[::1]:80/*", "GET http://[0:0::1]/x", true),
            ("GET http://localhost/*", "GET http://127.0.0.1/x", false),
            (
                "GET https://пример.example/*",
                "GET https://xn--e1afmkfd.example/x",
                true,
            ),
            (
                "POST https://t.example/bot{{secret:a}}/*",
                "POST https://t.example/bot{{secret:a}}/send",
                true,
            ),
            (
                "POST https://t.example/bot{{secret:a}}/*",
                "POST https://t.example/bot{{secret:b}}/send",
                false,
            ),
            ("GET https://x.example*", "GET https://x.example/a", false),
            ("GET https://*.example/*", "GET https://x.example/a", false),
            ("https://x.example/*", "GET https://x.example/a", false),
        ] {
            assert_eq!(covered(entry, line), expected, "{entry} / {line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_goes_where_the_entry_says(
            parts in prop::collection::vec(prop::sample::select(vec![
                "https:", "//", "/", "api.example.com", "evil.org", "@", ":", "443", "v1", "..", ".", "%2e", "%2f", "%5c",
                "\\", "?", "#", ";", "*", "{{secret:x}}", "[::1]", "\t",
            ]), 0..14),
            usual in any::<bool>(),
        ) {
            let start = if usual { "https://api.example.com/v1/" } else { "https://" };
            let url = format!("{start}{}", parts.concat());
            if covered("GET https://api.example.com/v1/*", &format!("GET {url}")) {
                let sent = Url::parse(&secret::replace(&url, |_| "filled/in".to_owned())).expect("a URL");
                prop_assert_eq!(sent.origin().ascii_serialization(), "https://api.example.com");
                prop_assert_eq!((sent.username(), sent.password()), ("", None));
                prop_assert!(sent.path().starts_with("/v1/"), "{}", sent);
            }
        }
    }

    #[test]
    fn a_host_header_does_not_lead_elsewhere() {
        let with = |host: &str| {
            let mut request = request("GET", "https://cdn.example:8443/x");
            request.headers = vec![("hOST".into(), host.into())];
            destination(&request)
        };
        assert!(with("cdn.example:8443").is_ok());
        assert!(with("evil.example").is_err());
        assert!(with("cdn.example").is_err());
    }
}
