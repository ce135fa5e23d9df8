//! Where an action stands: the run so far, the profile, the world through its effects, and the plugins under their grants.

use runner_core::{
    duration::Duration,
    effect::{Request, Response},
    fault::Fault,
    grant::{Grant, GrantContext},
    id::EnvironmentName,
    manifest::Role,
    output::{Output, Preflight, VersionOutput},
    profile::{Environment, Profile, Use},
    release::Release,
    run::Run,
    step::{Step, StepError},
};

use super::asking::Asking;
use crate::{
    conductor::{Broken, Conductor, Done},
    effects::{Effects, Halt},
    plugin::{CallContext, CallError, Plugin},
};

/// What an action works with.
pub(crate) struct Here<'a> {
    /// The conductor.
    pub(super) conductor: &'a Conductor,
    /// The step.
    pub(super) step: &'a Step,
    /// The step's effects.
    pub(super) effects: &'a Effects,
    /// The run when the step began; a step reads what steps before it left behind, never its siblings.
    pub(super) run: Run,
}

/// A plugin in one of its uses, ready to be called.
pub(super) struct Used {
    pub(super) plugin: Plugin,
    grant: Grant,
    config: String,
    timeout: Option<Duration>,
}

impl<'a> Here<'a> {
    pub(super) fn new(conductor: &'a Conductor, step: &'a Step, effects: &'a Effects) -> Self {
        Self {
            conductor,
            step,
            effects,
            run: conductor.journal.state(),
        }
    }

    pub(super) fn plan(&self) -> bool {
        self.conductor.journal.plan()
    }

    pub(super) fn profile(&self) -> &Profile {
        &self.run.header.profile
    }

    pub(super) fn environment(&self, name: &EnvironmentName) -> Done<&Environment> {
        self.profile()
            .environment(name)
            .map_err(|error| StepError::blocked(error.to_string()).into())
    }

    /// Performs an effect of the host's own.
    pub(super) fn ask(&self, request: Request) -> Done<Response> {
        Ok(self.effects.request(request)??)
    }

    pub(super) fn preflight(&self) -> Done<&Preflight> {
        match self.run.output("preflight") {
            Some(Output::Preflight(preflight)) => Ok(preflight),
            _ => Err(StepError::failed("the journal has no result of `preflight`").into()),
        }
    }

    pub(super) fn version(&self) -> Option<&VersionOutput> {
        match self.run.output("version") {
            Some(Output::Version(version)) => Some(version),
            _ => None,
        }
    }

    /// The release that the run is about, as far as it is made.
    pub(super) fn release(&self) -> Option<Release> {
        if let Some(Output::Release(release)) = self.run.output("package") {
            return Some(release.clone());
        }
        let preflight = self.preflight().ok()?;
        if let Some(release) = &preflight.release {
            return Some(release.clone());
        }
        // Before it is packaged, and in a plan: what is known of it.
        let version = self.version()?;
        Some(Release {
            version: version.version.clone(),
            tag: version.tag.clone(),
            commit: preflight.head.clone(),
            notes: version.notes.clone(),
            artifacts: Vec::new(),
        })
    }

    /// The good release that a rollback of the environment would go to.
    pub(super) fn previous(&self, environment: &EnvironmentName) -> Option<Release> {
        let previous = &self.preflight().ok()?.previous;
        previous
            .iter()
            .find(|(name, _)| name == environment.as_str())?
            .1
            .clone()
    }

    /// A use of a plugin, loaded, with its grant. `path` is where the profile says so, e.g. `gate.lint`.
    pub(super) fn plugin(
        &self,
        path: &str,
        role: Role,
        used: &Use,
        environment: Option<&EnvironmentName>,
    ) -> Done<Used> {
        let plugin = self
            .conductor
            .plugins
            .get(&used.plugin)
            .map_err(|error| StepError::blocked(error.to_string()))?;
        if !plugin.serves(role) {
            let message = format!(
                "plugin `{}` of [{path}] does not serve as `{}`",
                used.plugin,
                role.name()
            );
            return Err(StepError::blocked(message)
                .with_hint(format!("it exports {}", roles(&plugin)))
                .into());
        }
        let url = environment.and_then(|name| self.profile().environments.get(name.as_str())?.url.as_deref());
        let grant = Grant::of(
            &plugin.manifest,
            path,
            used,
            &GrantContext {
                official: self.conductor.plugins.official(&used.plugin),
                project: &self.profile().project.name,
                environment: environment.map(EnvironmentName::as_str),
                url,
            },
        );
        Ok(Used {
            plugin,
            grant,
            config: used.config.to_string(),
            timeout: used.timeout,
        })
    }

    /// The effects of the step, under the plugin's grant. Whom it asks something is told before it waits.
    pub(super) fn calls(&self, used: &Used) -> Box<Asking> {
        Box::new(Asking::new(self, *self.calls_unheard(used)))
    }

    /// The same for a plugin that tells people.
    pub(super) fn calls_unheard(&self, used: &Used) -> Box<Effects> {
        Box::new(self.effects.granted(used.grant.clone(), used.timeout))
    }

    /// The environment that the step is about.
    pub(super) fn place(&self) -> Option<&EnvironmentName> {
        let stages = &self.run.header.plan.stages;
        let of_step = stages
            .iter()
            .find(|stage| stage.steps.iter().any(|step| step.id == self.step.id));
        of_step?.environment.as_ref()
    }

    /// What the plugin's call is about.
    pub(super) fn call_context(&self, used: &Used, environment: Option<&EnvironmentName>) -> CallContext {
        let of_profile = |name: &EnvironmentName| self.profile().environments.get(name.as_str());
        CallContext {
            run: self.run.id.to_string(),
            step: self.step.id.to_string(),
            plan: self.plan(),
            project: self.profile().project.name.clone(),
            release: self.release(),
            previous: environment.and_then(|name| self.previous(name)),
            environment: environment.map(|name| {
                let url = of_profile(name).and_then(|e| e.url.clone());
                (name.to_string(), url)
            }),
            gradual: environment
                .and_then(of_profile)
                .is_some_and(|e| e.canary.is_some()),
            config: used.config.clone(),
        }
    }

    /// What a plugin said; its errors are signed with its name.
    pub(super) fn said<T>(&self, used: &Used, said: Result<Result<T, Fault>, CallError>) -> Done<T> {
        match said {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Fault::Planned { message })) => Err(Broken::Planned(message)),
            Ok(Err(fault)) => {
                Err(StepError::failed(format!("from plugin `{}`: {fault}", used.plugin.title())).into())
            }
            Err(CallError::Halt(halt)) => Err(halt.into()),
            Err(crashed) => Err(StepError::failed(crashed.to_string()).into()),
        }
    }

    /// The time, recorded.
    pub(super) fn now(&self) -> Result<u64, Halt> {
        self.effects.now()
    }
}

fn roles(plugin: &Plugin) -> String {
    plugin
        .roles
        .iter()
        .map(|role| role.name())
        .collect::<Vec<_>>()
        .join(", ")
}
