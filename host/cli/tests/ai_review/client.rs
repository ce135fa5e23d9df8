//! Asks a server as the plugin does, and may do it wrong.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::server::{Received, Reply};

/// Sends a request to `127.0.0.1:port`; what cannot be had is an error.
pub(super) fn send(port: u16, request: &Received) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    // With 1.0 an answer comes in one piece and ends with the connection.
    let mut head = format!("{} {} HTTP/1.0\r\n", request.method, request.path);
    let ours = ["host", "connection", "content-length"];
    for (name, value) in request
        .headers
        .iter()
        .filter(|(name, _)| !ours.contains(&name.as_str()))
    {
        head += &format!("{name}: {value}\r\n");
    }
    if !request.body.is_empty() {
        head += &format!("content-length: {}\r\n", request.body.len());
    }
    stream.write_all(format!("{head}host: 127.0.0.1:{port}\r\n\r\n").as_bytes())?;
    stream.write_all(&request.body)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let mut reply = Reply::new(status.unwrap_or(0), body);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        reply.headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    reply
        .headers
        .retain(|(name, _)| !["connection", "content-length"].contains(&name.as_str()));
    Ok(reply)
}
