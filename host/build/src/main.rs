//! The `runner-build` command: components for `make plugins`, and a look at the toolchain.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use runner_build::cargo::{self, Built, Request, Selection};
use runner_build::toolchain;

/// Builds plugin crates as components.
#[derive(Parser)]
#[command(name = "runner-build", version)]
struct Arguments {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Build plugins, as `<out>/<package>.wasm`
    Plugins {
        /// The workspace that has the plugins
        #[arg(long, value_name = "DIR", default_value = ".")]
        workspace: PathBuf,
        /// Where the components go
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// A package to build; repeatable. Without it, all members below `plugins/`
        #[arg(short, long = "package", value_name = "NAME")]
        packages: Vec<String>,
    },
    /// Say which toolchain is used for plugins
    Doctor {
        /// The workspace that has the plugins
        #[arg(long, value_name = "DIR", default_value = ".")]
        workspace: PathBuf,
        /// Install and build what is missing
        #[arg(long)]
        fix: bool,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Action::Plugins {
            workspace,
            out,
            packages,
        } => plugins(workspace, out, packages),
        Action::Doctor { workspace, fix } => doctor(&workspace, fix),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("error: {}", chain(error.as_ref())));
            ExitCode::FAILURE
        }
    }
}

fn plugins(workspace: PathBuf, out: PathBuf, packages: Vec<String>) -> Result<(), Box<dyn Error>> {
    let toolchain = toolchain::make(&workspace, &mut note)?;
    let selection = if packages.is_empty() {
        Selection::Below("plugins".into())
    } else {
        Selection::Packages(packages)
    };
    let request = Request {
        dir: workspace,
        selection,
        profile: None,
        target_dir: None,
        out_dir: out,
    };
    let built = cargo::build(&request, &toolchain)?;
    print(&built.iter().map(row).collect::<String>())?;
    Ok(())
}

/// `name`, size, first digits of the digest, and whether it is another file than before.
fn row(built: &Built) -> String {
    let Built {
        name,
        size,
        sha256,
        changed,
        ..
    } = built;
    let state = if *changed { "new" } else { "unchanged" };
    format!(
        "{name:<24} {:>6.1} kB  {}  {state}\n",
        *size as f64 / 1000.0,
        &sha256[..12]
    )
}

fn doctor(workspace: &std::path::Path, fix: bool) -> Result<(), Box<dyn Error>> {
    let found = if fix {
        toolchain::make(workspace, &mut note)?
    } else {
        toolchain::ready(workspace)?
    };
    print(&format!("{}: {}\n", toolchain::TARGET, found.description))?;
    Ok(())
}

/// The error and its causes on one line; a cause that its parent has quoted already is not repeated.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

fn print(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

/// Says something to people. That stderr is closed is no reason to stop.
fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
