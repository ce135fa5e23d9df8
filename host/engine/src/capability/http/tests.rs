use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    thread::JoinHandle,
    time::Instant,
};

use runner_core::{effect::Nature, profile::SecretSource};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::runtime::Runtime;

use super::*;

struct Bench {
    _runtime: Runtime,
    _folder: tempfile::TempDir,
    http: Http,
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("token"), "123:ab/cd ef\n").expect("written");
        std::fs::write(folder.path().join("lines"), "one\ntwo\n").expect("written");
        let file = |name: &str| (name.to_owned(), SecretSource::File(name.to_owned()));
        let sources = BTreeMap::from(["token", "lines"].map(file));
        let stop = Stop::default();
        let secrets = Secrets::new(sources, folder.path(), runtime.handle().clone(), stop.clone());
        let http = Http::new(Arc::new(secrets), runtime.handle().clone(), stop);
        Self {
            _runtime: runtime,
            _folder: folder,
            http,
        }
    }

    fn response(&self, request: &HttpRequest) -> HttpResponse {
        match self.http.send(request) {
            Ok(Response::Http(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    fn fault(&self, request: &HttpRequest) -> Fault {
        self.http.send(request).expect_err("a fault")
    }
}

/// Answers one connection with these bytes; gives what it was sent.
fn serve(answer: impl Into<Vec<u8>>) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("an address");
    let answer = answer.into();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let request = read_request(&mut stream);
        stream.write_all(&answer).expect("answered");
        request
    });
    (address, thread)
}

fn read_request(stream: &mut impl io::Read) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
                return text;
            }
        }
        match stream.read(&mut buffer).expect("read") {
            0 => return text,
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
}

fn get(url: impl Into<String>) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url: url.into(),
        headers: vec![],
        body: "".into(),
        signing: None,
        timeout_ms: 20_000,
        nature: Nature::Read,
        foresee_status: None,
        max_response: 1000,
    }
}

