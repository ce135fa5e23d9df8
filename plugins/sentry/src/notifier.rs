//! The notifier: releases and deploys, so that Sentry knows which version runs where. docs.sentry.io, "Releases".

use runner_sdk::notifier::Event;
use runner_sdk::{Context, Error, Host, Level, Notifier, Request, rfc3339};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::api::{Api, encoded, json as body};
use crate::config::{Config, environment};

/// How often a request is sent at most.
const TRIES: u32 = 4;
/// The longest name of a deploy, in characters.
const LONGEST_NAME: usize = 64;

/// The notifier.
pub struct SentryNotifier;

impl Notifier for SentryNotifier {
    type Config = Config;

    fn notify(host: &impl Host, context: &Context<Config>, event: &Event) -> Result<Option<String>, Error> {
        context.config.check()?;
        let api = Api {
            host,
            context,
            tries: TRIES,
        };
        let run = &context.run_id;
        match event {
            Event::DeployStarted => {
                let version = &context.require_release()?.version;
                create(&api, version).map(Some)
            }
            Event::DeploySucceeded => {
                let version = &context.require_release()?.version;
                let page = create(&api, version)?;
                deployed(&api, version, run)?;
                Ok(Some(page))
            }
            // There was nothing to go back to.
            Event::RolledBack(undo) if undo.to_version.is_empty() => Ok(None),
            Event::RolledBack(undo) => {
                let page = create(&api, &undo.to_version)?;
                deployed(&api, &undo.to_version, &format!("{run} rollback"))?;
                Ok(Some(page))
            }
            Event::Released(notes) => {
                let page = create(&api, &notes.version)?;
                finalise(&api, &notes.version)?;
                Ok(Some(page))
            }
            Event::Gate(_)
            | Event::DeployFailed(_)
            | Event::ApprovalWanted(_)
            | Event::Alert(_)
            | Event::Digest(_) => Ok(None),
        }
    }
}

/// Creates the release, unless it is there (208), and returns its page.
fn create(api: &Api<'_, impl Host>, version: &str) -> Result<String, Error> {
    let context = api.context;
    let config = &context.config;
    let name = config.release_of(&context.project, version);
    let mut release = json!({"version": name, "projects": config.projects});
    let known = [&context.release, &context.previous].into_iter().flatten();
    if let Some(own) = known.into_iter().find(|known| known.version == version) {
        release["ref"] = json!(own.commit);
        if let Some(repository) = &config.repository {
            let mut part = json!({"repository": repository, "commit": own.commit});
            if let Some(before) = context
                .previous
                .as_ref()
                .filter(|before| before.commit != own.commit)
            {
                part["previousCommit"] = json!(before.commit);
            }
            release["refs"] = json!([part]);
        }
    }
    let request = Request::post(api.url("releases/"))
        .json(&release)
        .idempotent()
        .foresee(201);
    api.send_again(
        &api.prepared(request),
        &format!("creating the Sentry release `{name}`"),
    )?
    .require("`organization` and `projects`")?;
    let base = config.url.trim_end_matches('/');
    let organization = encoded(&config.organization);
    Ok(format!(
        "{base}/organizations/{organization}/releases/{}/",
        encoded(&name)
    ))
}

/// Says that the version runs in the environment now. Each such call is a deploy of its own, so where it is not known
/// whether one arrived, Sentry is asked before it is sent again.
fn deployed(api: &Api<'_, impl Host>, version: &str, name: &str) -> Result<(), Error> {
    let context = api.context;
    let environment = environment(context)?;
    let name: String = name.chars().take(LONGEST_NAME).collect();
    let release = context.config.release_of(&context.project, version);
    let path = format!("releases/{}/deploys/", encoded(&release));
    let what = format!("telling Sentry that `{release}` runs in `{environment}`");
    let mut deploy = json!({
        "environment": environment,
        "name": name,
        "dateFinished": rfc3339(api.host.now()),
        "projects": context.config.projects,
    });
    if let Some(url) = context
        .environment
        .as_ref()
        .and_then(|environment| environment.url.as_ref())
    {
        deploy["url"] = json!(url);
    }
    let request = api.prepared(Request::post(api.url(&path)).json(&deploy).foresee(201));
    let mut pause_ms = 1000;
    for rest in (0..TRIES).rev() {
        let (why, after_ms) = match api.send(&request, &what) {
            Ok(answer) => return answer.require("that the release is there").map(|_| ()),
            Err(Error::Interrupted(why)) => (why, None),
            Err(Error::Transient(again)) => (again.message, Some(again.after_ms.unwrap_or(pause_ms))),
            Err(error) => return Err(error),
        };
        if is_there(api, &path, &environment, &name)? {
            return Ok(());
        }
        if rest == 0 {
            return Err(Error::Failed(why));
        }
        api.host.log(
            Level::Info,
            &format!("{why}; Sentry has no such deploy, so it is told again"),
        );
        if let Some(ms) = after_ms {
            api.host.sleep(ms.min(60_000));
            pause_ms *= 2;
        }
    }
    unreachable!("the last try returns")
}

/// Whether Sentry has a deploy of this name.
fn is_there(api: &Api<'_, impl Host>, path: &str, environment: &str, name: &str) -> Result<bool, Error> {
    let what = "asking Sentry for the deploys of the release";
    let request = api.prepared(Request::get(api.url(path)));
    let Answer::Found(response) = api.send_again(&request, what)? else {
        return Ok(false);
    };
    let deploys = body(&response, what)?;
    let is_ours = |deploy: &Value| deploy["environment"] == environment && deploy["name"] == name;
    match deploys.as_array() {
        Some(deploys) => Ok(deploys.iter().any(is_ours)),
        None => Err(Error::failed(format!("{what}: the answer is no list"))),
    }
}

/// Says that the release is out.
fn finalise(api: &Api<'_, impl Host>, version: &str) -> Result<(), Error> {
    let context = api.context;
    let release = context.config.release_of(&context.project, version);
    let request = Request::put(api.url(&format!("releases/{}/", encoded(&release))))
        .json(&json!({"dateReleased": rfc3339(api.host.now())}))
        .foresee(200);
    let what = format!("finalising the Sentry release `{release}`");
    api.send_again(&api.prepared(request), &what)?
        .require("that the release is there")
        .map(|_| ())
}
