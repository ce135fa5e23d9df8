//! A secret's value is nowhere but where it must be.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, channel},
    thread,
};

use runner_core::event::End;
use runner_e2e::Repository as _;

use crate::expect::{assert_end, release, scratch};

/// Not like anything that a digest or an id could hold by chance.
const VALUE: &str = "zq7-correct/horse+battery=staple-zq7";

/// Takes requests and gives their heads and bodies.
fn receiver() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, received) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap() <= 2 {
                    break;
                }
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            reader
                .get_mut()
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
            if sender.send(head + &String::from_utf8_lossy(&body)).is_err() {
                return;
            }
        }
    });
    (port, received)
}

/// Every file below a folder that holds one of the texts.
fn holding(folder: &Path, texts: &[&[u8]]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                let bytes = fs::read(&path).unwrap();
                let holds = |text: &&[u8]| bytes.windows(text.len()).any(|window| window == *text);
                if texts.iter().any(holds) {
                    found.push(path);
                }
            }
        }
    }
    found
}

#[test]
fn a_value_reaches_who_it_is_for_and_is_written_nowhere() {
    let (port, received) = receiver();
    let profile = format!(
        "[secrets]\nshop-token.env = \"SHOP_TOKEN\"\n\
         [gate.talks]\nplugin = \"command\"\nconfig.run = [\"sh\", \"-c\", \"echo the token is $TOKEN; echo again: $TOKEN >&2\"]\n\
         config.env.TOKEN = \"{{{{secret:shop-token}}}}\"\n\
         [notify.hook]\nplugin = \"webhook\"\nconfig.url = \"http://127.0.0.1:{port}/hook\"\n\
         config.headers.Authorization = \"Bearer {{{{secret:shop-token}}}}\"\n"
    );
    let scratch = scratch("secret", &profile).variable("SHOP_TOKEN", VALUE);
    let ended = release(&scratch);
    assert_end(&ended, End::Released, 0);

    let messages: Vec<_> = received.try_iter().collect();
    assert!(!messages.is_empty());
    for message in &messages {
        let line = format!("Bearer {VALUE}").to_lowercase();
        assert!(
            message.to_lowercase().contains(&line),
            "the receiver is told: {message}"
        );
    }
    let told = serde_json::to_string(&ended.events).unwrap() + &ended.stderr;
    assert!(told.contains("the token is "), "the check has spoken");
    assert!(!told.contains(VALUE), "it is in what runner prints");
    let log = scratch.said(&["show", "--log", "gate/talks"]).unwrap();
    assert!(log.contains("the token is ") && !log.contains(VALUE), "{log}");
    let base64 = "enE3LWNvcnJlY3QvaG9yc2UrYmF0dGVyeT1zdGFwbGUtenE3";
    let texts = [
        VALUE.as_bytes(),
        b"zq7-correct%2Fhorse%2Bbattery%3Dstaple-zq7",
        base64.as_bytes(),
    ];
    assert_eq!(holding(scratch.folder(), &texts), Vec::<PathBuf>::new());
}
