//! The gate: no critical issue in the environment.

use runner_sdk::{Context, Error, Finding, Gate, Host, Measure, Severity, Verdict};

use crate::api::Api;
use crate::config::{Config, environment};
use crate::issues::{self, Issues};

/// How often a request is sent at most.
const TRIES: u32 = 4;
/// How many issues a verdict lists.
const SHOWN: usize = 20;

/// The gate.
pub struct SentryGate;

impl Gate for SentryGate {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let config = &context.config;
        config.check()?;
        let environment = environment(context)?;
        let api = Api {
            host,
            context,
            tries: TRIES,
        };
        let query = format!("is:unresolved {}", config.query.trim());
        let seconds = config.window.as_millis().div_ceil(1000);
        let found = issues::find(&api, query.trim_end(), &environment, seconds)?.require(
            "`organization`, `projects` and the environment, which Sentry knows once an event came from it",
        )?;
        Ok(judge(config, &environment, &found))
    }
}

fn judge(config: &Config, environment: &str, found: &Issues) -> Verdict {
    let count = found.all.len();
    let passed = !found.more && count <= usize::try_from(config.max).unwrap_or(usize::MAX);
    let (window, query) = (config.window, config.query.trim());
    let at_least = if found.more { "at least " } else { "" };
    let plural = if count == 1 { "" } else { "s" };
    let summary = format!(
        "{at_least}{count} unresolved issue{plural} with `{query}` in `{environment}` within {window}"
    );
    let verdict = if passed {
        // Passed is what Sentry knows: an event takes its time to arrive.
        Verdict::passed(format!("{summary}; the last {} may be still to come", config.lag))
    } else {
        Verdict::failed(format!("{summary}; at most {} may be there", config.max))
    };
    let rest = count.saturating_sub(SHOWN);
    let rest = (rest > 0).then(|| Finding::new(Severity::Info, format!("and {rest} more")));
    verdict
        .findings(found.all.iter().take(SHOWN).map(issues::Issue::finding))
        .findings(rest)
        .measure(Measure::new("issues", count as f64, "issues").limit(config.max.into()))
}
