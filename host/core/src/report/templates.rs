//! The templates, and how they write what the facts hold. What stands in a `.html` is escaped by itself; in a `.md` the
//! filter `cell` does it.

use minijinja::{Environment, HtmlEscape, UndefinedBehavior, Value, syntax::SyntaxConfig};

use super::{number, time};

const TEMPLATES: [(&str, &str); 10] = [
    ("deploy-log.md", include_str!("templates/deploy-log.md")),
    ("report.html", include_str!("templates/report.html")),
    ("style.css.html", include_str!("templates/style.css")),
    ("icons.html", include_str!("templates/icons.html")),
    ("macros.html", include_str!("templates/macros.html")),
    ("timeline.html", include_str!("templates/timeline.html")),
    ("gate.html", include_str!("templates/gate.html")),
    ("environment.html", include_str!("templates/environment.html")),
    ("plot.html", include_str!("templates/plot.html")),
    ("rollback.html", include_str!("templates/rollback.html")),
];

/// Writes a template.
pub(super) fn render(name: &str, context: Value) -> String {
    let mut templates = Environment::new();
    templates.set_syntax(lines());
    if cfg!(test) {
        // A name that the facts do not have is a mistake here; in a release it must not cost the reports.
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
    }
    filters(&mut templates);
    for (name, source) in TEMPLATES {
        templates
            .add_template(name, source)
            .expect("the template has the right syntax");
    }
    let template = templates.get_template(name).expect("the template is in the list");
    template.render(context).expect("the template fits the facts")
}

/// A tag on a line of its own leaves no line behind.
fn lines() -> SyntaxConfig {
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    syntax
        .build()
        .expect("the usual delimiters differ from each other")
}

fn filters(templates: &mut Environment<'_>) {
    templates.add_filter("span", time::span);
    templates.add_filter("clock", time::clock);
    templates.add_filter("people", time::people);
    templates.add_filter("milli", time::milli);
    templates.add_filter("number", number::number);
    templates.add_filter("bytes", number::bytes);
    templates.add_filter("prose", |text: String| Value::from_safe_string(prose(&text)));
    templates.add_filter("cell", |text: String| cell(&text));
    templates.add_filter("px", |at: f64| Value::from((at * 10.0).round() / 10.0));
    templates.add_filter("short", |text: String| {
        text.get(..12).map_or(text.clone(), str::to_owned)
    });
}

/// One line of Markdown that shows the text as it is, in a table too.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut safe = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '|' | '\\' | '*' | '[' => safe.extend(['\\', c]),
            c => safe.push(c),
        }
    }
    safe
}

/// HTML of a sentence: what stands in backticks is code.
fn prose(text: &str) -> String {
    let escaped = |text: &str| HtmlEscape(text).to_string();
    let parts: Vec<&str> = text.split('`').collect();
    let mut html = String::new();
    for (n, part) in parts.iter().enumerate() {
        match n % 2 {
            1 if n + 1 < parts.len() => html.push_str(&format!("<code>{}</code>", escaped(part))),
            1 => html.push_str(&format!("`{}", escaped(part))),
            _ => html.push_str(&escaped(part)),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_are_code_and_nothing_else_is_markup() {
        assert_eq!(prose("no `a<b>` & `c"), "no <code>a&lt;b&gt;</code> &amp; `c");
        assert_eq!(prose("``"), "<code></code>");
    }

    #[test]
    fn a_cell_stays_a_cell() {
        assert_eq!(
            cell("a | b\n<c> *d* [e](f) \\"),
            r"a \| b &lt;c> \*d\* \[e](f) \\"
        );
    }
}
