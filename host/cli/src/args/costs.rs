//! Arguments of `runner costs`.

use clap::Args;

/// `runner costs`.
#[derive(Debug, Args)]
pub(crate) struct CostsArgs {
    /// One month only, e.g. 2026-11 (UTC)
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    pub(crate) month: Option<String>,
}

fn month(text: &str) -> Result<String, String> {
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        Some((year, month)) if digits(year, 4) && digits(month, 2) => Ok(text.to_owned()),
        _ => Err("a month is written like 2026-11".to_owned()),
    }
}
