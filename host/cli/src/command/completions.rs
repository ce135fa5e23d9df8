//! `runner completions`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::app::App;
use crate::args::Arguments;
use crate::error::{Done, Exit};

pub(super) fn run(app: &App, shell: Shell) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "runner", &mut script);
    app.screen.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
