//! Requests to what was deployed, as its users make them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result};

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks 127.0.0.1 for a page; returns the status and the body.
pub fn get(port: u16, path: &str) -> Result<(u16, String)> {
    get_with(port, path, "GET", "")
}

/// The same with another method and a form.
pub fn get_with(port: u16, path: &str, method: &str, form: &str) -> Result<(u16, String)> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = form.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.get(9..12).and_then(|code| code.parse().ok());
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok((
        status.with_context(|| format!("{address}{path} does not answer in HTTP"))?,
        body.to_owned(),
    ))
}

/// The version that answers on a port; none where nobody does.
pub fn version_at(port: u16) -> Option<String> {
    let (_, body) = get(port, "/health").ok()?;
    let health: serde_json::Value = serde_json::from_str(&body).ok()?;
    Some(health.get("version")?.as_str()?.to_owned())
}
