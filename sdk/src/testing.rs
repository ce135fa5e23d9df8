//! A host that follows a script, for the tests of a plugin. Not part of a component.
//!
//! A test writes down the conversation that it expects, in order, and what the host answers:
//!
//! ```
//! use runner_sdk::testing::{ScriptedHost, context};
//! # use runner_sdk::{Command, Context, Error, Gate, Host, Verdict};
//! # struct MakeGate;
//! # #[derive(serde::Deserialize, schemars::JsonSchema)]
//! # struct Config { target: String }
//! # impl Gate for MakeGate {
//! #     type Config = Config;
//! #     fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
//! #         let exit = host.run(&Command::new(["make", &context.config.target]).idempotent())?;
//! #         Ok(if exit.success() { Verdict::passed("made") } else { Verdict::failed("not made") })
//! #     }
//! # }
//! let host = ScriptedHost::new().run(["make", "all"]).exits(2).stderr("no rule to make target");
//! let verdict = MakeGate::check(&host, &context(serde_json::json!({ "target": "all" }))).unwrap();
//! assert!(!verdict.is_passed());
//! ```
//!
//! Anything else that the plugin asks for is a panic that shows both; so is an expectation that is left over when the host
//! goes out of scope. `log`, `progress`, `now`, `random` and `sleep` need no script: time starts at [`START`] and passes
//! only by `sleep`.
//!
//! Where what was done must be remembered, programs and requests are answered [by a rule](ScriptedHost::programs) instead.
//! [`twice`] then holds a plugin to its word that a call is idempotent.

mod call;
mod contexts;
mod expect;
mod host;
mod script;
mod twice;

pub use call::Call;
pub use contexts::{START, context, raw_context, release};
pub use expect::{answered, exited};
pub use script::ScriptedHost;
pub use twice::{Twice, twice};
