//! Rendering a release's section with a minijinja template.

use jiff::civil::Date;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, context};
use semver::Version;

use super::file::heading_of;
use super::sections::{other_entries, sections};
use crate::commits::Commit;

/// The template that is used where the profile names none.
pub const DEFAULT_TEMPLATE: &str = include_str!("default.md.j2");

/// Instructions that a template may take: a hundred thousand commits fit, an endless loop does not.
const FUEL: u64 = 5_000_000;

/// Is what a section is rendered from. Templates see `version`, `tag`, `previous`, `date` (as 2026-03-15), `sections`
/// (`title`, `entries`) and `others`, the entries without a section.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    /// The version.
    pub version: &'a Version,
    /// Its tag.
    pub tag: &'a str,
    /// The tag of the release before it.
    pub previous: Option<&'a str>,
    /// The day of the release.
    pub date: Date,
    /// Its commits, settled, newest first.
    pub commits: &'a [Commit],
}

/// Says what is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It cannot be read or rendered.
    #[error("template `{template}`, line {line}: {message}: `{source_line}`")]
    Line {
        template: String,
        line: usize,
        message: String,
        source_line: String,
    },
    /// It cannot be rendered, at no line in particular.
    #[error("template `{template}`: {message}")]
    Whole { template: String, message: String },
    /// Its output cannot be found again in a changelog.
    #[error(
        "template `{template}`: the first line is `{first}`, it must be a heading with the version, e.g. `## {{{{ tag }}}}`"
    )]
    NoHeading { template: String, first: String },
}

/// Renders the section of a release, heading included; it ends with one line end.
///
/// `template` is a name for messages and the source; none is [`DEFAULT_TEMPLATE`].
///
/// # Errors
/// [`TemplateError`] with the place in the template.
pub fn render(release: &Release<'_>, template: Option<(&str, &str)>) -> Result<String, TemplateError> {
    let (name, source) = template.unwrap_or(("default", DEFAULT_TEMPLATE));
    let environment = environment();
    let values = context! {
        version => release.version.to_string(),
        tag => release.tag,
        previous => release.previous,
        date => release.date.to_string(),
        sections => Serde(sections(release.commits)),
        others => Serde(other_entries(release.commits)),
    };
    let rendered = environment
        .template_from_named_str(name, source)
        .and_then(|template| template.render(values))
        .map_err(|error| located(name, source, &error))?;
    let text = format!(
        "{}\n",
        rendered.replace("\r\n", "\n").trim_matches('\n').trim_end()
    );
    let first = text.lines().next().unwrap_or_default();
    if heading_of(first, release.version, release.tag) {
        return Ok(text);
    }
    Err(TemplateError::NoHeading {
        template: name.into(),
        first: first.into(),
    })
}

/// Makes the environment: block tags on a line of their own leave no line behind, an unknown name is an error.
fn environment<'a>() -> Environment<'a> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    environment.set_syntax(syntax.expect("the default delimiters are valid"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // Markdown needs no escaping whatever the file is called.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment
}

fn located(name: &str, source: &str, error: &minijinja::Error) -> TemplateError {
    let kind = match error.kind() {
        ErrorKind::OutOfFuel => "it renders far too much, or without end".to_string(),
        kind => kind.to_string(),
    };
    let message = error
        .detail()
        .map_or_else(|| kind.clone(), |detail| format!("{kind}: {detail}"));
    let template = name.to_string();
    match error
        .line()
        .and_then(|line| Some((line, source.lines().nth(line.checked_sub(1)?)?)))
    {
        Some((line, text)) => TemplateError::Line {
            template,
            line,
            message,
            source_line: text.trim().to_string(),
        },
        None => TemplateError::Whole { template, message },
    }
}
