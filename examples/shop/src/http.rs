//! HTTP/1.1 messages: reads a request, writes a response. It opens no connection.

use std::fmt;
use std::io::{self, BufRead, Read, Write};

/// The request line and the headers together, in bytes.
const MAX_HEAD: u64 = 16 * 1024;
/// The body, in bytes: a checkout form is less than 100.
const MAX_BODY: u64 = 64 * 1024;

/// A request, with its whole body.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals as it was sent.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The body, of the length that `content-length` said.
    pub body: Vec<u8>,
    /// Whether the client expects to use the connection again.
    pub keep_alive: bool,
}

/// Why a request could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// The connection broke or was silent for too long: there is nobody to answer.
    Connection(io::Error),
    /// The request cannot be served: the status and the reason to answer with.
    Refused(u16, &'static str),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

impl Request {
    /// Reads the next request; `None` if the client closed the connection before one began.
    pub fn read(reader: &mut impl BufRead) -> Result<Option<Self>, ReadError> {
        let mut head = reader.take(MAX_HEAD);
        let Some(first) = read_line(&mut head)? else {
            return Ok(None);
        };
        let mut words = first.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(ReadError::Refused(
                400,
                "the request line is not `METHOD PATH VERSION`",
            ));
        };
        if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
            return Err(ReadError::Refused(
                505,
                "only HTTP/1.0 and HTTP/1.1 are spoken here",
            ));
        }
        let mut request = Self {
            method: method.to_owned(),
            path: target.split('?').next().unwrap_or_default().to_owned(),
            body: Vec::new(),
            keep_alive: version == "HTTP/1.1",
        };
        let length = request.read_headers(&mut head)?;
        if length > MAX_BODY {
            return Err(ReadError::Refused(413, "the body is too large"));
        }
        request.body = vec![0; usize::try_from(length).expect("a length below MAX_BODY")];
        reader.read_exact(&mut request.body)?;
        Ok(Some(request))
    }

    /// Reads the headers up to the empty line; returns the length of the body.
    fn read_headers(&mut self, head: &mut impl BufRead) -> Result<u64, ReadError> {
        let mut length = None;
        loop {
            let line = read_line(head)?.ok_or(ReadError::Refused(400, "the headers have no end"))?;
            if line.is_empty() {
                return Ok(length.unwrap_or(0));
            }
            let (name, value) = line
                .split_once(':')
                .ok_or(ReadError::Refused(400, "a header has no colon"))?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => {
                    let this = value
                        .parse()
                        .ok()
                        .filter(|_| value.bytes().all(|b| b.is_ascii_digit()));
                    if this.is_none() || (length.is_some() && length != this) {
                        return Err(ReadError::Refused(400, "the content-length is not one number"));
                    }
                    length = this;
                }
                "transfer-encoding" => {
                    return Err(ReadError::Refused(501, "a body needs a content-length"));
                }
                "connection" if value.eq_ignore_ascii_case("close") => self.keep_alive = false,
                "connection" if value.eq_ignore_ascii_case("keep-alive") => self.keep_alive = true,
                _ => {}
            }
        }
    }
}

/// Reads one line without its end; `None` at the end of the input.
fn read_line(head: &mut impl BufRead) -> Result<Option<String>, ReadError> {
    let mut line = Vec::new();
    if head.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(ReadError::Refused(431, "the headers are cut off or too large"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line)
        .map(Some)
        .map_err(|_| ReadError::Refused(400, "the headers are not text"))
}

/// A response, with its whole body.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The methods to name in `allow`, with a 405.
    pub allow: Option<&'static str>,
    /// The body, text in UTF-8.
    pub body: String,
}

impl Response {
    /// Makes a response of any media type.
    pub fn new(status: u16, content_type: &'static str, body: String) -> Self {
        Self {
            status,
            content_type,
            allow: None,
            body,
        }
    }

