//! The gate: all endpoints are healthy.

use runner_sdk::{Context, Error, Finding, Gate, Host, Measure, Severity, Verdict};

use crate::config::{Config, base};
use crate::endpoint::{Look, look};

/// The gate.
pub struct HealthGate;

impl Gate for HealthGate {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let config = &context.config;
        let base = base(context)?;
        let tries = config.tries.max(1);
        for rest in (0..tries).rev() {
            let mut looks = Vec::with_capacity(config.endpoints.len());
            for (name, endpoint) in &config.endpoints {
                looks.push((name.as_str(), look(host, context, base, endpoint)?));
            }
            if rest == 0 || looks.iter().all(|(_, look)| look.trouble.is_none()) {
                return Ok(judge(base, tries, &looks));
            }
            host.sleep(config.pause.as_millis());
        }
        unreachable!("the last try returns")
    }
}

fn judge(base: &str, tries: u32, looks: &[(&str, Look)]) -> Verdict {
    let troubles: Vec<_> = looks
        .iter()
        .filter_map(|(name, look)| Some((*name, look.trouble.as_deref()?)))
        .collect();
    let all = looks.len();
    let endpoints = if all == 1 { "endpoint" } else { "endpoints" };
    let verdict = match troubles.first() {
        None => Verdict::passed(format!("{all} {endpoints} of `{base}` healthy")),
        Some((name, why)) => {
            let looked = if tries > 1 {
                format!(" after {tries} looks")
            } else {
                String::new()
            };
            let sick = troubles.len();
            Verdict::failed(format!(
                "{sick} of {all} {endpoints} of `{base}` not healthy{looked}: `{name}`: {why}"
            ))
        }
    };
    let measures = looks.iter().filter_map(|(name, look)| {
        Some(Measure::new(
            format!("latency of {name}"),
            look.latency_ms? as f64,
            "ms",
        ))
    });
    verdict
        .findings(
            troubles
                .iter()
                .map(|(name, why)| Finding::new(Severity::High, *why).rule(*name)),
        )
        .measures(measures)
}
