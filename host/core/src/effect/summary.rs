//! One line per request, for plans, logs and reports.

use super::{Command, Request};

/// What the request does, without anything that differs between a plan and the run after it (times, contents).
pub(super) fn of(request: &Request) -> String {
    match request {
        Request::Run(command) => run(command),
        Request::RunAll { commands } => commands.iter().map(run).collect::<Vec<_>>().join("; "),
        Request::Send(http) => format!("{} {}", http.method, http.url),
        Request::ReadFile { path, .. } => format!("read {path}"),
        Request::Glob { pattern } => format!("list {pattern}"),
        Request::WriteReport { name, .. } => format!("write report {name}"),
        Request::AppendLine { path, .. } => format!("append a line to {path}"),
        Request::MachineRead { machine, path, .. } => format!("read {}", on(machine, path)),
        Request::MachineReadPart { machine, path, .. } => format!("read a part of {}", on(machine, path)),
        Request::MachineList { machine, path } => format!("list {}", on(machine, path)),
        Request::MachineWrite { machine, path, .. } => format!("write {}", on(machine, path)),
        Request::MachineCreate { machine, path, .. } => format!("create {}", on(machine, path)),
        Request::MachineLink { machine, path, to } => format!("link {} -> {to}", on(machine, path)),
        Request::MachineRemove { machine, path } => format!("remove {}", on(machine, path)),
        Request::MachineFetch {
            artifact,
            machine,
            path,
            ..
        } => {
            format!("copy artifact {} to {}", artifact.name, on(machine, path))
        }
        Request::ServiceStart { machine, service } => {
            format!("start service {} ({})", on(machine, &service.name), service.label)
        }
        Request::ServiceStop { machine, name, .. } => format!("stop service {}", on(machine, name)),
        Request::ServiceStatus { machine, name } => format!("state of service {}", on(machine, name)),
        Request::GitCommits { until, .. } => format!("commits up to {until}"),
        Request::GitChangedFiles { base, head } => format!("files changed {base}..{head}"),
        Request::GitShow { revision, path, .. } => format!("read {path} at {revision}"),
        Request::GitTrackedFiles => "tracked files".to_owned(),
        Request::ArtifactPut { machine, path, name } => {
            format!("keep {} as artifact {name}", on(machine, path))
        }
        Request::ArtifactGet {
            artifact,
            machine,
            path,
        } => {
            format!("unpack artifact {} to {}", artifact.name, on(machine, path))
        }
        Request::ArtifactVerify { artifact } => format!("read back artifact {}", artifact.name),
        Request::Ask(question) => format!("ask a person: {}", question.text),
        Request::Now => "time".to_owned(),
        Request::Random { bytes } => format!("{bytes} random bytes"),
        Request::Sleep { ms } => format!("wait {ms} ms"),
        Request::GitState { .. } => "state of the repository".to_owned(),
        Request::GitCommitFile { path, message, .. } => {
            format!("commit {path}: {}", message.lines().next().unwrap_or_default())
        }
        Request::GitTag { tag, .. } => format!("tag {tag}"),
        Request::GitPush { remote, refs } => format!("push {} to {remote}", refs.join(" ")),
        Request::WriteOutput { path, .. } => format!("write {path}"),
        Request::LockTake { environment, .. } => format!("lock {environment}"),
        Request::LockGive { environment } => format!("unlock {environment}"),
        Request::RunAlive { run } => format!("whether run {run} is alive"),
        Request::RecordGood { environment, good } => {
            format!("record {} as good in {environment}", good.release.version)
        }
        Request::Executable => "this executable".to_owned(),
        Request::SendExecutable { machine, path, .. } => format!("copy runner to {}", on(machine, path)),
        Request::GoodReleases { environment } => format!("releases good in {environment}"),
        Request::BackupsBefore { environment, version } => {
            format!("backups of {environment} from before {version}")
        }
        Request::SpareBackups { environment, backup } => {
            format!("backups `{backup}` of {environment} that nothing needs")
        }
        Request::DeleteBackup { backup } => {
            format!(
                "delete backup {} of {} ({})",
                backup.id,
                backup.environment,
                backup.made()
            )
        }
    }
}

fn on(machine: &Option<String>, what: &str) -> String {
    match machine {
        Some(machine) => format!("{machine}:{what}"),
        None => what.to_owned(),
    }
}

/// `argv` as a shell would take it, so that a person can paste it.
fn run(command: &Command) -> String {
    let words: Vec<_> = command.argv.iter().map(|word| quoted(word)).collect();
    let line = words.join(" ");
    let place = match &command.cwd {
        Some(cwd) => format!("(in {cwd}) {line}"),
        None => line,
    };
    match &command.machine {
        Some(machine) => format!("run on {machine}: {place}"),
        None => format!("run {place}"),
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
