//! Standard output and standard error: data goes to the one, everything for people to the other. Colour carries no
//! meaning alone.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use indicatif::MultiProgress;

use crate::error::Done;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR or CLICOLOR=0 is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a word is set off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tint {
    /// It went well.
    Good,
    /// It did not.
    Bad,
    /// Somebody should look.
    Warn,
    /// Beside the point.
    Dim,
    /// What to do.
    Note,
    /// A heading.
    Strong,
    /// The n-th of many that are told apart; they begin again after some.
    Many(usize),
}

/// Colours of what is told apart: readable on black and on white.
const MANY: [&str; 6] = ["36", "33", "35", "32", "34", "31"];

/// Where output goes.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    /// Of what people are told.
    color: bool,
    /// Of data.
    data_color: bool,
    live: bool,
    quiet: bool,
    bars: MultiProgress,
}

impl Screen {
    /// As asked for, and as the terminal and the environment allow.
    pub(crate) fn new(color: Color, quiet: bool) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let dumb = variable("TERM").is_some_and(|term| term == "dumb");
        let live = io::stderr().is_terminal() && !dumb && variable("CI").is_none();
        let wanted = match (
            variable("NO_COLOR"),
            variable("CLICOLOR_FORCE"),
            variable("CLICOLOR"),
        ) {
            (Some(_), _, _) => Some(false),
            (None, Some(force), _) if force != "0" => Some(true),
            (None, _, Some(off)) if off == "0" => Some(false),
            _ => None,
        };
        let colored = |is_terminal: bool| match color {
            Color::Auto => wanted.unwrap_or(is_terminal && !dumb),
            Color::Always => true,
            Color::Never => false,
        };
        Self {
            color: colored(io::stderr().is_terminal()),
            data_color: colored(io::stdout().is_terminal()),
            live,
            quiet,
            bars: MultiProgress::new(),
        }
    }

    /// Neither colour nor a terminal.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self {
            color: false,
            data_color: false,
            live: false,
            quiet: false,
            bars: MultiProgress::new(),
        }
    }

    /// Whether a person looks on, so that what is shown may move.
    pub(crate) fn live(&self) -> bool {
        self.live
    }

    /// What moves, below the lines.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Whether only errors and data are wanted.
    pub(crate) fn quiet(&self) -> bool {
        self.quiet
    }

    /// Writes data, whole lines, to standard output.
    pub(crate) fn data(&self, text: &str) -> Done<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        if !text.is_empty() && !text.ends_with('\n') {
            stdout.write_all(b"\n")?;
        }
        Ok(stdout.flush()?)
    }

    /// Says a line to people. That nobody listens is no reason to stop.
    pub(crate) fn say(&self, text: &str) {
        let write = || writeln!(io::stderr().lock(), "{text}");
        // Lines stand above what moves.
        let _ = if self.live {
            self.bars.suspend(write)
        } else {
            write()
        };
    }

    /// Says a line that may be left out.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Sets text off, where colour is wanted.
    pub(crate) fn paint(&self, tint: Tint, text: &str) -> String {
        painted(self.color, tint, text)
    }

    /// The same in data, where standard output is to have colour.
    pub(crate) fn paint_data(&self, tint: Tint, text: &str) -> String {
        painted(self.data_color, tint, text)
    }
}

fn painted(color: bool, tint: Tint, text: &str) -> String {
    if !color || text.is_empty() {
        return text.to_owned();
    }
    let code = match tint {
        Tint::Good => "32",
        Tint::Bad => "1;31",
        Tint::Warn => "33",
        Tint::Dim => "2",
        Tint::Note => "36",
        Tint::Strong => "1",
        Tint::Many(n) => MANY[n % MANY.len()],
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
