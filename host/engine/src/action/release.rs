//! What makes a release: its version, its changelog, its tag, its artifacts.

use runner_core::{
    bytes::Bytes,
    changelog,
    effect::{Request, Response},
    output::{Output, VersionOutput},
    step::StepError,
};

use super::{Here, preflight};
use crate::conductor::{Broken, Done};

pub(super) fn version(here: &Here<'_>) -> Done {
    let state = preflight::git_state(here)?;
    let at = here.now()?;
    let version = preflight::next_version(here, &state, at)?;
    Ok(Output::Version(version))
}

/// Puts the section on top of the changelog file, in a commit of its own.
pub(super) fn commit_changelog(here: &Here<'_>) -> Done {
    let head = here.preflight()?.head.clone();
    let Some(path) = &here.profile().changelog.file else {
        return Ok(Output::Changelog { commit: head });
    };
    let version = made(here)?;
    let old = match here.effects.request(Request::GitShow {
        revision: head.clone(),
        path: path.clone(),
        max: 16 << 20,
    })? {
        Ok(Response::Content(Some(content))) => content.text().into_owned(),
        // No such file at this commit: it is the first.
        _ => String::new(),
    };
    let parsed = version
        .version
        .parse()
        .map_err(|error| StepError::failed(format!("`{}`: {error}", version.version)))?;
    let content = changelog::prepend(&old, &version.changelog, &parsed, &version.tag);
    if !content.changed {
        return Ok(Output::Changelog { commit: head });
    }
    let request = Request::GitCommitFile {
        path: path.clone(),
        content: Bytes::from(content.text.as_str()),
        message: format!("chore(release): {}", version.tag),
        parent: head,
        at: version.at / 1000,
    };
    match here.ask(request)? {
        Response::Names(ids) if ids.len() == 1 => Ok(Output::Changelog {
            commit: ids[0].clone(),
        }),
        _ => Err(StepError::failed("the commit of the changelog has no id").into()),
    }
}

pub(super) fn tag(here: &Here<'_>) -> Done {
    let version = made(here)?;
    let commit = commit(here)?;
    let message = format!("{}\n\n{}", version.tag, version.notes);
    let request = Request::GitTag {
        tag: version.tag.clone(),
        commit: commit.clone(),
        message,
        at: version.at / 1000,
    };
    let hint = || {
        format!(
            "see what the tag names: `git show {0}`; if it is not a release, remove it: `git tag -d {0}` and, where it was \
             pushed, `git push --delete origin {0}`; then release again",
            version.tag
        )
    };
    here.ask(request).map_err(|broken| match broken {
        Broken::Failed(error, output) => {
            Broken::Failed(StepError::blocked(error.message).with_hint(hint()), output)
        }
        other => other,
    })?;
    if let Some(remote) = &here.profile().tag.push {
        let branch = here.preflight()?.branch.clone();
        let refs = branch.into_iter().chain([version.tag.clone()]).collect();
        here.ask(Request::GitPush {
            remote: remote.clone(),
            refs,
        })?;
    }
    Ok(Output::Tagged {
        tag: version.tag.clone(),
        commit,
    })
}

/// Keeps the bytes of every artifact, so that what was approved is what is deployed.
pub(super) fn package(here: &Here<'_>) -> Done {
    let mut release = here
        .release()
        .ok_or_else(|| StepError::failed("there is no version to package"))?;
    if here.version().is_some() {
        release.commit = commit(here)?;
    }
    for (name, source) in &here.profile().artifacts {
        let request = Request::ArtifactPut {
            machine: None,
            path: source.path.clone(),
            name: name.clone(),
        };
        let response = here.ask(request).map_err(|broken| match broken {
            Broken::Failed(error, _) => Broken::from(StepError::blocked(error.message).with_hint(format!(
                "a check of the gate must make `{}` ([artifacts.{name}])",
                source.path
            ))),
            other => other,
        })?;
        if let Response::Artifact(artifact) = response {
            release.artifacts.push(artifact);
        }
    }
    Ok(Output::Release(release))
}

/// The commit that the release is of.
fn commit(here: &Here<'_>) -> Done<String> {
    match here.run.output("changelog") {
        Some(Output::Changelog { commit }) => Ok(commit.clone()),
        _ => Ok(here.preflight()?.head.clone()),
    }
}

fn made<'a>(here: &'a Here<'_>) -> Done<&'a VersionOutput> {
    here.version()
        .ok_or_else(|| StepError::failed("the journal has no result of `version`").into())
}
