//! The settings of the process: PORT, APP_VERSION, APP_ENV and DATA_DIR.

use std::path::PathBuf;

/// What the environment says about this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The version that was released, for example `0.2.0`.
    pub version: String,
    /// The environment that it runs in, for example `prod`.
    pub environment: String,
    /// The folder in which orders are kept.
    pub data_dir: PathBuf,
}

impl Settings {
    /// Reads the settings through `variable`, which answers what an environment variable holds.
    ///
    /// Fails, with a message for a person, if PORT is not a port.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let or = |name, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
        let port = or("PORT", "8080");
        Ok(Self {
            port: port
                .parse()
                .map_err(|_| format!("PORT is `{port}`, which is not a port"))?,
            version: or("APP_VERSION", "dev"),
            environment: or("APP_ENV", "dev"),
            data_dir: or("DATA_DIR", "data").into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        let settings = Settings::read(|_| None).unwrap();
        assert_eq!((settings.port, settings.version.as_str()), (8080, "dev"));
        assert_eq!(settings.data_dir, PathBuf::from("data"));
    }

    #[test]
    fn the_environment_wins() {
        let settings = Settings::read(|name| match name {
            "PORT" => Some("0".into()),
            "APP_VERSION" => Some("1.2.3".into()),
            "APP_ENV" => Some("prod".into()),
            _ => None,
        })
        .unwrap();
        assert_eq!(
            (
                settings.port,
                settings.version.as_str(),
                settings.environment.as_str()
            ),
            (0, "1.2.3", "prod")
        );
    }

    #[test]
    fn a_port_that_is_none_is_refused() {
        let error = Settings::read(|name| (name == "PORT").then(|| "70000".into())).unwrap_err();
        assert_eq!(error, "PORT is `70000`, which is not a port");
    }
}