    /// Makes a web page.
    pub fn html(status: u16, body: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// Makes a line of plain text.
    pub fn text(status: u16, line: impl fmt::Display) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("{line}\n"))
    }

    /// Writes the response in one piece; a HEAD request gets all but the body.
    pub fn write(&self, out: &mut impl Write, keep_alive: bool, head_only: bool) -> io::Result<()> {
        let mut message = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        message += &format!(
            "content-type: {}\r\ncontent-length: {}\r\n",
            self.content_type,
            self.body.len()
        );
        if let Some(methods) = self.allow {
            message += &format!("allow: {methods}\r\n");
        }
        message += if keep_alive {
            "connection: keep-alive\r\n\r\n"
        } else {
            "connection: close\r\n\r\n"
        };
        if !head_only {
            message += &self.body;
        }
        out.write_all(message.as_bytes())?;
        out.flush()
    }
}

/// Names a status code as RFC 9110 does.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> Result<Option<Request>, ReadError> {
        Request::read(&mut bytes)
    }

    fn refusal(bytes: &[u8]) -> u16 {
        match read(bytes) {
            Err(ReadError::Refused(status, _)) => status,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn a_form_is_read_to_its_last_byte_and_no_further() {
        let mut bytes: &[u8] =
            b"POST /checkout?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nitem=teaGET";
        let request = Request::read(&mut bytes).unwrap().unwrap();
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", "/checkout")
        );
        assert_eq!(request.body, b"item=tea");
        assert!(request.keep_alive);
        assert_eq!(bytes, b"GET", "the next request stays in the reader");
    }

    #[test]
    fn a_client_that_is_gone_asks_for_nothing() {
        assert_eq!(read(b"").unwrap(), None);
    }

    #[test]
    fn the_connection_header_and_the_version_decide_on_keep_alive() {
        let keep = |text: &str| read(text.as_bytes()).unwrap().unwrap().keep_alive;
        assert!(!keep("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n"));
        assert!(!keep("GET / HTTP/1.0\r\n\r\n"));
        assert!(keep("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"));
    }

    #[test]
    fn what_cannot_be_served_is_refused_with_a_status() {
        assert_eq!(refusal(b"GET /\r\n\r\n"), 400);
        assert_eq!(refusal(b"GET / HTTP/2.0\r\n\r\n"), 505);
        assert_eq!(refusal(b"GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400);
        assert_eq!(refusal(b"GET / HTTP/1.1\r\nhost: x\r\n"), 400);
        assert_eq!(refusal(b"GET / HTTP/1.1\r\nhost: \xff\r\n\r\n"), 400);
        assert_eq!(refusal(b"POST / HTTP/1.1\r\ncontent-length: +4\r\n\r\n1234"), 400);
        assert_eq!(
            refusal(b"POST / HTTP/1.1\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n1234"),
            400
        );
        assert_eq!(
            refusal(b"POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n"),
            413
        );
        assert_eq!(
            refusal(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"),
            501
        );
        assert_eq!(refusal(&[b'A'; 20 * 1024]), 431);
    }

    #[test]
    fn a_body_that_stops_early_is_a_broken_connection() {
        let short = b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n1234";
        assert!(matches!(read(short), Err(ReadError::Connection(_))));
    }

    #[test]
    fn a_response_carries_its_length_and_how_the_connection_goes_on() {
        let mut out = Vec::new();
        let response = Response {
            allow: Some("GET, POST"),
            ..Response::text(405, "нет")
        };
        response.write(&mut out, true, false).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "HTTP/1.1 405 Method Not Allowed\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 7\r\n\
             allow: GET, POST\r\nconnection: keep-alive\r\n\r\nнет\n"
        );
    }

    #[test]
    fn head_gets_the_length_without_the_body() {
        let mut out = Vec::new();
        Response::html(200, "<p>hi".into())
            .write(&mut out, false, true)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("content-length: 5\r\n") && text.ends_with("connection: close\r\n\r\n"),
            "{text}"
        );
    }
}
