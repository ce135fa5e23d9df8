//! The profile `agentiq` on a real server: set up from nothing, released, broken in every way that its users would meet. As
//! root, since the server is a container of systemd. `cargo test`'s options: a filter, `--list`, `--exact`.

mod authority;
mod clocks;
mod elsewhere;
mod from_nothing;
mod kept;
mod operations;
mod requests;
mod trouble;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They share a server.
    arguments.test_threads = Some(1);
    let trials = [
        from_nothing::trials(),
        requests::trials(),
        elsewhere::trials(),
        operations::trials(),
        authority::trials(),
        trouble::trials(),
        clocks::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}

/// A trial that fails with an error.
fn trial(name: &str, run: fn() -> anyhow::Result<()>) -> Trial {
    let told = move || {
        // At once: the other trials take minutes.
        run().inspect_err(|error| drop(writeln!(io::stdout(), "{error:#}")))
    };
    Trial::test(name, move || {
        // As the tests that start real processes: a busy machine gets a second try, and it is told.
        let done = told().or_else(|_| {
            let _ = writeln!(io::stdout(), "FLAKY, or wrong: tried again");
            told()
        });
        done.map_err(|error| format!("{error:#}").into())
    })
}
