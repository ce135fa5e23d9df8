//! The calls of the role `logs`.

use runner_core::logs::{LogLine, LogPage};

use super::{CallContext, Said};
use crate::plugin::{
    bindings::{self, logs},
    call::{CallError, Calls},
    load::Plugin,
};

use logs::exports::runner::plugin::logs as wit;

impl Plugin {
    /// `logs.sources`: what can be read.
    pub fn log_sources(&self, calls: Box<dyn Calls>, context: CallContext) -> Said<Vec<String>> {
        let context = context.into();
        let names = call!(
            self,
            calls,
            logs::LogsRole,
            runner_plugin_logs.call_sources(&context)
        )?;
        Ok(names.map_err(Into::into))
    }

    /// `logs.recent`: the newest lines of these sources.
    pub fn recent_logs(
        &self,
        calls: Box<dyn Calls>,
        context: CallContext,
        sources: &[String],
        since: Option<u64>,
        max: u32,
    ) -> Said<LogPage> {
        let context = context.into();
        let page = call!(
            self,
            calls,
            logs::LogsRole,
            runner_plugin_logs.call_recent(&context, sources, since, max)
        );
        said(page)
    }

    /// `logs.more`: what was written after a page.
    pub fn more_logs(
        &self,
        calls: Box<dyn Calls>,
        context: CallContext,
        sources: &[String],
        cursor: &str,
    ) -> Said<LogPage> {
        let context = context.into();
        let page = call!(
            self,
            calls,
            logs::LogsRole,
            runner_plugin_logs.call_more(&context, sources, cursor)
        );
        said(page)
    }
}

fn said(page: Result<Result<wit::Page, bindings::types::Error>, CallError>) -> Said<LogPage> {
    let line = |line: wit::Line| LogLine {
        at: line.at,
        source: line.source,
        text: line.text,
    };
    Ok(page?
        .map(|page| LogPage {
            lines: page.lines.into_iter().map(line).collect(),
            notes: page.notes,
            cursor: page.cursor,
        })
        .map_err(Into::into))
}
