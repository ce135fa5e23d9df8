//! The `runner` command: arguments, then settings, then one command. What is shown is the reporters' business, exit codes
//! are [`error`]'s.

mod app;
mod approval;
mod args;
mod builtin;
mod check;
mod command;
mod drive;
mod error;
mod format;
mod official;
mod reporter;
mod runs;
mod screen;
mod settings;
mod signals;
mod trust;

fn main() -> std::process::ExitCode {
    let arguments = <args::Arguments as clap::Parser>::parse();
    app::App::of(&arguments).run(arguments.command)
}
