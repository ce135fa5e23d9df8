//! `{{release}}` and the like in commands and variables. `{{secret:name}}` is the host's and is left as it is.

use runner_sdk::Error;

const NAMES: &str = "`{{release}}`, `{{root}}`, `{{data}}`, `{{version}}`, `{{environment}}`, `{{port}}`";

/// What placeholders stand for.
pub(crate) struct Values<'a> {
    pub(crate) release: &'a str,
    pub(crate) root: &'a str,
    pub(crate) version: &'a str,
    pub(crate) environment: &'a str,
    pub(crate) port: Option<u16>,
}

impl Values<'_> {
    /// Fills them in; `at` names the place in the config for the error.
    pub(crate) fn fill(&self, text: &str, at: &str) -> Result<String, Error> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, inner)) = rest.split_once("{{") {
            filled.push_str(before);
            let Some((name, after)) = inner.split_once("}}") else {
                filled.push_str("{{");
                rest = inner;
                continue;
            };
            filled.push_str(&self.value(name, at)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, name: &str, at: &str) -> Result<String, Error> {
        Ok(match name {
            "release" => self.release.to_owned(),
            "root" => self.root.to_owned(),
            "data" => format!("{}/data", self.root),
            "version" => self.version.to_owned(),
            "environment" => self.environment.to_owned(),
            "port" => match self.port {
                Some(port) => port.to_string(),
                None => {
                    return Err(Error::InvalidConfig(format!(
                        "`{at}` holds `{{{{port}}}}`, and there is no `port`"
                    )));
                }
            },
            secret if secret.starts_with("secret:") => format!("{{{{{secret}}}}}"),
            other => {
                let message =
                    format!("`{at}` holds `{{{{{other}}}}}`, which nothing is known by: there are {NAMES}");
                return Err(Error::InvalidConfig(message));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'_> = Values {
        release: ".",
        root: "../..",
        version: "1.2.3",
        environment: "prod",
        port: Some(8080),
    };

    #[test]
    fn fills_what_it_knows_and_leaves_secrets() {
        for (text, filled) in [
            ("{{release}}/shop", "./shop"),
            ("{{data}}/{{environment}}-{{version}}", "../../data/prod-1.2.3"),
            (":{{port}}", ":8080"),
            ("{{secret:key}}", "{{secret:key}}"),
            ("a }} {{ b", "a }} {{ b"),
            ("", ""),
        ] {
            assert_eq!(VALUES.fill(text, "x").unwrap(), filled);
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        insta::assert_snapshot!(VALUES.fill("{{versoin}}", "services.web.run[1]").unwrap_err().message(), @"`services.web.run[1]` holds `{{versoin}}`, which nothing is known by: there are `{{release}}`, `{{root}}`, `{{data}}`, `{{version}}`, `{{environment}}`, `{{port}}`");
        let without = Values { port: None, ..VALUES };
        insta::assert_snapshot!(without.fill("{{port}}", "services.web.env.PORT").unwrap_err().message(), @"`services.web.env.PORT` holds `{{port}}`, and there is no `port`");
    }
}
