//! `traffic`: sends customers to a shop on this machine, at a steady rate and for a limited time.
//!
//! A shop that is away, or answers with an error, is counted and no reason to stop: a release is watched
//! under this traffic.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str =
    "usage: traffic --url http://127.0.0.1:PORT [--rate REQUESTS_PER_SECOND] [--seconds SECONDS] [--browse]
       traffic --once [--url http://127.0.0.1:PORT]   # every visit once; fails if one does (a smoke test)
The address may also stand in RUNNER_URL.";
/// Method, path and body.
type Visit = (&'static str, &'static str, &'static str);

/// What customers do, in turn: half of them order. The orders are of one cheap item each.
const VISITS: [Visit; 4] = [
    ("GET", "/", ""),
    ("POST", "/checkout", "item=tea&quantity=1"),
    ("GET", "/checkout", ""),
    ("POST", "/checkout", "item=mug&quantity=1"),
];
/// Customers at once: so many answers may be slow before the rate suffers.
const CUSTOMERS: u64 = 8;
const PATIENCE: Duration = Duration::from_secs(2);
const MAX_RATE: u64 = 500;
const MAX_SECONDS: u64 = 3600;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    let once = arguments
        .iter()
        .position(|argument| argument == "--once")
        .map(|at| arguments.remove(at));
    if !arguments.iter().any(|argument| argument == "--url")
        && let Ok(url) = std::env::var("RUNNER_URL")
    {
        arguments.extend(["--url".to_owned(), url]);
    }
    match Load::parse(arguments.into_iter()) {
        Ok(load) if once.is_some() => {
            let tally = load.once();
            println!("{tally}");
            ExitCode::from(u8::from(tally.failed + tally.unanswered > 0))
        }
        Ok(load) => {
            println!("{}", load.send());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// How much traffic goes where.
#[derive(Debug, PartialEq, Eq)]
struct Load {
    address: SocketAddr,
    rate: u64,
    seconds: u64,
    /// Whether nobody orders.
    browse: bool,
}

impl Load {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut address, mut rate, mut seconds, mut browse) = (None, 40, 60, false);
        while let Some(name) = arguments.next() {
            if name == "--browse" {
                browse = true;
                continue;
            }
            let value = arguments.next().ok_or(format!("`{name}` has no value"))?;
            match name.as_str() {
                "--url" => address = Some(loopback(&value)?),
                "--rate" => rate = number(&name, &value, MAX_RATE)?,
                "--seconds" => seconds = number(&name, &value, MAX_SECONDS)?,
                _ => return Err(format!("`{name}` is no option")),
            }
        }
        Ok(Self {
            address: address.ok_or("`--url` is missing")?,
            rate,
            seconds,
            browse,
        })
    }

    /// Sends all requests and returns when the time is over.
    fn send(&self) -> Tally {
        let start = Instant::now();
        let end = start + Duration::from_secs(self.seconds);
        thread::scope(|scope| {
            let customers: Vec<_> = (0..CUSTOMERS)
                .map(|first| scope.spawn(move || self.walk(first, start, end)))
                .collect();
            customers
                .into_iter()
                .map(|one| one.join().unwrap_or_default())
                .fold(Tally::default(), Tally::plus)
        })
    }

    /// Makes every visit once, one after the other.
    fn once(&self) -> Tally {
        let tallies = self.visits().map(|visit| Tally::of(&ask(self.address, visit)));
        tallies.fold(Tally::default(), Tally::plus)
    }

    /// Makes every eighth visit, each at its own time: a late one is made at once, none after the end.
    fn walk(&self, first: u64, start: Instant, end: Instant) -> Tally {
        let mut tally = Tally::default();
        let visits: Vec<_> = self.visits().collect();
        let all = self.rate * self.seconds;
        for visit in (first..all).step_by(usize::try_from(CUSTOMERS).unwrap_or(1)) {
            let due = start + Duration::from_secs(visit) / u32::try_from(self.rate).unwrap_or(1);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if Instant::now() >= end {
                break;
            }
            let turn = usize::try_from(visit).unwrap_or(0) % visits.len();
            tally = tally.plus(Tally::of(&ask(self.address, visits[turn])));
        }
        tally
    }

    /// What customers do, in turn.
    fn visits(&self) -> impl Iterator<Item = Visit> {
        VISITS
            .into_iter()
            .filter(|(method, ..)| !self.browse || *method == "GET")
    }
}

/// Parses `http://127.0.0.1:PORT`; no other machine is ever sent traffic.
fn loopback(url: &str) -> Result<SocketAddr, String> {
    let refused = || format!("`{url}` is not http://127.0.0.1:PORT or http://localhost:PORT");
    let authority = url
        .strip_prefix("http://")
        .ok_or_else(refused)?
        .trim_end_matches('/');
    let (host, port) = authority.split_once(':').ok_or_else(refused)?;
    match (host, port.parse::<u16>()) {
        ("127.0.0.1" | "localhost", Ok(port @ 1..)) => Ok(SocketAddr::from(([127, 0, 0, 1], port))),
        _ => Err(refused()),
    }
}

fn number(name: &str, value: &str, max: u64) -> Result<u64, String> {
    match value.parse() {
        Ok(number) if (1..=max).contains(&number) => Ok(number),
        _ => Err(format!(
            "`{name}` is `{value}`, which is not a number from 1 to {max}"
        )),
    }
}

/// Makes one request on a connection of its own; returns the status once the whole answer is there.
fn ask(address: SocketAddr, (method, path, body): Visit) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n");
    let form = "content-type: application/x-www-form-urlencoded\r\nconnection: close\r\n\r\n";
    stream.write_all(format!("{head}{form}{body}").as_bytes())?;

    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    reader.read_to_end(&mut Vec::new())?;
    let status = line
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|code| code.parse().ok());
    status.ok_or_else(|| std::io::Error::other("the answer is not HTTP"))
}

