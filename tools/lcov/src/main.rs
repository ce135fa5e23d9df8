//! `profraw-lcov`: reads the `.profraw` files of an instrumented run and the programs that wrote them, and
//! writes an LCOV file of the lines that were run.
//!
//! It stands in for `llvm-profdata` and `llvm-cov`, which must be of rustc's own LLVM version and which few
//! machines have. Files outside of the project and the tests themselves are left out.

mod lines;
mod report;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::{CoverageError, Report};

/// Turns the coverage data of an instrumented test run into an LCOV file
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A file that the run wrote (LLVM_PROFILE_FILE); may be given several times
    #[arg(long, required = true, num_args = 1..)]
    profile: Vec<PathBuf>,
    /// A program that was run; may be given several times
    #[arg(long, required = true, num_args = 1..)]
    object: Vec<PathBuf>,
    /// The folder whose sources count; paths in the output are relative to it
    #[arg(long)]
    root: PathBuf,
    /// The LCOV file to write
    #[arg(long)]
    output: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        // The file is what counts: a reader that has closed the pipe is no failure.
        Ok(summary) => {
            let _ = writeln!(std::io::stdout(), "{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the LCOV file; returns the line to print.
fn run(arguments: &Arguments) -> Result<String, CoverageError> {
    let report = Report::read(&arguments.profile, &arguments.object, &arguments.root)?;
    std::fs::write(&arguments.output, report.lcov()).map_err(|source| CoverageError::Write {
        path: arguments.output.clone(),
        source,
    })?;
    Ok(report.summary())
}