#[test]
fn sends_what_was_asked_with_secrets_and_a_signature() {
    let bench = Bench::new();
    let (address, server) = serve(
        "HTTP/1.1 201 Created\r\nX-Seen: 123:ab/cd ef\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n{\"url\":\"/bot123:ab%2Fcd%20ef/send\"}",
    );
    let mut request = get(format!(
        "http://{address}/bot{{{{secret:token}}}}/send?key={{{{secret:token}}}}&x=1"
    ));
    request.method = "POST".to_owned();
    request.headers = vec![
        ("Authorization".to_owned(), "Bearer {{secret:token}}".to_owned()),
        ("X-Name".to_owned(), "имя".to_owned()),
    ];
    request.body = r#"{"token":"{{secret:token}}"}"#.into();
    request.signing = Some(Signing {
        secret: "token".to_owned(),
        content: "a {{secret:token}}".into(),
        header: "X-Hub-Signature-256".to_owned(),
        prefix: "sha256=".to_owned(),
    });
    let response = bench.response(&request);
    let sent = server
        .join()
        .expect("served")
        .replace(&address.to_string(), "HOST")
        .replace("\r\n", "\n");
    // printf %s 'a {{secret:token}}' | openssl dgst -sha256 -hmac '123:ab/cd ef'
    insta::assert_snapshot!(sent, @r#"
    POST /bot123:ab%2Fcd%20ef/send?key=123:ab%2Fcd%20ef&x=1 HTTP/1.1
    authorization: Bearer 123:ab/cd ef
    x-name: имя
    x-hub-signature-256: sha256=6584c41c946e3708e98e168cfc3e6ad289f5fa5ac301f70d2a102828f8766f9e
    accept: */*
    user-agent: runner/0.1.0
    host: HOST
    content-length: 24

    {"token":"123:ab/cd ef"}
    "#);
    assert_eq!(response.status, 201);
    assert!(!response.truncated);
    assert_eq!(response.body.text(), "{\"url\":\"/bot{{secret:token}}/send\"}");
    let headers: Vec<_> = response
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        headers,
        ["x-seen={{secret:token}}", "set-cookie=a", "set-cookie=b"]
    );
}

#[test]
fn a_redirect_is_an_answer() {
    let bench = Bench::new();
    let (address, server) =
        serve("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n");
    let response = bench.response(&get(format!("http://{address}/")));
    assert_eq!((response.status, response.body.0.len()), (302, 0));
    server.join().expect("served");
}

#[test]
fn a_long_answer_is_cut_after_its_secrets_are_out() {
    let bench = Bench::new();
    // The scrubbed body has 21 bytes, of which the first character has two.
    for (max, body, truncated) in [
        (100, "ж x{{secret:token}}y", false),
        (21, "ж x{{secret:token}}y", false),
        (20, "ж x{{secret:token}}", true),
        (9, "ж x{{sec", true),
        (2, "ж", true),
        (1, "", true),
        (0, "", true),
    ] {
        let (address, server) = serve("HTTP/1.1 200 OK\r\n\r\nж x123:ab/cd efy");
        let mut request = get(format!("http://{address}/"));
        request.max_response = max;
        let response = bench.response(&request);
        assert_eq!(
            (response.body.text().as_ref(), response.truncated),
            (body, truncated),
            "{max}"
        );
        server.join().expect("served");
    }
}

#[test]
fn an_endless_answer_is_not_read_to_its_end() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let response = bench.response(&get(format!("http://{address}/")));
    assert_eq!((response.body.0.len(), response.truncated), (1000, true));
    server.join().expect("the connection was closed");
}

#[test]
fn no_answer_is_transient_and_names_no_secret() {
    let bench = Bench::new();
    let free = TcpListener::bind("127.0.0.1:0")
        .expect("bound")
        .local_addr()
        .expect("an address");
    let silent = TcpListener::bind("127.0.0.1:0").expect("bound");
    let (hasty, server) = serve("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
    let mut late = get(format!(
        "http://{}/{{{{secret:token}}}}",
        silent.local_addr().expect("an address")
    ));
    late.timeout_ms = 100;
    let unknown = get("http://no-such-host.invalid/{{secret:token}}");
    for request in [
        get(format!("http://{free}/{{{{secret:token}}}}")),
        late,
        get(format!("http://{hasty}/")),
        unknown,
    ] {
        let fault = bench.fault(&request);
        let Fault::Transient { message, .. } = &fault else {
            panic!("{fault:?}")
        };
        assert!(
            message.starts_with(&format!("GET {}: ", request.url)),
            "{message}"
        );
        assert!(
            !message.contains("123:ab") && !message.contains("cd%20ef"),
            "{message}"
        );
    }
    server.join().expect("served");
}

#[test]
fn stopping_interrupts() {
    let bench = Bench::new();
    let silent = TcpListener::bind("127.0.0.1:0").expect("bound");
    let began = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            bench.http.stop.stop();
        });
        let fault = bench.fault(&get(format!(
            "http://{}/",
            silent.local_addr().expect("an address")
        )));
        assert!(matches!(fault, Fault::Interrupted { .. }), "{fault:?}");
    });
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_cannot_be_sent_is_told() {
    let bench = Bench::new();
    let with_header = |name: &str, value: &str| {
        let mut request = get("http://localhost:1/");
        request.headers.push((name.to_owned(), value.to_owned()));
        request
    };
    let mut method = get("http://localhost:1/");
    method.method = "GET IT".to_owned();
    let requests = [
        get("http://{{secret:token}}.example/"),
        get("http:{{secret:token}}.example/"),
        get("https://ann@example.org/"),
        get("ftp://example.org/"),
        get("example.org"),
        get("http://localhost:1/{{secret:nobody}}"),
        with_header("a b", "x"),
        with_header("Host", "elsewhere"),
        with_header("X-Key", "{{secret:lines}}"),
        method,
    ];
    let said = requests.map(|request| bench.fault(&request)).map(|fault| {
        assert!(matches!(fault, Fault::Failed { .. }), "{fault:?}");
        fault.to_string()
    });
    insta::assert_snapshot!(said.join("\n"), @r#"
    cannot send GET http://{{secret:token}}.example/: a secret stands in the host, which must be plain to see
    cannot send GET http:{{secret:token}}.example/: a secret stands in the host, which must be plain to see
    cannot send GET https://ann@example.org/: a user stands before the host: use the header `authorization`
    cannot send GET ftp://example.org/: its scheme is neither http nor https
    cannot send GET example.org: relative URL without a base
    the profile has no secret `nobody` (it has `lines`, `token`): add e.g. `nobody = { env = "..." }` below `[secrets]`
    cannot send GET http://localhost:1/: `a b` is not a header's name
    cannot send GET http://localhost:1/: the header `Host` is set by the host alone
    cannot send GET http://localhost:1/: the value of header `X-Key` has a line end or another control character in it
    cannot send GET IT http://localhost:1/: `GET IT` is not a method
    "#);
}

/// A server with a certificate of its own for `localhost`; what it got as a request, or that there was none.
fn serve_tls() -> (SocketAddr, String, JoinHandle<Option<String>>) {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let pem = key.cert.pem();
    let certificate = CertificateDer::from(key.cert.der().to_vec());
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .expect("a configuration");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("an address");
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let connection = rustls::ServerConnection::new(Arc::new(config)).expect("a connection");
        let mut stream: rustls::StreamOwned<_, TcpStream> = rustls::StreamOwned::new(connection, stream);
        let mut first = [0; 1];
        if stream.read_exact(&mut first).is_err() {
            return None;
        }
        let request = format!("{}{}", char::from(first[0]), read_request(&mut stream));
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .expect("answered");
        Some(request)
    });
    (address, pem, thread)
}

#[test]
fn https_to_a_stranger_fails_for_good() {
    let bench = Bench::new();
    let (address, _, server) = serve_tls();
    let mut request = get(format!("https://localhost:{}/", address.port()));
    request
        .headers
        .push(("Authorization".to_owned(), "{{secret:token}}".to_owned()));
    let fault = bench.fault(&request);
    assert!(
        matches!(&fault, Fault::Failed { message } if message.contains("certificate")),
        "{fault:?}"
    );
    assert_eq!(server.join().expect("served"), None);
}

/// The system's certificates are read once per process, so what they say is tested in another one.
#[test]
fn https_to_a_trusted_server_works() {
    if let Ok(port) = std::env::var("HTTPS_TEST_PORT") {
        let response = Bench::new().response(&get(format!("https://localhost:{port}/x")));
        assert_eq!((response.status, response.body.text().as_ref()), (200, "ok"));
        return;
    }
    let (address, pem, server) = serve_tls();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("certificate.pem");
    std::fs::write(&file, pem).expect("written");
    let name = std::thread::current()
        .name()
        .expect("a test's thread has its name")
        .to_owned();
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", &name])
        .env("HTTPS_TEST_PORT", address.port().to_string())
        .env("SSL_CERT_FILE", &file)
        .output()
        .expect("run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(
        server
            .join()
            .expect("served")
            .expect("a request")
            .starts_with("GET /x HTTP/1.1\r\n")
    );
}
