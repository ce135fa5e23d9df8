//! nginx: what it reads, refuses and answers, and its certificates.

use super::{App, Ended, Node, Server, Unit, fine, none};

impl Server {
    /// The release that nginx sends all clients to, or where the one unit runs; none when they would get an error.
    pub(in crate::tests) fn served(&self, id: &str, unit: &str) -> Option<String> {
        let nginx = self.nginx.borrow();
        let shares = nginx.lines().find_map(|line| line.strip_prefix("# shares: "))?;
        let mut folders = Vec::new();
        for part in shares.split(',') {
            let port = part.split('=').next()?;
            assert!(nginx.contains(&format!("upstream {id}-{port} ")), "{nginx}");
            let units = self.units.borrow();
            let unit = units
                .get(&format!("{unit}@{port}.service"))
                .or_else(|| units.get(&format!("{unit}.service")))?;
            folders.push(self.healthy(unit).then(|| unit.folder.clone())?);
        }
        Some(folders.join(" and "))
    }

    pub(super) fn loaded(&self) -> String {
        let nodes = self.nodes.borrow();
        let files = nodes
            .iter()
            .filter(|(path, _)| path.starts_with("/etc/nginx/runner/"));
        files
            .filter_map(|(_, node)| {
                if let Node::File(text) = node {
                    Some(text.as_str())
                } else {
                    None
                }
            })
            .collect()
    }

    pub(super) fn refusal(&self) -> Option<&'static str> {
        let nodes = self.nodes.borrow();
        let word = self.refused.get()?;
        let mut files = nodes.iter().filter(|(path, _)| path.starts_with("/etc/nginx/"));
        files
            .any(|(_, node)| matches!(node, Node::File(text) if text.contains(word)))
            .then_some(word)
    }

    pub(super) fn answer(&self, url: &str) -> (i32, String, String) {
        let port = url
            .trim_start_matches("http://127.0.0.1:")
            .split('/')
            .next()
            .unwrap();
        let units = self.units.borrow();
        let there = |(name, _): &(&String, &Unit)| {
            name.contains(&format!("chat@{port}.")) || (port == "8002" && *name == "agentiq-staging.service")
        };
        match units.iter().find(there) {
            Some((_, unit)) if unit.app == App::Sick => {
                (0, "{\"database\":\"down\"}\n503".into(), String::new())
            }
            Some((_, unit)) if unit.app == App::Degraded => {
                (0, "{\"status\":\"degraded\"}\n200".into(), String::new())
            }
            Some((_, unit)) if self.healthy(unit) => (0, "{\"status\":\"ok\"}\n200".into(), String::new()),
            _ => (
                7,
                String::new(),
                format!("curl: (7) Failed to connect to 127.0.0.1 port {port}"),
            ),
        }
    }

    pub(super) fn probe(&self, url: &str) -> (i32, String, String) {
        assert!(url.ends_with("/.runner/health"), "{url}");
        let nginx = self.nginx.borrow().clone();
        let Some(shares) = nginx.lines().find_map(|line| line.strip_prefix("# shares: ")) else {
            return (7, String::new(), "curl: (7) Failed to connect".into());
        };
        let port = shares.split('=').next().unwrap();
        let status = match self
            .answer(&format!("http://127.0.0.1:{port}/"))
            .1
            .ends_with("200")
        {
            true => "200 OK",
            false => "502 Bad Gateway",
        };
        (
            0,
            format!("HTTP/1.1 {status}\r\nServer: nginx\r\nx-runner-shares: {shares}\r\n\r\n"),
            String::new(),
        )
    }

    pub(super) fn nginx_program(&self, argv: &[&str]) -> Option<Ended> {
        Some(match argv {
            ["systemctl", "reload", "nginx"] => {
                let loaded = self.loaded();
                if self.refusal().is_none() && !self.deaf.get() {
                    *self.nginx.borrow_mut() = loaded;
                }
                fine()
            }
            ["nginx", "-t"] => match self.refusal() {
                None => fine(),
                Some(word) => (1, String::new(), format!("nginx: [emerg] unexpected \"{word}\"")),
            },
            ["curl", .., "--write-out", _, url] => self.answer(url),
            ["curl", .., url] => self.probe(url),
            ["openssl", "x509", "-noout", "-checkend", "0", ..] => fine(),
            ["openssl", "x509", .., path] => none(i32::from(self.node(path).is_none())),
            ["openssl", "req", .., "-out", path] => {
                self.put(path, "certificate");
                fine()
            }
            ["certbot", ..] => {
                self.put(
                    "/etc/letsencrypt/live/staging.agentiq.ru/fullchain.pem",
                    "certificate",
                );
                fine()
            }
            _ => return None,
        })
    }
}
