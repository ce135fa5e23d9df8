//! A run of the program: the command line's global options, the screen, and one command.

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use crate::args::{Arguments, Command, Global, Output};
use crate::command;
use crate::error::Done;
use crate::screen::Screen;

/// What every command works with.
pub(crate) struct App {
    pub(crate) global: Global,
    pub(crate) screen: Screen,
}

impl App {
    /// From the command line.
    pub(crate) fn of(arguments: &Arguments) -> Self {
        let global = arguments.global.clone();
        let screen = Screen::new(global.color, global.quiet);
        listen(global.verbose);
        Self { global, screen }
    }

    /// Runs the command; the only place that prints an error.
    pub(crate) fn run(self, command: Command) -> ExitCode {
        if let Command::Supervise { folder } = &command {
            return runner_engine::supervise::main(folder);
        }
        let exit = command::run(&self, command).unwrap_or_else(|error| error.show(&self.screen));
        exit.into()
    }

    /// Whether programs read what is printed.
    pub(crate) fn json(&self) -> bool {
        self.global.output == Output::Json
    }

    /// Prints a document: JSON where that is wanted, else what `human` makes.
    pub(crate) fn print(&self, json: &serde_json::Value, human: impl FnOnce() -> String) -> Done<()> {
        match self.json() {
            true => self.screen.data(&json.to_string()),
            false => self.screen.data(&human()),
        }
    }
}

/// Shows what the program itself does, for debugging: `-v`, `-vv`, or RUNNER_LOG.
fn listen(verbose: u8) {
    let level = match verbose {
        0 => "error",
        1 => "runner_engine=info,runner_build=info,warn",
        _ => "runner_engine=debug,runner_build=debug,info",
    };
    let filter = EnvFilter::try_from_env("RUNNER_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .init();
}