/// What became of the requests.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    fine: u64,
    failed: u64,
    unanswered: u64,
}

impl Tally {
    /// One answer.
    fn of(answer: &std::io::Result<u16>) -> Self {
        let mut tally = Self::default();
        match answer {
            Ok(status) if *status < 500 => tally.fine = 1,
            Ok(_) => tally.failed = 1,
            Err(_) => tally.unanswered = 1,
        }
        tally
    }

    fn plus(self, other: Self) -> Self {
        Self {
            fine: self.fine + other.fine,
            failed: self.failed + other.failed,
            unanswered: self.unanswered + other.unanswered,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fine,
            failed,
            unanswered,
        } = self;
        let all = fine + failed + unanswered;
        write!(
            f,
            "traffic: {all} requests, {fine} fine, {failed} server errors, {unanswered} without an answer"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use shop::http::{Request, Response};
    use shop::server::Server;

    fn parse(line: &str) -> Result<Load, String> {
        Load::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn only_this_machine_is_sent_traffic() {
        for url in ["http://127.0.0.1:80", "http://localhost:80/"] {
            assert_eq!(loopback(url), Ok(SocketAddr::from(([127, 0, 0, 1], 80))), "{url}");
        }
        for url in [
            "http://example.org:80",
            "https://127.0.0.1:80",
            "http://127.0.0.1",
            "http://127.0.0.1@x:80",
        ] {
            assert!(loopback(url).is_err(), "{url}");
        }
    }

    #[test]
    fn who_browses_does_not_order() {
        let load = parse("--browse --url http://127.0.0.1:80").unwrap();
        assert!(load.visits().count() > 0 && load.visits().all(|(method, ..)| method == "GET"));
        assert_eq!(
            parse("--url http://127.0.0.1:80").unwrap().visits().count(),
            VISITS.len()
        );
    }

    #[test]
    fn a_load_has_limits() {
        let load = parse("--url http://127.0.0.1:80 --rate 40 --seconds 90").unwrap();
        assert_eq!((load.rate, load.seconds), (40, 90));
        for line in [
            "",
            "--url",
            "--url http://127.0.0.1:80 --rate 0",
            "--seconds 9999",
            "--verbose yes",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_shop_that_is_away_is_counted() {
        // Nobody listens there; a port that was free a moment ago may be another's by now.
        let gone = SocketAddr::from(([127, 0, 0, 1], 1));
        let tally = Load {
            address: gone,
            rate: 20,
            seconds: 1,
            browse: false,
        }
        .send();
        assert_eq!((tally.fine, tally.failed), (0, 0), "{tally}");
        assert!(tally.unanswered > 0 && tally.unanswered <= 20, "{tally}");
    }

    #[test]
    fn answers_are_told_apart_and_the_rate_is_not_exceeded() {
        let server = Server::bind(0).unwrap();
        let address = server.address().unwrap();
        let answer = |request: &Request| Response::text(if request.method == "POST" { 500 } else { 200 }, "");
        thread::spawn(move || server.run(Arc::new(answer)));
        let tally = Load {
            address,
            rate: 40,
            seconds: 1,
            browse: false,
        }
        .send();
        // A busy machine may be late with the last of them; it never sends more.
        assert!(tally.fine > 0 && tally.fine <= 20, "{tally}");
        assert!(tally.failed > 0 && tally.failed <= 20, "{tally}");
        assert_eq!(tally.unanswered, 0, "{tally}");
        let tally = Tally {
            fine: 20,
            failed: 20,
            unanswered: 0,
        };
        assert_eq!(
            tally.to_string(),
            "traffic: 40 requests, 20 fine, 20 server errors, 0 without an answer"
        );
    }
}
