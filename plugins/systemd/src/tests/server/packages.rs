//! Packages, accounts and Python.

use super::{Ended, Server, fine, none, text};

impl Server {
    pub(super) fn package_program(&self, argv: &[&str]) -> Option<Ended> {
        Some(match argv {
            ["env", "--chdir", ..] | ["env", "DEBIAN_FRONTEND=noninteractive", .., "update"] => fine(),
            ["env", "DEBIAN_FRONTEND=noninteractive", ..] => {
                self.put("/installed", "");
                fine()
            }
            ["python3", "--version"] => text("Python 3.11.2\n"),
            ["python3", "-m", "venv", "--clear", path] => {
                self.remove(path);
                self.put(&format!("{path}/bin/python"), "");
                fine()
            }
            ["getent", "passwd", _] if !self.account.get() => none(2),
            ["getent", "passwd", _] => text("ubuntu:x:1000:1000::/home/ubuntu:/bin/bash\n"),
            ["useradd", .., name] if self.account.replace(true) => {
                (9, String::new(), format!("useradd: user '{name}' already exists"))
            }
            ["useradd", ..] => fine(),
            ["getent", "ahosts", _] => text("79.137.175.164 STREAM\n"),
            ["dpkg-query", ..] => match self.node("/installed") {
                Some(_) => text("nginx-light installed\npostgresql installed\n"),
                None => (1, "nginx-light installed\n".into(), "no packages found".into()),
            },
            _ => return None,
        })
    }
}
