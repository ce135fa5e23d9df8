//! Arguments of the commands that are about a run. A run is named by its id, or by the end or beginning of it.

use std::path::PathBuf;

use clap::Args;

/// `runner approve`, `runner reject`.
#[derive(Debug, Args)]
pub(crate) struct AnswerArgs {
    /// The run; without it, the only one with an open question
    pub(crate) run: Option<String>,
    /// The question, where the run has several
    #[arg(long, value_name = "ID")]
    pub(crate) question: Option<String>,
    /// The answer, where it is not a plain yes or no
    #[arg(long, value_name = "X")]
    pub(crate) choice: Option<String>,
    /// Anything to add; kept with the answer
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) note: String,
    /// SSH key to sign the answer with
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

/// `runner resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The run; without it, the newest that has not ended
    pub(crate) run: Option<String>,
}

/// `runner cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// The run; without it, the newest that has not ended
    pub(crate) run: Option<String>,
}

/// `runner history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// At most so many, the newest
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// `runner show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The run; without it, the newest
    pub(crate) run: Option<String>,
    /// Every effect of every step, reads too
    #[arg(long)]
    pub(crate) effects: bool,
    /// The journal itself, a line of JSON for each event
    #[arg(long, conflicts_with_all = ["effects", "log"])]
    pub(crate) events: bool,
    /// All that the programs of a step printed
    #[arg(long, value_name = "STEP", conflicts_with = "effects")]
    pub(crate) log: Option<String>,
}
