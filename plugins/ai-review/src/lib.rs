//! Gate `ai-review`: language models review the change before it is released.
//!
//! Who wrote the change is read from its commits, and others than they review it. The change is data: it is sent without its
//! secrets, between fences, and what a model answers becomes findings and nothing else. A model that cannot be had is an
//! error, so that nothing passes unseen.

mod answer;
mod author;
mod change;
mod checklist;
mod config;
mod diff;
mod github;
mod kind;
mod ledger;
mod model;
mod noted;
mod price;
mod prompt;
mod review;
mod secrets;
mod sheet;

use runner_sdk::{Context, Error, Finding, Gate, Host, Level as LogLevel, Measure, Severity, Verdict};

use crate::change::Change;
pub use crate::config::Config;
use crate::config::Model;
use crate::diff::Lines;
use crate::github::{Post, PullRequest};
use crate::kind::Kind;
use crate::noted::{Noted, Notes};
use crate::prompt::{Filling, Prompt};
use crate::review::Reviewer;
use crate::sheet::Sheet;

/// The least room for the change in a part, in bytes.
const LEAST_ROOM: usize = 4096;

/// The gate.
pub struct AiReviewGate;

impl Gate for AiReviewGate {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let config = &context.config;
        config.check()?;
        let mut change = Change::read(host, context)?;
        if change.files.is_empty() {
            return Ok(Verdict::passed(format!(
                "nothing to review: nothing differs between `{}` and `{}`, besides what `exclude` names",
                change.base, change.until
            )));
        }
        let found = secrets::remove(&mut change.files);
        let allowed = |path: &str| {
            config
                .secrets_allowed_in
                .iter()
                .any(|glob| kind::matches(glob, path))
        };
        let mut session = Session {
            host,
            context,
            change: &change,
            kind: Kind::of(&change.paths(), &change.commits, &config.kinds),
            prompt: Prompt::read(host, &config.prompts, &change.base)?,
            reviewer: Reviewer::new(host, context),
            notes: Notes::of(&change.files, &found, allowed),
            summaries: Vec::new(),
        };
        let asked = session.ask_all();
        session.end(asked)
    }
}

/// One review.
struct Session<'a, H> {
    host: &'a H,
    context: &'a Context<Config>,
    change: &'a Change,
    kind: Kind,
    prompt: Prompt,
    reviewer: Reviewer<'a, H>,
    notes: Notes,
    /// Model, and what it says in all.
    summaries: Vec<(String, String)>,
}

