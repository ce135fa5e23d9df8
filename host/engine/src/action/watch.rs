//! Watching the metrics after a deploy. Time is counted in ticks that were watched, so a watch that was broken off goes on
//! with what was left of it.

use std::collections::{BTreeMap, BTreeSet};

use runner_core::{
    effect::{Question, Request, Response},
    event::Kind,
    id::EnvironmentName,
    manifest::Role,
    output::{Output, WatchReport},
    profile::{DigestReading, NoticeName, Watch},
    rules::{self, Judgement, Reading, RuleState, Sample, Verdict},
    step::{FailureKind, StepError},
};

use super::{Here, context::Used};
use crate::{
    conductor::{Broken, Done, unknown},
    plugin::Query,
};

/// What a person may say to an alert.
const GO_ON: &str = "continue";
/// What a person may say to an alert.
const ROLL_BACK: &str = "rollback";
/// Between the two samples of a look, in milliseconds: long enough for a rate.
const BETWEEN_MS: u64 = 1000;

/// A metrics source in this watch.
struct Source {
    name: String,
    used: Used,
    queries: Vec<Query>,
    memory: Option<String>,
}

/// The watch after a deploy.
pub(super) fn watch(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let watch = here.environment(name)?.watch.as_ref();
    over(
        here,
        name,
        watch.ok_or_else(|| unknown(&here.step.action, "watch"))?,
    )
}

/// Watches the environment so and so long, by these rules.
pub(super) fn over(here: &Here<'_>, name: &EnvironmentName, watch: &Watch) -> Done {
    let version = here.release().map(|release| release.version).unwrap_or_default();
    let mut sources = sources(here, name, watch, &version)?;
    let mut samples = Vec::new();
    let mut accepted = BTreeSet::new();
    let mut shown = BTreeMap::new();
    // The first sample only primes the sources: counters need a before.
    for tick in 0.. {
        if tick > 0 {
            here.effects.sleep(watch.interval.as_millis())?;
        }
        let sample = sample(here, name, tick, &mut sources)?;
        if tick == 0 {
            continue;
        }
        samples.push(sample);
        let judgement = rules::judge(watch, &samples, &accepted);
        tell(here, watch, tick, &judgement, &mut shown);
        match &judgement.verdict {
            Verdict::Watching => {}
            Verdict::Passed => return Ok(Output::Watched(report(watch, samples, judgement))),
            Verdict::Breached { line, .. } => {
                let error = StepError::new(FailureKind::Breach, line.clone());
                return Err(Broken::Failed(
                    error,
                    Some(Output::Watched(report(watch, samples, judgement))),
                ));
            }
            Verdict::Alert { rules, lines } => {
                decide(
                    here,
                    name,
                    &format!("alert-{tick}"),
                    lines,
                    watch,
                    &samples,
                    &judgement,
                )?;
                accepted.extend(rules.iter().cloned());
            }
            Verdict::Unknown { lines } => {
                decide(here, name, "unknown", lines, watch, &samples, &judgement)?;
                return Ok(Output::Watched(report(watch, samples, judgement)));
            }
        }
    }
    unreachable!("a watch ends with a verdict")
}

/// What all that a watch of `version` in the environment would ask says now.
pub(super) fn readings(
    here: &Here<'_>,
    name: &EnvironmentName,
    version: &str,
) -> Done<BTreeMap<String, Reading>> {
    let watch = here
        .environment(name)?
        .watch
        .clone()
        .ok_or_else(|| unknown(&here.step.action, "watch"))?;
    let mut sources = sources(here, name, &watch, version)?;
    let first = sample(here, name, 0, &mut sources)?;
    if !counts_from_before(&first, &sources) {
        return Ok(first.readings);
    }
    here.effects.sleep(BETWEEN_MS)?;
    Ok(sample(here, name, 1, &mut sources)?.readings)
}

/// What the sources say of the readings of a digest, over the time that it is about.
pub(super) fn asked(
    here: &Here<'_>,
    name: &EnvironmentName,
    readings: &BTreeMap<String, DigestReading>,
    window_ms: u64,
) -> Done<BTreeMap<String, Reading>> {
    let version = here.release().map(|release| release.version).unwrap_or_default();
    let queries = readings.iter().map(|(reading, settings)| {
        let query = Query {
            name: reading.clone(),
            expression: placed(name, &version, &settings.query),
            window_ms,
        };
        (settings.source.as_str(), query)
    });
    let mut sources = sources_of(here, name, queries)?;
    Ok(sample(here, name, 0, &mut sources)?.readings)
}

/// Whether a source that remembers would have more to say the second time.
fn counts_from_before(first: &Sample, sources: &[Source]) -> bool {
    sources.iter().any(|source| {
        let silent = |query: &Query| first.readings.get(&query.name) == Some(&Reading::NoData);
        source.memory.is_some() && source.queries.iter().any(silent)
    })
}

