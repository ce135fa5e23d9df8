//! The queries of the metrics source, and how they are written.

use runner_sdk::Error;

/// A query, understood; with Sentry's own search in it.
#[derive(Debug, PartialEq)]
pub(crate) enum Expression {
    Errors(String),
    Issues(String),
}

impl Expression {
    /// Reads a query; `release` is the release as Sentry knows it, if there is one.
    pub(crate) fn parse(text: &str, release: Option<&str>) -> Result<Self, Error> {
        let text = text.trim();
        let (word, filters) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let mut filters = filters.trim().to_owned();
        if filters.contains("{{release}}") {
            let release = release.ok_or_else(|| {
                Error::failed(format!(
                    "`{text}` names the release, and there is none in this environment"
                ))
            })?;
            filters = filters.replace("{{release}}", release);
        }
        let says_is = filters.split_whitespace().any(|filter| filter.starts_with("is:"));
        match word {
            "errors" if says_is => Err(Error::InvalidConfig(format!(
                "`{text}` is no query: an error has no state, so `is:` goes with `issues` only"
            ))),
            "errors" => Ok(Self::Errors(filters)),
            "issues" if says_is => Ok(Self::Issues(filters)),
            "issues" => Ok(Self::Issues(
                format!("is:unresolved {filters}").trim_end().to_owned(),
            )),
            _ => Err(Error::InvalidConfig(format!(
                "`{text}` is no query: write `errors [FILTER...]` or `issues [FILTER...]`, e.g. `issues level:fatal`"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_sentrys_own() {
        let errors = |text: &str| Ok(Expression::Errors(text.to_owned()));
        let issues = |text: &str| Ok(Expression::Issues(text.to_owned()));
        for (text, expression) in [
            ("errors", errors("")),
            ("  errors   level:fatal  ", errors("level:fatal")),
            (
                "errors release:{{release}} !handled:yes",
                errors("release:shop@1.2.3 !handled:yes"),
            ),
            ("errors message:\"is: this\"", errors("message:\"is: this\"")),
            ("issues", issues("is:unresolved")),
            ("issues level:fatal", issues("is:unresolved level:fatal")),
            ("issues is:ignored level:error", issues("is:ignored level:error")),
            (
                "issues firstRelease:{{release}}",
                issues("is:unresolved firstRelease:shop@1.2.3"),
            ),
        ] {
            assert_eq!(Expression::parse(text, Some("shop@1.2.3")), expression, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| Expression::parse(text, None).unwrap_err().message().to_owned();
        insta::assert_snapshot!(wrong("crashes level:fatal"), @"`crashes level:fatal` is no query: write `errors [FILTER...]` or `issues [FILTER...]`, e.g. `issues level:fatal`");
        insta::assert_snapshot!(wrong(""), @"`` is no query: write `errors [FILTER...]` or `issues [FILTER...]`, e.g. `issues level:fatal`");
        insta::assert_snapshot!(wrong("errors is:unresolved"), @"`errors is:unresolved` is no query: an error has no state, so `is:` goes with `issues` only");
        insta::assert_snapshot!(wrong("errors release:{{release}}"), @"`errors release:{{release}}` names the release, and there is none in this environment");
    }
}
