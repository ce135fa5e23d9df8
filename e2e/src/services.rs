//! Services that `runner` left running, as their supervisors tell of them: `RUNNER_DATA_DIR/projects/*/services/*`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A process that is no more is waited for so long, then killed.
const PATIENCE: Duration = Duration::from_secs(15);

/// The folders of all services below a data folder.
fn folders(data: &Path) -> Vec<PathBuf> {
    let below = |folder: PathBuf| {
        fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
    };
    below(data.join("projects"))
        .flat_map(|project| below(project.join("services")))
        .collect()
}

/// The pids of the supervisors that live.
pub fn supervisors(data: &Path) -> Vec<i32> {
    let pids = folders(data).into_iter().filter_map(|folder| {
        let state: Value = serde_json::from_slice(&fs::read(folder.join("state.json")).ok()?).ok()?;
        i32::try_from(state.pointer("/supervisor/pid")?.as_i64()?).ok()
    });
    pids.filter(|pid| is_supervisor(*pid)).collect()
}

/// Ends all services; each supervisor stops its own process.
pub fn stop_services(data: &Path) {
    let pids = supervisors(data);
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        let _ = kill_process(pid, Signal::TERM);
    }
    let began = Instant::now();
    while pids.iter().any(|pid| is_supervisor(*pid)) && began.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(10));
    }
}

/// Ends what programs of a killed run have left behind: processes whose own file lies below the folder.
pub fn stop_strays(folder: &Path) {
    let Ok(listed) = Command::new("ps").args(["-axo", "pid=,args="]).output() else {
        return;
    };
    let below = format!("{}/", folder.display());
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        let (pid, args) = line.trim().split_once(' ').unwrap_or_default();
        let pid = pid.parse().ok().and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|_| args.trim_start().starts_with(&below)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// A pid is used again by others.
fn is_supervisor(pid: i32) -> bool {
    let asked = Command::new("ps")
        .args(["-o", "stat=,args=", "-p", &pid.to_string()])
        .output();
    asked.is_ok_and(|output| {
        let line = String::from_utf8_lossy(&output.stdout);
        !line.starts_with('Z') && line.contains(" supervise ")
    })
}