fn sources(here: &Here<'_>, name: &EnvironmentName, watch: &Watch, version: &str) -> Done<Vec<Source>> {
    let queries = watch.rules.iter().map(|(rule_name, rule)| {
        let query = Query {
            name: rule_name.clone(),
            expression: placed(name, version, &rule.query),
            window_ms: rule.window.unwrap_or(watch.interval.times(4)).as_millis(),
        };
        (rule.source.as_str(), query)
    });
    sources_of(here, name, queries)
}

/// Each source with what it is asked.
fn sources_of<'a>(
    here: &Here<'_>,
    name: &EnvironmentName,
    queries: impl Iterator<Item = (&'a str, Query)>,
) -> Done<Vec<Source>> {
    let mut by_source: BTreeMap<&str, Vec<Query>> = BTreeMap::new();
    for (source, query) in queries {
        by_source.entry(source).or_default().push(query);
    }
    let source = |(source, queries): (&str, Vec<Query>)| {
        let used = here
            .profile()
            .metrics
            .get(source)
            .ok_or_else(|| unknown(&here.step.action, &format!("metrics source `{source}`")))?;
        let used = here.plugin(&format!("metrics.{source}"), Role::Metrics, used, Some(name))?;
        Ok(Source {
            name: source.to_owned(),
            queries,
            used,
            memory: None,
        })
    };
    by_source.into_iter().map(source).collect()
}

/// A query with the names that differ from environment to environment filled in.
fn placed(name: &EnvironmentName, version: &str, query: &str) -> String {
    query
        .replace("{{environment}}", name.as_str())
        .replace("{{version}}", version)
}

fn sample(here: &Here<'_>, name: &EnvironmentName, tick: u32, sources: &mut [Source]) -> Done<Sample> {
    let at = here.now()?;
    let mut readings = BTreeMap::new();
    for source in sources {
        let context = here.call_context(&source.used, Some(name));
        let calls = here.calls(&source.used);
        let said = source
            .used
            .plugin
            .sample(calls, context, &source.queries, source.memory.as_deref());
        match here.said(&source.used, said) {
            Ok(answer) => {
                source.memory = answer.memory;
                let names = source.queries.iter().map(|query| query.name.clone());
                readings.extend(names.zip(answer.readings));
            }
            // A source that is down is not a breach; the rules say what it is.
            Err(Broken::Failed(error, _)) => {
                let error = Reading::Error(format!("{}: {}", source.name, error.message));
                readings.extend(
                    source
                        .queries
                        .iter()
                        .map(|query| (query.name.clone(), error.clone())),
                );
            }
            Err(other) => return Err(other),
        }
    }
    Ok(Sample { tick, at, readings })
}

/// One line per rule whose state changed.
fn tell(
    here: &Here<'_>,
    watch: &Watch,
    tick: u32,
    judgement: &Judgement,
    shown: &mut BTreeMap<String, String>,
) {
    let of = rules::ticks(watch);
    let step = &here.step.id;
    for state in &judgement.states {
        let line = state.to_string();
        if shown.insert(state.rule.clone(), line.clone()).as_ref() != Some(&line) {
            here.conductor.journal.tell(Kind::Watch {
                step: step.clone(),
                tick,
                of,
                line,
            });
        }
    }
    here.conductor.journal.tell(Kind::Progress {
        scope: step.scope(),
        done: tick.into(),
        total: Some(of.into()),
        what: "watching".to_owned(),
    });
}

/// Asks a person whether to go on.
fn decide(
    here: &Here<'_>,
    name: &EnvironmentName,
    id: &str,
    lines: &[String],
    watch: &Watch,
    samples: &[Sample],
    judgement: &Judgement,
) -> Done<()> {
    super::notify::alert(here, Some(name), NoticeName::Alert, &lines.join("; "))?;
    let question = Question {
        id: format!("{}/{id}", here.step.id),
        text: format!("{name}: {}; go on or roll back?", lines.join("; ")),
        choices: vec![GO_ON.to_owned(), ROLL_BACK.to_owned()],
        may_answer: Vec::new(),
        subject: here.release().map(|release| release.digest()),
        own: true,
        allowed_signers: None,
        timeout_ms: None,
    };
    match here.ask(Request::Ask(question))? {
        Response::Answer(answer) if answer.choice == GO_ON => Ok(()),
        Response::Answer(answer) => {
            let error = StepError::new(
                FailureKind::Breach,
                format!("{} decided to roll back: {}", answer.by, lines.join("; ")),
            );
            let output = Output::Watched(report(watch, samples.to_vec(), judgement.clone()));
            Err(Broken::Failed(error, Some(output)))
        }
        _ => Err(StepError::failed("a person's answer is no answer").into()),
    }
}

fn report(watch: &Watch, samples: Vec<Sample>, judgement: Judgement) -> WatchReport {
    let rules: Vec<RuleState> = judgement.states;
    let summary = judgement.verdict.to_string();
    WatchReport {
        interval_ms: watch.interval.as_millis(),
        samples,
        rules,
        summary,
    }
}
