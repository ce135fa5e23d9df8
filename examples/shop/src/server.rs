//! Connections: accepts them, one thread each, and keeps them open for further requests.

use std::io::{self, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::http::{ReadError, Request, Response};

/// The connections served at once; one more is told to come back later.
const MAX_CONNECTIONS: usize = 128;
/// How long a connection may be silent.
const IDLE: Duration = Duration::from_secs(5);

/// Answers a request; called from many threads.
pub type Handler = dyn Fn(&Request) -> Response + Send + Sync;

/// A listening socket on the loopback address.
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Listens on `port`; 0 takes a free one.
    pub fn bind(port: u16) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, port))?,
        })
    }

    /// Tells the address that it listens on.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves for the rest of the life of the process.
    pub fn run(self, handler: Arc<Handler>) {
        loop {
            match self.listener.accept() {
                // Every thread holds one more reference to the handler: they are the open connections.
                Ok((stream, _)) if Arc::strong_count(&handler) > MAX_CONNECTIONS => refuse(stream),
                Ok((stream, _)) => {
                    let handler = Arc::clone(&handler);
                    // Neither a thread that cannot be had nor a client that went away ends the shop.
                    let _ = thread::Builder::new().spawn(move || {
                        let _ = converse(&stream, &*handler);
                    });
                }
                // Out of file handles, most likely: others are about to be closed.
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

/// Answers the requests of one connection until either side has enough.
fn converse(mut stream: &TcpStream, handler: &Handler) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        match Request::read(&mut reader) {
            Ok(Some(request)) => {
                let response = handler(&request);
                response.write(&mut stream, request.keep_alive, request.method == "HEAD")?;
                if !request.keep_alive {
                    return Ok(());
                }
            }
            Ok(None) => return Ok(()),
            Err(ReadError::Refused(status, why)) => {
                return Response::text(status, why).write(&mut stream, false, false);
            }
            Err(ReadError::Connection(error)) => return Err(error),
        }
    }
}

/// Tells a client that there is no room.
fn refuse(mut stream: TcpStream) {
    let _ = stream.set_write_timeout(Some(IDLE));
    let _ = Response::text(503, "too many connections").write(&mut stream, false, false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    /// Starts a server that echoes the path.
    fn echo() -> SocketAddr {
        let server = Server::bind(0).unwrap();
        let address = server.address().unwrap();
        thread::spawn(|| server.run(Arc::new(|request: &Request| Response::text(200, &request.path))));
        address
    }

    fn talk(request: &str) -> String {
        let mut stream = TcpStream::connect(echo()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn one_connection_serves_several_requests() {
        let answer = talk("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nconnection: close\r\n\r\n");
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
        assert!(
            answer.contains("\r\n\r\n/a\n") && answer.ends_with("\r\n\r\n/b\n"),
            "{answer}"
        );
    }

    #[test]
    fn nonsense_is_answered_and_the_connection_closed() {
        let answer = talk("nonsense\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }

    #[test]
    fn a_crowd_is_told_to_come_back_later() {
        let address = echo();
        let crowd: Vec<_> = (0..MAX_CONNECTIONS)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        let mut late = TcpStream::connect(address).unwrap();
        let mut answer = String::new();
        late.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        drop(crowd);
    }
}
