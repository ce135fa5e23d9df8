//! Looks before anything is done, so that what can be known early blocks early.

use jiff::{Timestamp, tz::TimeZone};
use runner_core::{
    backup::Kept,
    changelog,
    commits::{self, Commit, RawCommit},
    effect::{GitStatus, Request, Response},
    event::Command,
    id::EnvironmentName,
    manifest::Role,
    output::{Output, Preflight, VersionOutput},
    profile::{FirstDeploy, Restore},
    release::{GoodRelease, Release},
    step::{Action, FailureKind, StepError},
    version::{self, Channel, Outcome, Tag},
};

use super::Here;
use crate::conductor::Done;

pub(super) fn preflight(here: &Here<'_>) -> Done {
    let state = match is_of_a_commit(&here.run.header.command) {
        true => git_state(here)?,
        false => GitStatus::default(),
    };
    let (mut release, mut backups) = (None, Vec::new());
    match here.run.header.command.clone() {
        Command::QualityGate { .. }
        | Command::Setup { .. }
        | Command::Digest { .. }
        | Command::Backup { .. }
        | Command::VerifyBackup { .. }
        | Command::Restore { .. } => {}
        Command::Release { .. } => {
            clean(&state)?;
            // Computed again, and kept, by the step `version`; here only to stop before the gate is run for nothing.
            next_version(here, &state, here.now()?)?;
        }
        Command::Deploy { environment, version } => {
            release = Some(deployable(here, &state, &environment, version.as_deref())?);
        }
        Command::Rollback { environment, to } => {
            let (to, running) = earlier(here, &environment, to.as_deref())?;
            if let Some(running) = running {
                backups = backups_before(here, &environment, &running, &to)?;
            }
            release = Some(to);
        }
    }
    let mut previous = Vec::new();
    for name in here.run.header.plan.environments() {
        let newest = good(here, &name)?.into_iter().next().map(|good| good.release);
        if here
            .run
            .header
            .plan
            .steps()
            .any(|step| matches!(step.action, Action::Deploy { .. }))
        {
            first_deploy(here, &name, newest.as_ref())?;
        }
        previous.push((name.to_string(), newest));
    }
    Ok(Output::Preflight(Preflight {
        head: state.head,
        branch: state.branch,
        release,
        previous,
        backups,
    }))
}

/// Whether the command is about what is checked out. What a timer of a server starts is not: there is no repository there.
fn is_of_a_commit(command: &Command) -> bool {
    matches!(
        command,
        Command::QualityGate { .. }
            | Command::Release { .. }
            | Command::Deploy { .. }
            | Command::Rollback { .. }
    )
}

pub(super) fn git_state(here: &Here<'_>) -> Done<GitStatus> {
    let tag_prefix = here.profile().version.tag_prefix.clone();
    match here.ask(Request::GitState { tag_prefix })? {
        Response::Git(state) => Ok(state),
        _ => Err(StepError::failed("the journal has no state of the repository").into()),
    }
}

fn clean(state: &GitStatus) -> Done<()> {
    if state.modified.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the work tree differs from the commit: {}",
        state.modified.join(", ")
    );
    Err(StepError::blocked(message)
        .with_hint("commit or `git stash`, then release again")
        .into())
}

/// The next version, with its changelog.
pub(super) fn next_version(here: &Here<'_>, state: &GitStatus, at: u64) -> Done<VersionOutput> {
    if state.shallow {
        let error =
            StepError::blocked("the clone is shallow: the commits since the last tag are not all here");
        return Err(error.with_hint("git fetch --unshallow --tags").into());
    }
    let profile = here.profile();
    let policy = &profile.version;
    let tags: Vec<_> = state
        .tags
        .iter()
        .map(|tag| Tag {
            name: tag.name.clone(),
            commit: tag.commit.clone(),
        })
        .collect();
    let reachable: Vec<_> = state
        .tags
        .iter()
        .zip(&tags)
        .filter(|(info, _)| info.reachable)
        .map(|(_, tag)| tag.clone())
        .collect();
    let last = version::latest(policy, &reachable).release.map(|(_, tag)| tag);
    let commits = match here.ask(Request::GitCommits {
        since: last.map(|tag| tag.commit),
        until: state.head.clone(),
    })? {
        Response::Commits(commits) => commits,
        _ => return Err(StepError::failed("the journal has no commits").into()),
    };
    let parsed = commits.into_iter().map(|commit| {
        Commit::parse(&RawCommit {
            id: commit.id,
            message: commit.message,
            author: commit.author,
            at: commit.at,
            parents: commit.parents as usize,
        })
    });
    let settled = commits::settle(parsed.collect());
    let channel = channel(here)?;
    let request = version::Request {
        head: &state.head,
        reachable: &reachable,
        all: &tags,
        commits: &settled,
        channel: channel.as_ref(),
        exact: None,
    };
    let outcome = version::next(policy, &request)
        .map_err(|error| StepError::blocked(error.to_string()).with_hint(error.hints().join("; ")))?;
    let next = match outcome {
        Outcome::Release(next) => next,
        Outcome::Nothing(nothing) => {
            return Err(StepError::new(FailureKind::NothingToRelease, nothing.to_string()).into());
        }
    };
    rendered(here, next, &settled, at)
}

