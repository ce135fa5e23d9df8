//! The metrics source: healthy or not, and how quick.

use std::collections::BTreeMap;

use runner_sdk::metrics::{Query, Reading, Snapshot};
use runner_sdk::{Context, Error, Host, Level, Metrics};

use crate::config::{Config, base};
use crate::endpoint::{Look, look};

/// The source.
pub struct HealthMetrics;

impl Metrics for HealthMetrics {
    type Config = Config;

    fn sample(
        host: &impl Host,
        context: &Context<Config>,
        queries: &[Query],
        _memory: Option<&str>,
    ) -> Result<Snapshot, Error> {
        let config = &context.config;
        let base = base(context)?;
        let at = host.now();
        let asked: Vec<_> = queries
            .iter()
            .map(|query| Asked::parse(&query.expression, config))
            .collect();
        let mut looks: BTreeMap<&str, Result<Look, Error>> = BTreeMap::new();
        for (name, endpoint) in &config.endpoints {
            let wanted = |asked: &Asked<'_>| match asked {
                Asked::AllHealthy => true,
                Asked::Healthy(of) | Asked::Latency(of) => of == name,
            };
            if !asked.iter().flatten().any(wanted) {
                continue;
            }
            let seen = look(host, context, base, endpoint);
            match &seen {
                // No plugin's fault and no source's: the profile must be mended.
                Err(Error::Denied(text)) => return Err(Error::Denied(text.clone())),
                Ok(Look {
                    trouble: Some(why), ..
                }) => {
                    host.log(
                        Level::Info,
                        &format!("`{name}` of `{base}` is not healthy: {why}"),
                    );
                }
                _ => {}
            }
            looks.insert(name, seen);
        }
        let readings = asked.into_iter().map(|asked| asked?.reading(&looks)).collect();
        Ok(Snapshot {
            at,
            readings,
            memory: None,
        })
    }
}

/// A query, understood.
enum Asked<'q> {
    AllHealthy,
    Healthy(&'q str),
    Latency(&'q str),
}

impl<'q> Asked<'q> {
    fn parse(text: &'q str, config: &Config) -> Result<Self, Error> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (asked, name) = match words.as_slice() {
            ["healthy"] => return Ok(Self::AllHealthy),
            ["healthy", name] => (Self::Healthy(name), name),
            ["latency", name] => (Self::Latency(name), name),
            _ => {
                return Err(Error::InvalidConfig(format!(
                    "`{text}` is no query: there are `healthy`, `healthy ENDPOINT` and `latency ENDPOINT`"
                )));
            }
        };
        if config.endpoints.contains_key(*name) {
            return Ok(asked);
        }
        let known: Vec<_> = config.endpoints.keys().map(|name| format!("`{name}`")).collect();
        Err(Error::InvalidConfig(format!(
            "`{text}` asks for `{name}`, and `endpoints` has {}",
            known.join(", ")
        )))
    }

    fn reading(&self, looks: &BTreeMap<&str, Result<Look, Error>>) -> Result<Reading, Error> {
        let of = |name: &str| looks[name].as_ref().map_err(Clone::clone);
        let healthy = |look: &Look| look.trouble.is_none();
        match self {
            Self::Healthy(name) => Ok(Reading::Value(f64::from(u8::from(healthy(of(name)?))))),
            Self::Latency(name) => Ok(of(name)?
                .latency_ms
                .map_or(Reading::NoData, |ms| Reading::Value(ms as f64))),
            Self::AllHealthy => {
                let mut all = true;
                for look in looks.values() {
                    all &= healthy(look.as_ref().map_err(Clone::clone)?);
                }
                Ok(Reading::Value(f64::from(u8::from(all))))
            }
        }
    }
}
