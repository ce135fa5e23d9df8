//! The form of a model's answer: asked for as a JSON Schema, and checked here all the same, since what a model says is not to
//! be trusted.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::checklist::{Checklist, OTHER};
use crate::config::Level;

/// The name of the form; APIs want one.
pub(crate) const NAME: &str = "review";
/// The longest reason that is kept, in characters.
const LONGEST: usize = 2000;
/// How many findings of one answer are kept.
const MOST: usize = 200;

/// A review as a model writes it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) summary: String,
    pub(crate) findings: Vec<Said>,
}

/// A finding as a model writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) file: String,
    pub(crate) line: Option<u32>,
    pub(crate) severity: Level,
    pub(crate) item: String,
    pub(crate) reason: String,
}

/// The form. All that the APIs can do with it: every property required, nothing else allowed, no limits of length.
pub(crate) fn schema(checklist: &Checklist) -> Value {
    let ids: Vec<&str> = checklist.ids().chain([OTHER]).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["summary", "findings"],
        "properties": {
            "summary": { "type": "string" },
            "findings": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["file", "line", "severity", "item", "reason"],
                    "properties": {
                        "file": { "type": "string" },
                        "line": { "type": ["integer", "null"] },
                        "severity": { "type": "string", "enum": ["info", "low", "medium", "high", "critical"] },
                        "item": { "type": "string", "enum": ids },
                        "reason": { "type": "string" },
                    },
                },
            },
        },
    })
}

/// Reads an answer; what is not in the form is an error that says why.
pub(crate) fn read(text: &str, checklist: &Checklist) -> Result<Answer, String> {
    let mut answer: Answer =
        serde_json::from_str(text).map_err(|error| format!("its answer is not in the form: {error}"))?;
    if answer.findings.len() > MOST {
        return Err(format!(
            "it has {} findings, more than the {MOST} that anyone would read",
            answer.findings.len()
        ));
    }
    for said in &mut answer.findings {
        if said.item != OTHER && !checklist.ids().any(|id| id == said.item) {
            return Err(format!(
                "its answer is not in the form: the checklist has no item `{}`",
                said.item
            ));
        }
        if said.reason.trim().is_empty() {
            return Err("its answer is not in the form: a finding has no reason".to_owned());
        }
        said.reason = plain(&said.reason, LONGEST);
        said.file = plain(&said.file, LONGEST);
        // Lines count from 1; models write 0 for none.
        said.line = said.line.filter(|&line| line > 0);
    }
    answer.summary = plain(&answer.summary, LONGEST);
    Ok(answer)
}

/// A text without what terminals and readers would obey: control characters, and marks that turn the direction of writing.
fn plain(text: &str, longest: usize) -> String {
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let kept = text
        .chars()
        .filter(|&c| c == '\n' || !c.is_control() && !turns(c));
    let kept: String = kept.take(longest).collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checklist() -> Checklist {
        serde_json::from_value(json!({ "architecture": { "dry": "Nothing is written twice." } })).unwrap()
    }

    fn finding(change: impl FnOnce(&mut Value)) -> Result<Answer, String> {
        let mut finding =
            json!({"file": "a.py", "line": 3, "severity": "high", "item": "dry", "reason": "Twice."});
        change(&mut finding);
        read(
            &json!({"summary": "s", "findings": [finding]}).to_string(),
            &checklist(),
        )
    }

    #[test]
    fn an_answer_in_the_form_is_read() {
        let answer = finding(|_| {}).unwrap();
        assert_eq!(answer.findings[0].severity, Level::High);
        assert_eq!(
            finding(|f| f["line"] = Value::Null).unwrap().findings[0].line,
            None
        );
        assert_eq!(finding(|f| f["line"] = json!(0)).unwrap().findings[0].line, None);
        let odd = finding(|f| f["reason"] = json!("\u{1b}[31mred\u{202e}\nnext\u{0}")).unwrap();
        assert_eq!(odd.findings[0].reason, "[31mred\nnext");
    }

    #[test]
    fn what_is_not_in_the_form_is_refused() {
        let wrong = [
            finding(|f| f["severity"] = json!("awful")),
            finding(|f| f["item"] = json!("no-such")),
            finding(|f| f["line"] = json!(-1)),
            finding(|f| f["run"] = json!("rm -rf /")),
            finding(|f| f["reason"] = json!(" ")),
            read("{\"summary\": \"s\"}", &checklist()),
            read("Looks good to me!", &checklist()),
            read("{\"summary\": \"s\", \"findings\": [{\"file\": \"a", &checklist()),
        ];
        let said: Vec<String> = wrong.into_iter().map(Result::unwrap_err).collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        its answer is not in the form: unknown variant `awful`, expected one of `info`, `low`, `medium`, `high`, `critical` at line 1 column 86
        its answer is not in the form: the checklist has no item `no-such`
        its answer is not in the form: invalid value: integer `-1`, expected u32 at line 1 column 50
        its answer is not in the form: unknown field `run`, expected one of `file`, `line`, `severity`, `item`, `reason` at line 1 column 73
        its answer is not in the form: a finding has no reason
        its answer is not in the form: missing field `findings` at line 1 column 16
        its answer is not in the form: expected value at line 1 column 1
        its answer is not in the form: EOF while parsing a string at line 1 column 41
        ");
    }

    #[test]
    fn the_form_is_as_strict_as_the_apis_want_it() {
        fn strict(schema: &Value) {
            if schema["type"] == "object" {
                assert_eq!(schema["additionalProperties"], false);
                let properties = schema["properties"].as_object().unwrap();
                assert_eq!(schema["required"].as_array().unwrap().len(), properties.len());
                properties.values().for_each(strict);
            }
            if schema["type"] == "array" {
                strict(&schema["items"]);
            }
        }
        let schema = schema(&checklist());
        strict(&schema);
        let ids = schema["properties"]["findings"]["items"]["properties"]["item"]["enum"].as_array();
        assert_eq!(ids.unwrap(), &[json!("dry"), json!("other")]);
    }
}
