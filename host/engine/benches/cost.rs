//! What `runner` costs, each figure beside the floor that the same machine sets in the same minute: ratios hold elsewhere,
//! milliseconds do not. `make bench` runs it; the table names the command or the call behind each figure.

#![expect(clippy::print_stdout, reason = "a table for people")]

// The modules of this one file lie in the folder of its name.
#[path = "cost/commands.rs"]
mod commands;
#[path = "cost/journal.rs"]
mod journal;
#[path = "cost/measure.rs"]
mod measure;
#[path = "cost/plugin.rs"]
mod plugin;

use measure::Table;

fn main() {
    let mut table = Table::default();
    journal::measure(&mut table);
    plugin::measure(&mut table);
    commands::measure(&mut table);
    print!("{table}");
}
