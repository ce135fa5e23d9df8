//! `runner plugin inspect`: who a plugin is and what it asks for, without running it.

use std::fmt::Write as _;

use runner_core::manifest::Want;
use runner_engine::plugin::Inspection;
use serde_json::{Value, json};

use super::{source, unusable};
use crate::app::App;
use crate::error::{Done, Exit};
use crate::format::size;

pub(super) fn run(app: &App, reference: &str) -> Done {
    let source = source(app)?;
    let (inspection, _) = source.inspect(reference).map_err(|error| unusable(&error))?;
    let official = (source.official)(reference).is_some();
    let Inspection {
        manifest,
        digest,
        size,
        imports,
        exports,
    } = &inspection;
    let document = json!({
        "plugin": reference, "official": official, "manifest": manifest, "digest": digest, "size": size,
        "imports": imports, "exports": exports,
    });
    app.print(&document, || {
        text(&inspection, if official { "official" } else { reference })
    })?;
    Ok(Exit::Done)
}

/// A plugin in words.
pub(super) fn text(inspection: &Inspection, place: &str) -> String {
    let Inspection {
        manifest,
        digest,
        size: bytes,
        imports,
        exports,
    } = inspection;
    let roles: Vec<_> = manifest.roles.iter().map(|role| role.name()).collect();
    let mut text = format!(
        "{} {}: {}\n",
        manifest.name, manifest.version, manifest.description
    );
    let _ = writeln!(text, "  from       {place}, {}", size(*bytes));
    let _ = writeln!(text, "  digest     {digest}");
    let _ = writeln!(text, "  serves as  {}", roles.join(", "));
    let _ = writeln!(text, "  imports    {}", listed(imports));
    let _ = writeln!(text, "  exports    {}", listed(exports));
    text.push_str(&wants(&manifest.wants));
    text
}

fn listed(names: &[String]) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    match names.is_empty() {
        true => "nothing".to_owned(),
        false => names.join("\n             "),
    }
}

/// What it asks for, with its reasons.
pub(super) fn wants(wants: &[Want]) -> String {
    if wants.is_empty() {
        return "  asks for   nothing\n".to_owned();
    }
    let mut text = "  asks for\n".to_owned();
    for want in wants {
        let _ = writeln!(text, "    {}:", want.reason);
        let permissions = serde_json::to_value(&want.permissions).expect("permissions serialise to JSON");
        for (kind, entries) in permissions.as_object().into_iter().flatten() {
            for entry in entries
                .as_array()
                .cloned()
                .unwrap_or_else(|| vec![entries.clone()])
            {
                let _ = writeln!(text, "      {kind} {}", words(&entry));
            }
        }
    }
    text
}

/// An entry as it is written in a profile, without the quotes.
fn words(entry: &Value) -> String {
    match entry {
        Value::String(text) => text.clone(),
        Value::Array(words) => words.iter().map(self::words).collect::<Vec<_>>().join(" "),
        Value::Bool(true) => String::new(),
        other => other.to_string(),
    }
}