fn rendered(
    here: &Here<'_>,
    next: version::Next,
    settled: &commits::Settled,
    at: u64,
) -> Done<VersionOutput> {
    let when =
        Timestamp::from_millisecond(i64::try_from(at).unwrap_or(i64::MAX)).unwrap_or(Timestamp::UNIX_EPOCH);
    let last = next.previous.map(|tag| tag.name);
    let release = changelog::Release {
        version: &next.version,
        tag: &next.tag,
        previous: last.as_deref(),
        date: when.to_zoned(TimeZone::UTC).date(),
        commits: &settled.commits,
    };
    let template = here
        .profile()
        .changelog
        .template
        .as_deref()
        .map(|source| ("changelog.template", source));
    let text =
        changelog::render(&release, template).map_err(|error| StepError::blocked(error.to_string()))?;
    let notes = changelog::release_notes(&text).to_owned();
    let version = next.version.to_string();
    Ok(VersionOutput {
        version,
        tag: next.tag,
        last,
        reason: next.reason,
        changelog: text,
        notes,
        at,
    })
}

fn channel(here: &Here<'_>) -> Done<Option<Channel>> {
    let Command::Release { pre: Some(pre) } = &here.run.header.command else {
        return Ok(None);
    };
    Ok(Some(pre.parse().map_err(|error: version::ChannelError| {
        StepError::blocked(error.to_string())
    })?))
}

fn good(here: &Here<'_>, name: &EnvironmentName) -> Done<Vec<GoodRelease>> {
    match here.ask(Request::GoodReleases {
        environment: name.clone(),
    })? {
        Response::Good(good) => Ok(good),
        _ => Err(StepError::failed("the journal has no list of good releases").into()),
    }
}

/// A first deploy has nothing to roll back to; said before anything is done.
fn first_deploy(here: &Here<'_>, name: &EnvironmentName, previous: Option<&Release>) -> Done<()> {
    let refuse = here.environment(name)?.first_deploy == FirstDeploy::Refuse;
    if previous.is_some() || !refuse {
        return Ok(());
    }
    let message =
        format!("no release is recorded as good in {name}, so a failed deploy could not be rolled back");
    let hint =
        format!("to go on all the same, set in the profile: [environments.{name}] first-deploy = \"allow\"");
    Err(StepError::blocked(message).with_hint(hint).into())
}

/// What `runner deploy ENV` deploys: in the first environment what is checked out, in a later one what is good in the one
/// before it.
fn deployable(
    here: &Here<'_>,
    state: &GitStatus,
    name: &EnvironmentName,
    version: Option<&str>,
) -> Done<Release> {
    let Some(before) = here.profile().environment_before(name) else {
        return checked_out(here, state, version);
    };
    let found = good(here, &before)?
        .into_iter()
        .find(|good| version.is_none_or(|v| same(here, v, &good.release)));
    found.map(|good| good.release).ok_or_else(|| {
        let what = version.map_or_else(
            || "no release".to_owned(),
            |version| format!("release {version} is not"),
        );
        let message = match version {
            Some(_) => format!("{what} recorded as good in {before}, which comes before {name}"),
            None => format!("{what} is recorded as good in {before}, which comes before {name}"),
        };
        StepError::blocked(message)
            .with_hint(format!("runner deploy {before}"))
            .into()
    })
}

