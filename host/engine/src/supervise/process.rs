//! Which process a pid means. A pid alone is used again by another process; with the moment its process started it is not.

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use serde::{Deserialize, Serialize};

/// One process, now and later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Its id, and the id of its group where it leads one.
    pub(crate) pid: i32,
    /// When it started, in the words of the system. Empty: it was gone when that was asked.
    started: String,
}

impl Process {
    /// The process that has this pid now.
    pub(crate) fn of(pid: i32) -> Self {
        let started = started(pid).unwrap_or_default();
        Self { pid, started }
    }

    /// This process.
    pub(crate) fn own() -> Self {
        Self::of(std::process::id() as i32)
    }

    /// Whether it still runs; a zombie does not.
    pub(crate) fn runs(&self) -> bool {
        !self.started.is_empty() && started(self.pid).as_ref() == Some(&self.started)
    }

    /// Sends a signal to the process alone, if it still runs.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // It may have ended since: then there is nothing to tell it.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Sends a signal to the group it leads, if it still runs.
    pub(crate) fn signal_group(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            let _ = kill_process_group(pid, signal);
        }
    }

    fn pid(&self) -> Option<Pid> {
        self.runs().then(|| Pid::from_raw(self.pid)).flatten()
    }
}

/// Whether anyone is in a group, which may have lost its leader.
pub(crate) fn group_runs(leader: Pid) -> bool {
    test_kill_process_group(leader).is_ok()
}

#[cfg(target_os = "linux")]
fn started(pid: i32) -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (state, ticks) = state_and_start(&stat)?;
    (state != "Z" && state != "X").then(|| format!("{ticks} after boot {}", boot.trim()))
}

/// Fields 3 and 22 of `/proc/<pid>/stat`, see proc(5). Field 2 is the name in parentheses, which may hold anything.
#[cfg(target_os = "linux")]
fn state_and_start(stat: &str) -> Option<(&str, &str)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    Some((fields.next()?, fields.nth(18)?))
}

#[cfg(not(target_os = "linux"))]
fn started(pid: i32) -> Option<String> {
    asked_of_ps(pid)
}

/// macOS has no `/proc`; `ps` tells the second it started.
#[cfg(any(test, not(target_os = "linux")))]
fn asked_of_ps(pid: i32) -> Option<String> {
    let output = std::process::Command::new("ps")
        .env("LC_ALL", "C")
        .args(["-o", "stat=,lstart=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (state, started) = text.trim().split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| started.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Process, asked_of_ps};

    #[test]
    fn a_process_is_told_from_another_with_its_pid() {
        let mut child = Command::new("sleep").arg("100").spawn().expect("starts");
        let process = Process::of(child.id() as i32);
        assert!(process.runs());
        let reused = Process {
            started: "1 after boot x".to_owned(),
            ..process.clone()
        };
        assert!(!reused.runs());
        reused.signal_group(rustix::process::Signal::KILL);
        reused.signal(rustix::process::Signal::KILL);
        assert!(process.runs(), "no other process was meant");
        process.signal(rustix::process::Signal::KILL);
        child.wait().expect("ends");
        assert!(!process.runs());
    }

    #[test]
    fn a_zombie_does_not_run() {
        let mut child = Command::new("true").spawn().expect("starts");
        let pid = child.id() as i32;
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while !Process::of(pid).started.is_empty() && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(!Process::of(pid).runs());
        child.wait().expect("ends");
    }

    #[test]
    fn ps_tells_the_same_each_time_and_nothing_of_nobody() {
        let own = std::process::id() as i32;
        let told = asked_of_ps(own).expect("is told");
        assert_eq!(told.split_whitespace().count(), 5, "{told}");
        assert_eq!(asked_of_ps(own), Some(told));
        assert_eq!(asked_of_ps(i32::MAX), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_with_parentheses_is_no_trouble() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 99";
        assert_eq!(super::state_and_start(stat), Some(("S", "12345")));
    }
}
