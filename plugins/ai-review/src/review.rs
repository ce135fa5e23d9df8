//! Asks the models: each part of the change by each reviewer, each call within the budget and in the ledger.

use std::collections::BTreeMap;

use runner_sdk::{Context, Error, Host, Level as LogLevel, Request, Response, retry};
use serde_json::Value;

use crate::answer::{self, Answer};
use crate::config::{Config, Model};
use crate::ledger::{Ledger, Reservation};
use crate::model::{self, Question};
use crate::price::Tokens;

/// How often a request is sent that a server refuses for now.
const TRIES: u32 = 4;
/// How often a model is asked that gives nothing usable.
const ANSWERS: u32 = 2;

/// What a model's calls came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bill {
    pub(crate) calls: u32,
    pub(crate) tokens: Tokens,
    /// US dollars of all calls with a known price.
    pub(crate) usd: f64,
    /// Whether there were others.
    pub(crate) unknown: bool,
}

/// Whoever asks.
pub(crate) struct Reviewer<'a, H> {
    host: &'a H,
    config: &'a Config,
    ledger: Ledger<'a>,
    schema: Value,
    /// By model.
    pub(crate) bills: BTreeMap<String, Bill>,
}

impl<'a, H: Host> Reviewer<'a, H> {
    pub(crate) fn new(host: &'a H, context: &'a Context<Config>) -> Self {
        Self {
            host,
            config: &context.config,
            ledger: Ledger::of(context),
            schema: answer::schema(&context.config.checklist),
            bills: BTreeMap::new(),
        }
    }

    /// A model's review of one part. One that refuses, breaks off or leaves the form is asked once more.
    pub(crate) fn ask(
        &mut self,
        name: &str,
        model: &Model,
        system: &str,
        user: &str,
    ) -> Result<Answer, Error> {
        let schema = self.schema.clone();
        let question = Question {
            model: name,
            max_output: model.max_output_tokens,
            system,
            user,
            schema: &schema,
        };
        let request = model::request(self.config, model, &question, self.config.timeout);
        let mut why = String::new();
        for _ in 0..ANSWERS {
            let host = self.host;
            let text = retry(host, TRIES, || self.call(name, model, &request))?;
            match text.and_then(|text| answer::read(&text, &self.config.checklist)) {
                Ok(answer) => return Ok(answer),
                Err(spoilt) => {
                    host.log(LogLevel::Warn, &format!("`{name}`: {spoilt}"));
                    why = spoilt;
                }
            }
        }
        Err(Error::failed(format!(
            "`{name}` gave no review that can be used, asked {ANSWERS} times: {why}"
        )))
    }

    /// One call: noted before, made if the budget allows it, noted after. The outer error is about the call, the inner one
    /// about what was answered.
    fn call(
        &mut self,
        name: &str,
        model: &Model,
        request: &Request,
    ) -> Result<Result<String, String>, Error> {
        let most = Tokens {
            input: Tokens::of_bytes(request.body.len()),
            output: model.max_output_tokens.into(),
            ..Tokens::default()
        };
        let usd = model.price.map(|price| price.at_most(most.input, most.output));
        let reservation = self.ledger.reserve(self.host, name, most, usd)?;
        if let Err(over) = self.afford(&reservation, usd) {
            self.not_billed(&reservation)?;
            return Err(over);
        }
        match self.host.send(request) {
            Ok(response) if response.success() => {
                self.answered(name, model, &reservation, &response, (most, usd))
            }
            Ok(response) => {
                self.not_billed(&reservation)?;
                Err(model::refused(name, &response))
            }
            // It may be billed, so what was reserved stays reserved.
            Err(Error::Interrupted(why)) => {
                self.bill(name, most, usd);
                Err(Error::transient_after(why, 0))
            }
            Err(error @ Error::Transient(_)) => {
                self.bill(name, most, usd);
                Err(error.context(format!("asking `{name}`")))
            }
            Err(error @ Error::Planned(_)) => Err(error),
            Err(error) => {
                self.not_billed(&reservation)?;
                Err(error.context(format!("asking `{name}`")))
            }
        }
    }

    fn answered(
        &mut self,
        name: &str,
        model: &Model,
        reservation: &Reservation,
        response: &Response,
        most: (Tokens, Option<f64>),
    ) -> Result<Result<String, String>, Error> {
        let reply = model::reply(self.config, model, response);
        match reply.tokens {
            Some(tokens) => {
                let usd = model.price.map(|price| price.of(tokens));
                self.ledger.settle(self.host, reservation, tokens, usd)?;
                self.bill(name, tokens, usd);
            }
            None => self.bill(name, most.0, most.1),
        }
        Ok(reply.text)
    }

    fn not_billed(&self, reservation: &Reservation) -> Result<(), Error> {
        self.ledger
            .settle(self.host, reservation, Tokens::default(), Some(0.0))
    }

    fn bill(&mut self, name: &str, tokens: Tokens, usd: Option<f64>) {
        let bill = self.bills.entry(name.to_owned()).or_default();
        bill.calls += 1;
        bill.tokens = bill.tokens.plus(tokens);
        bill.usd += usd.unwrap_or_default();
        bill.unknown |= usd.is_none();
    }

    /// Whether the call that was just noted fits into what is left.
    fn afford(&self, reservation: &Reservation, usd: Option<f64>) -> Result<(), Error> {
        let (Some(budget), Some(usd)) = (self.config.budget, usd) else {
            return Ok(());
        };
        if let Some(limit) = budget.per_review {
            // Not `sum`: that of nothing is -0.
            let spent = self.bills.values().fold(0.0, |sum, bill| sum + bill.usd);
            if spent + usd > limit {
                return Err(Error::failed(format!(
                    "the next call may cost ${usd:.4}, and of the ${limit:.2} for a review ${spent:.4} are spent: exclude files, take a cheaper model, or raise `budget.per-review`"
                )));
            }
        }
        let limit = budget.per_month;
        let month = self.ledger.month(self.host)?;
        let spent = month.usd(self.config, Some(reservation))?;
        if spent + usd > limit {
            return Err(Error::failed(format!(
                "the next call may cost ${usd:.4}, and of the ${limit:.2} for this month ${spent:.4} are spent or reserved: wait for the next month, or raise `budget.per-month`; `runner costs` shows what it went to"
            )));
        }
        Ok(())
    }

    /// US dollars of this month, as far as a budget wants to know.
    pub(crate) fn month(&self) -> Result<Option<f64>, Error> {
        match self.config.budget {
            Some(_) => Ok(Some(self.ledger.month(self.host)?.usd(self.config, None)?)),
            None => Ok(None),
        }
    }
}