fn checked_out(here: &Here<'_>, state: &GitStatus, version: Option<&str>) -> Done<Release> {
    clean(state)?;
    let policy = &here.profile().version;
    let tags: Vec<_> = state
        .tags
        .iter()
        .map(|tag| Tag {
            name: tag.name.clone(),
            commit: tag.commit.clone(),
        })
        .collect();
    let here_tags: Vec<_> = tags
        .iter()
        .filter(|tag| tag.commit == state.head)
        .cloned()
        .collect();
    let at_head = version::latest(policy, &here_tags).release;
    let (version_here, tag) = match at_head {
        Some((found, tag)) => (found.to_string(), tag.name),
        None => {
            let reachable: Vec<_> = state
                .tags
                .iter()
                .zip(&tags)
                .filter(|(info, _)| info.reachable)
                .map(|(_, tag)| tag.clone())
                .collect();
            let last = version::latest(policy, &reachable)
                .release
                .map(|(version, _)| version);
            let base = last.map_or_else(|| "0.0.0".to_owned(), |version| version.to_string());
            let dev = format!("{base}-dev.{}", &state.head[..state.head.len().min(10)]);
            (dev.clone(), format!("{}{dev}", policy.tag_prefix))
        }
    };
    if let Some(wanted) = version
        && wanted != version_here
        && wanted != tag
    {
        let message = format!("{wanted} was asked for, and {version_here} is checked out");
        return Err(StepError::blocked(message)
            .with_hint(format!("git checkout {}{wanted}", policy.tag_prefix))
            .into());
    }
    Ok(Release {
        version: version_here,
        tag,
        commit: state.head.clone(),
        notes: String::new(),
        artifacts: Vec::new(),
    })
}

/// The backups that hold what `to` left behind: made to deploy `running` on top of it. All of them or none.
fn backups_before(here: &Here<'_>, name: &EnvironmentName, running: &str, to: &Release) -> Done<Vec<Kept>> {
    let settings = here.environment(name)?;
    if settings.backup.is_empty() || settings.restore == Restore::Never {
        return Ok(Vec::new());
    }
    let request = Request::BackupsBefore {
        environment: name.clone(),
        version: running.to_owned(),
    };
    let mut all = match here.ask(request)? {
        Response::Backups(all) => all,
        _ => return Err(StepError::failed("the journal has no list of backups").into()),
    };
    all.retain(|kept| kept.ran.as_ref() == Some(&to.version));
    let newest = all.first().map(|kept| kept.run.clone());
    all.retain(|kept| Some(&kept.run) == newest.as_ref() && settings.backup.contains(&kept.backup));
    let whole = settings
        .backup
        .iter()
        .all(|name| all.iter().any(|kept| kept.backup == *name));
    Ok(if whole { all } else { Vec::new() })
}

/// What `runner rollback ENV` goes back to, a release recorded as good there that is not the one that runs; and the version of
/// that one.
fn earlier(here: &Here<'_>, name: &EnvironmentName, to: Option<&str>) -> Done<(Release, Option<String>)> {
    let target = &here.environment(name)?.target;
    let used = here.plugin(
        &format!("environments.{name}.target"),
        Role::Target,
        target,
        Some(name),
    )?;
    let running = here
        .said(
            &used,
            used.plugin
                .inspect(here.calls(&used), here.call_context(&used, Some(name))),
        )?
        .version;
    let all = good(here, name)?;
    let known = || {
        let mut versions: Vec<_> = all.iter().map(|good| good.release.version.clone()).collect();
        versions.dedup();
        if versions.is_empty() {
            "none".to_owned()
        } else {
            versions.join(", ")
        }
    };
    let found = match to {
        Some(to) => all.iter().find(|good| same(here, to, &good.release)),
        None => all
            .iter()
            .find(|good| Some(&good.release.version) != running.as_ref()),
    };
    let found = found.map(|good| (good.release.clone(), running.clone()));
    found.ok_or_else(|| {
        let what = to.map_or_else(|| "an earlier release".to_owned(), |to| format!("release {to}"));
        let message = format!("{what} is not recorded as good in {name}; recorded: {}", known());
        StepError::blocked(message)
            .with_hint("a rollback goes only to what was good there")
            .into()
    })
}

/// Whether a person means this release: by its version or its tag.
fn same(here: &Here<'_>, asked: &str, release: &Release) -> bool {
    let prefix = &here.profile().version.tag_prefix;
    asked == release.version
        || asked == release.tag
        || asked.strip_prefix(prefix.as_str()) == Some(&release.version)
}