impl<H: Host> Session<'_, H> {
    /// Every reviewer, every part. In a plan all calls are listed, though the first has no answer already.
    fn ask_all(&mut self) -> Result<(), Error> {
        let mut planned = Ok(());
        for (name, model) in self.context.config.reviewers(&self.change.authors, self.kind) {
            match self.ask(name, model) {
                Err(error) if error.is_planned() => planned = Err(error),
                other => other?,
            }
        }
        planned
    }

    fn ask(&mut self, name: &str, model: &Model) -> Result<(), Error> {
        let checklist = self.context.config.checklist.text();
        let parts = diff::parts(&self.change.files, self.room(name, model, &checklist)?);
        let lines = Lines::of(&self.change.files);
        let mut planned = Ok(());
        for (place, part) in parts.iter().enumerate() {
            let of = format!("{} of {}", place + 1, parts.len());
            self.host.progress(place as u64, Some(parts.len() as u64), name);
            let user = self.prompt.fill(&Filling {
                part: &of,
                kind: self.kind.word(),
                author: &self.change.authors_text(),
                checklist: &checklist,
                diff: part,
            });
            match self.reviewer.ask(name, model, &self.prompt.system, &user) {
                Ok(answer) => {
                    for said in &answer.findings {
                        self.notes.said(name, said, &lines);
                    }
                    self.summaries.push((name.to_owned(), answer.summary));
                }
                Err(error) if error.is_planned() => planned = Err(error),
                Err(error) => return Err(error),
            }
        }
        planned
    }

    /// How many bytes of the change a model takes at once.
    fn room(&self, name: &str, model: &Model, checklist: &str) -> Result<usize, Error> {
        let tokens = model.context_tokens.saturating_sub(model.max_output_tokens) as usize;
        let overhead = self.prompt.overhead(checklist)
            + answer::schema(&self.context.config.checklist).to_string().len();
        let room = (tokens * 3).saturating_sub(overhead);
        if room < LEAST_ROOM {
            return Err(Error::invalid_config(format!(
                "the model `{name}` has too little room for a change: raise `context-tokens`, or lower `max-output-tokens`"
            )));
        }
        Ok(room)
    }

    /// The verdict, told where it is to be told. What blocks already blocks although the rest could not be asked.
    fn end(mut self, asked: Result<(), Error>) -> Result<Verdict, Error> {
        let config = &self.context.config;
        let notes = std::mem::take(&mut self.notes).sorted();
        let blocking = notes
            .iter()
            .filter(|noted| config.blocking.contains(&noted.severity))
            .count();
        let unfinished = match asked {
            Err(error) if blocking == 0 || error.is_planned() => return Err(error),
            Err(error) => Some(error.message().to_owned()),
            Ok(()) => None,
        };
        let month = match &unfinished {
            None => self.reviewer.month()?,
            Some(_) => None,
        };
        let files = self.change.files.len();
        let summary = summary(&notes, blocking, files, unfinished.as_deref());
        let mut verdict = match blocking {
            0 => Verdict::passed(summary),
            _ => Verdict::failed(summary),
        };
        verdict.findings = notes.iter().map(Noted::finding).collect();
        verdict.measures = self.measures(&notes, month);
        if self.reviewer.bills.is_empty() {
            let kind = self.kind.word();
            verdict.summary = format!(
                "{}; `reviewers` names no model for a change of the kind `{kind}`",
                verdict.summary
            );
        }
        let costs = self.costs(month);
        if !costs.is_empty() {
            verdict.summary = format!("{} ({costs})", verdict.summary);
        }
        let markdown = Sheet {
            verdict: &verdict.summary,
            passed: verdict.is_passed(),
            base: &self.change.base,
            head: self.change.head(),
            author: &self.change.authors_text(),
            kind: self.kind.word(),
            prompts: &self.prompt.version(),
            summaries: &self.summaries,
            notes: &notes,
            bills: &self.reviewer.bills,
        }
        .markdown();
        self.tell(&markdown, &notes, verdict)
    }

    /// Writes the sheet and posts it. A review that could not be posted is one all the same; that it was not is told.
    fn tell(&self, markdown: &str, notes: &[Noted], verdict: Verdict) -> Result<Verdict, Error> {
        let name = format!("{}/review.md", self.context.step);
        self.host
            .write_report(&name, "text/markdown", markdown.as_bytes())?;
        let config = &self.context.config;
        let (Some(github), Some(number)) = (&config.github, config.pull_request) else {
            return Ok(verdict);
        };
        let post = Post {
            markdown,
            commit: self.change.head(),
            notes,
        };
        match PullRequest::new(self.host, github, number).post(&post) {
            Ok(()) => Ok(verdict),
            Err(error) => {
                let message = format!(
                    "the review was not posted at pull request {number}: {}",
                    error.message()
                );
                self.host.log(LogLevel::Warn, &message);
                Ok(verdict.finding(Finding::new(Severity::Medium, message).rule("not-posted")))
            }
        }
    }

    fn measures(&self, notes: &[Noted], month: Option<f64>) -> Vec<Measure> {
        let mut measures = vec![
            Measure::new("files", self.change.files.len() as f64, "files"),
            Measure::new("findings", notes.len() as f64, "findings"),
        ];
        for (model, bill) in &self.reviewer.bills {
            let tokens = [
                ("in", bill.tokens.input),
                ("cached", bill.tokens.cached),
                ("out", bill.tokens.output),
            ];
            for (what, count) in tokens {
                measures.push(Measure::new(format!("{model} {what}"), count as f64, "tokens"));
            }
            // An unknown cost is no measure: never 0.
            if !bill.unknown {
                measures.push(Measure::new(format!("{model} cost"), bill.usd, "USD"));
            }
        }
        if let (Some(month), Some(budget)) = (month, self.context.config.budget) {
            measures.push(Measure::new("cost this month", month, "USD").limit(budget.per_month));
        }
        measures
    }

    /// Who reviewed and for how much, in words.
    fn costs(&self, month: Option<f64>) -> String {
        let mut words: Vec<String> = self
            .reviewer
            .bills
            .iter()
            .map(|(model, bill)| match bill.unknown {
                true => format!("{model}, cost unknown"),
                false => format!("{model} {}", sheet::cost(bill)),
            })
            .collect();
        if let (Some(month), Some(budget)) = (month, self.context.config.budget) {
            words.push(format!("${month:.4} of ${:.2} this month", budget.per_month));
        }
        words.join("; ")
    }
}

fn summary(notes: &[Noted], blocking: usize, files: usize, unfinished: Option<&str>) -> String {
    let many = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let files = many(files, "file");
    let rest = match unfinished {
        Some(why) => format!("; the review could not be finished: {why}"),
        None => String::new(),
    };
    match (blocking, notes.len()) {
        (0, 0) => format!("no findings in {files}"),
        (0, all) => format!("{}, none that blocks, in {files}", many(all, "finding")),
        (blocking, all) if blocking == all => format!(
            "{} that block{} in {files}{rest}",
            many(all, "finding"),
            if all == 1 { "s" } else { "" }
        ),
        (blocking, all) => format!(
            "{blocking} of {} block{} in {files}{rest}",
            many(all, "finding"),
            if blocking == 1 { "s" } else { "" }
        ),
    }
}

runner_sdk::export! { gate: AiReviewGate }

#[cfg(test)]
mod tests;
