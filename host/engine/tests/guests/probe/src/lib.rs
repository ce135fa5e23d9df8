//! Gate and target `probe`, for the tests of the host: makes the calls of its config in order, says everything that came
//! back in its findings and its log, and misbehaves in every way that it is told to. As a target it "deploys" by writing the
//! version into a file.

use runner_sdk::target::{Condition, Deployment, Service};
use runner_sdk::{
    Command, Context, Error, Finding, Gate, Host, Level, Nature, Release, Request, Severity, Target, Verdict,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What to do.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// In order; as a target, before a deploy.
    #[serde(default)]
    calls: Vec<Call>,
    /// As a target: the folder to deploy to.
    root: Option<String>,
    /// As a target: what a rollback says of the data.
    newer_data: Option<String>,
    /// For the grant: a server.
    #[expect(dead_code, reason = "the manifest speaks of it")]
    url: Option<String>,
}

/// One thing to do.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Call {
    /// A shell line that changes nothing.
    Read(String),
    /// A shell line that may be done twice.
    Idempotent(String),
    /// A shell line that must not be done twice.
    Write(String),
    /// A shell line that must not be done twice, and whose result no plan can foresee.
    Unforeseen(String),
    /// A shell line with a variable and something to read.
    Tell {
        line: String,
        variable: String,
        stdin: String,
    },
    /// Asks for a secret whose name the config does not have in one piece.
    Assemble(String),
    /// A GET.
    Get(String),
    /// A file of the workspace.
    File(String),
    /// A file of the run.
    Report(String),
    Now,
    Random,
    /// A line of the log, at level error.
    Complain(String),
    Panic(String),
    /// Never returns.
    Spin,
    /// Takes so many MB of memory.
    Hoard(usize),
    /// Calls itself without end.
    Recurse,
    /// Hands so many MB to the host at once.
    Flood(usize),
}

/// The gate.
pub struct Probe;

impl Gate for Probe {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let mut verdict = Verdict::passed("did it all");
        for call in &context.config.calls {
            let said = match perform(host, call) {
                // Nothing can be known of what comes after.
                Err(error @ Error::Planned(_)) => return Err(error),
                Err(error) => format!("error: {error:?}"),
                Ok(said) => said,
            };
            host.log(Level::Info, &said);
            verdict = verdict.finding(Finding::new(Severity::Info, said));
        }
        Ok(verdict)
    }
}

impl Target for Probe {
    type Config = Config;

    fn inspect(host: &impl Host, context: &Context<Config>) -> Result<Deployment, Error> {
        let content = host.machine_read(None, &place(context)?, 100)?;
        let version = content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(deployment(version))
    }

    fn deploy(host: &impl Host, context: &Context<Config>) -> Result<Deployment, Error> {
        for call in &context.config.calls {
            perform(host, call)?;
        }
        put(host, context, context.require_release()?)
    }

    fn rollback(host: &impl Host, context: &Context<Config>, to: &Release) -> Result<Deployment, Error> {
        Ok(Deployment {
            newer_data: context.config.newer_data.clone(),
            ..put(host, context, to)?
        })
    }
}

fn place(context: &Context<Config>) -> Result<String, Error> {
    let root = context.config.root.as_deref();
    root.map(|root| format!("{root}/version"))
        .ok_or_else(|| Error::invalid_config("a target needs `root`"))
}

fn put(host: &impl Host, context: &Context<Config>, release: &Release) -> Result<Deployment, Error> {
    host.machine_write(None, &place(context)?, release.version.as_bytes(), 0o644)?;
    Ok(deployment(Some(release.version.clone())))
}

fn deployment(version: Option<String>) -> Deployment {
    let service = Service {
        name: "probe".to_owned(),
        condition: match version {
            Some(_) => Condition::Healthy,
            None => Condition::Stopped,
        },
        version: version.clone(),
        since: None,
        detail: String::new(),
    };
    Deployment {
        version,
        services: vec![service],
        newer_data: None,
    }
}

fn perform(host: &impl Host, call: &Call) -> Result<String, Error> {
    let shell = |line: &str, nature| Command::new(["sh", "-c", line]).nature(nature).foresee_success();
    match call {
        Call::Read(line) => run(host, &shell(line, Nature::Read)),
        Call::Idempotent(line) => run(host, &shell(line, Nature::Idempotent)),
        Call::Write(line) => run(host, &shell(line, Nature::Write)),
        Call::Unforeseen(line) => run(host, &Command::new(["sh", "-c", line])),
        Call::Tell {
            line,
            variable,
            stdin,
        } => {
            let command = shell(line, Nature::Idempotent);
            run(host, &command.env("TOLD", variable).stdin(stdin.as_bytes()))
        }
        Call::Assemble(name) => {
            let secret = ["{{", "secret:", name, "}}"].concat();
            run(
                host,
                &shell("echo \"$TOLD\"", Nature::Idempotent).env("TOLD", secret),
            )
        }
        Call::Get(url) => host
            .send(&Request::get(url))
            .map(|answer| format!("{} {:?} {}", answer.status, answer.headers, answer.text())),
        Call::File(path) => host
            .read_file(path, 1 << 20)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        Call::Report(text) => host.write_report("probe.txt", "text/plain", text.as_bytes()),
        Call::Now => Ok(host.now().to_string()),
        Call::Random => Ok(format!("{:?}", host.random(16))),
        other => misbehave(host, other),
    }
}

fn run(host: &impl Host, command: &Command) -> Result<String, Error> {
    let exit = host.run(command)?;
    Ok(format!(
        "{} {} {}",
        exit.status(),
        exit.stdout_text().trim_end(),
        exit.stderr_text().trim_end()
    ))
}

fn misbehave(host: &impl Host, call: &Call) -> Result<String, Error> {
    match call {
        Call::Complain(text) => {
            host.log(Level::Error, text);
            Ok(String::new())
        }
        Call::Panic(text) => panic!("{text}"),
        Call::Spin => loop {
            std::hint::black_box(0);
        },
        Call::Hoard(megabytes) => {
            let hoard = vec![1_u8; megabytes << 20];
            Ok(std::hint::black_box(hoard).len().to_string())
        }
        Call::Recurse => Ok(deeper(1).to_string()),
        Call::Flood(megabytes) => {
            // One chunk many times over: the guest itself needs little memory for it.
            let line = "x".repeat(megabytes << 20);
            host.log(Level::Info, &line);
            Ok(String::new())
        }
        _ => Ok(String::new()),
    }
}

#[expect(unconditional_recursion, reason = "what it is for")]
fn deeper(depth: u64) -> u64 {
    std::hint::black_box(deeper(std::hint::black_box(depth + 1)) + 1)
}

runner_sdk::export! { gate: Probe, target: Probe }
