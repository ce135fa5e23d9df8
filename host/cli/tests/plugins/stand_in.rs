//! A wiki that takes every page and keeps what it was sent.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The wiki; its thread ends with the test's process.
pub(super) struct Wiki {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Wiki {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let request = answer(stream);
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            }
        });
        Self { address, requests }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Each as it came: head, empty line, body.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn answer(mut stream: TcpStream) -> String {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    while !complete(&request) {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => break,
            Ok(count) => request.extend(&part[..count]),
        }
    }
    let body = r#"{"url":"http://wiki.acme.example/shop"}"#;
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    String::from_utf8_lossy(&request).into_owned()
}

/// Whether the head is there, and as much of a body as it says.
fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
