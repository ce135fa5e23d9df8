//! Units: what systemd is told, and what it tells.

use super::{App, Ended, Server, Unit, fine, none, text};

impl Server {
    pub(super) fn healthy(&self, unit: &Unit) -> bool {
        match unit.app {
            App::Good | App::Degraded => true,
            App::Dies | App::Sick => false,
            App::DiesLater => self.clock.get() < unit.started + 3000,
        }
    }

    pub(super) fn start(&self, unit: &str) -> bool {
        let (root, folder) = match unit.split_once('@') {
            Some((_, port)) => {
                let port = port.trim_end_matches(".service");
                let root = "/opt/agentiq";
                (
                    root,
                    self.link_to(&format!("{root}/slots/{port}"))
                        .map(|to| to.trim_start_matches("../").to_owned()),
                )
            }
            None => (
                "/opt/agentiq-staging",
                self.link_to("/opt/agentiq-staging/current"),
            ),
        };
        let Some(folder) = folder else { return false };
        if self.below(&format!("{root}/{folder}/backend")).is_none() {
            return false;
        }
        let app = self
            .apps
            .iter()
            .find(|(version, _)| folder.starts_with(&format!("releases/{version}-")));
        self.pids.set(self.pids.get() + 1);
        let folder = format!("{root}/{folder}");
        let app = app.map_or(App::Good, |(_, app)| *app);
        let started = self.clock.get();
        self.units.borrow_mut().insert(
            unit.into(),
            Unit {
                folder,
                app,
                pid: self.pids.get(),
                started,
            },
        );
        true
    }

    fn is_unit(&self, unit: &str) -> bool {
        let file = match unit.split_once('@') {
            Some((name, _)) => format!("{name}@.service"),
            None => unit.to_owned(),
        };
        self.node(&format!("/etc/systemd/system/{file}")).is_some()
    }

    pub(super) fn show(&self, unit: &str) -> String {
        let units = self.units.borrow();
        let later = |unit: &&Unit| unit.app == App::DiesLater && !self.healthy(unit);
        let (active, sub, result, pid, restarts) = match units.get(unit) {
            None => ("inactive", "dead", "success", 0, 0),
            Some(unit) if unit.app == App::Dies => ("activating", "auto-restart", "exit-code", 0, 1),
            Some(unit) if later(&unit) => ("active", "running", "success", unit.pid + 1000, 1),
            Some(unit) => ("active", "running", "success", unit.pid, 0),
        };
        let load = if self.is_unit(unit) { "loaded" } else { "not-found" };
        format!(
            "Id={unit}\nLoadState={load}\nActiveState={active}\nSubState={sub}\nResult={result}\nMainPID={pid}\n\
             NRestarts={restarts}\nActiveEnterTimestamp=@1767225600\n"
        )
    }

    pub(super) fn unit_program(&self, argv: &[&str]) -> Option<Ended> {
        Some(match argv {
            ["systemctl", "show", _, _, "--", units @ ..] => text(
                &units
                    .iter()
                    .map(|unit| self.show(unit))
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            ["systemctl", "is-enabled", unit] => text(match self.node(&format!("/enabled/{unit}")) {
                Some(_) => "enabled\n",
                None => "disabled\n",
            }),
            ["systemctl", "restart", unit] if self.start(unit) => fine(),
            ["systemctl", "restart", _] => (1, String::new(), "Job failed.".into()),
            ["systemctl", "start", "--no-block", unit] => {
                if !self.units.borrow().contains_key(*unit) {
                    self.start(unit);
                }
                fine()
            }
            ["systemctl", "stop", timer] if timer.ends_with(".timer") => {
                match self.node(&format!("/timers/{timer}")) {
                    None => none(5),
                    Some(_) => {
                        self.remove(&format!("/timers/{timer}"));
                        fine()
                    }
                }
            }
            ["systemctl", "stop", "--no-block", units @ ..] | ["systemctl", "stop", units @ ..] => {
                self.units
                    .borrow_mut()
                    .retain(|unit, _| !units.contains(&unit.as_str()));
                fine()
            }
            ["systemctl", "enable" | "disable", "--quiet", words @ ..]
                if let Some(unit) = words
                    .iter()
                    .find(|word| !word.starts_with("--") && !self.is_unit(word)) =>
            {
                (
                    1,
                    String::new(),
                    format!("Failed to enable unit: Unit file {unit} does not exist."),
                )
            }
            [
                "systemctl",
                "enable",
                "--quiet",
                "--no-reload" | "--now",
                units @ ..,
            ]
            | ["systemctl", "enable", "--quiet", units @ ..] => {
                units
                    .iter()
                    .for_each(|unit| self.put(&format!("/enabled/{unit}"), ""));
                fine()
            }
            ["systemctl", "disable", "--quiet", "--no-reload", units @ ..] => {
                units
                    .iter()
                    .for_each(|unit| self.remove(&format!("/enabled/{unit}")));
                fine()
            }
            ["systemctl", "daemon-reload"] => fine(),
            [
                "systemd-run",
                "--quiet",
                "--collect",
                "--unit",
                name,
                "--on-active",
                ..,
            ] => {
                if self.node(&format!("/timers/{name}.timer")).is_some() {
                    let said = format!(
                        "Failed to start transient timer unit: Unit {name}.timer was already loaded or has a fragment file."
                    );
                    return Some((1, String::new(), said));
                }
                self.put(&format!("/timers/{name}.timer"), "");
                fine()
            }
            ["ss", .., at] => match self.listens.get() {
                Some(port) if format!(":{port}") == *at => text(&format!(
                    "LISTEN 0 5 127.0.0.1:{port} 0.0.0.0:* users:((\"grafana\",pid=7,fd=3))\n"
                )),
                _ => fine(),
            },
            ["readlink", "--", path] => {
                let pid: u32 = path
                    .trim_start_matches("/proc/")
                    .trim_end_matches("/cwd")
                    .parse()
                    .unwrap();
                let units = self.units.borrow();
                let unit = units.values().find(|unit| unit.pid == pid);
                unit.map_or(none(1), |unit| text(&format!("{}/backend\n", unit.folder)))
            }
            ["journalctl", ..] => text("ModuleNotFoundError: No module named 'fastapi'\n"),
            _ => return None,
        })
    }
}
