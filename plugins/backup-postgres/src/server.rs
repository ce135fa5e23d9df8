//! How the database is reached: programs with their arguments and environment, and the folder on its machine.

use runner_sdk::{Command, Context, Error, Exit, Host, Level, WithContext};

use crate::Config;
use crate::trouble::explain;

/// The config, known to make sense.
pub(crate) struct Server<'a> {
    pub(crate) config: &'a Config,
    /// Whether nothing is written, so that there is nothing to read back.
    pub(crate) plan: bool,
}

impl<'a> Server<'a> {
    pub(crate) fn of(context: &'a Context<Config>) -> Result<Self, Error> {
        let config = &context.config;
        let name = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        let wrong = |what: String| Err(Error::InvalidConfig(what));
        // `pg_dump -d` would read `a=b` and `x://` as whole connections.
        if config.database.is_empty() || config.database.starts_with('-') || !name(&config.database) {
            return wrong(format!(
                "`{}` in `database` is no name of letters, digits, `_` and `-`",
                config.database
            ));
        }
        if config.sudo_user.is_some() && (config.user.is_some() || config.password.is_some()) {
            return wrong(
                "`sudo-user` is known to the server without `user` and `password`: leave them out".to_owned(),
            );
        }
        if config
            .password
            .as_ref()
            .is_some_and(|text| !text.contains("{{secret:"))
        {
            return wrong("`password` is written out: name a secret, as in `{{secret:database}}`".to_owned());
        }
        for (key, folder) in [
            ("folder", Some(&config.folder)),
            ("programs", config.programs.as_ref()),
        ] {
            if let Some(folder) = folder.filter(|folder| !folder.starts_with('/') || folder.contains('\\')) {
                return wrong(format!("`{folder}` in `{key}` is no absolute folder"));
            }
        }
        Ok(Self {
            config,
            plan: context.is_plan(),
        })
    }

    pub(crate) fn machine(&self) -> Option<&'a str> {
        self.config.machine.as_deref()
    }

    /// For messages.
    pub(crate) fn place(&self) -> String {
        match self.machine() {
            Some(machine) => format!("machine `{machine}`"),
            None => "this machine".to_owned(),
        }
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.config.folder.trim_end_matches('/'))
    }

    /// A program as the machine's own user.
    pub(crate) fn plain<S: Into<String>>(&self, argv: impl IntoIterator<Item = S>) -> Command {
        // The messages are looked into.
        Command::new(argv)
            .on(self.machine())
            .env("LC_ALL", "C")
            .timeout(self.config.timeout)
    }

    /// A program as the account that the server knows.
    pub(crate) fn command<S: Into<String>>(&self, argv: impl IntoIterator<Item = S>) -> Command {
        let argv = argv.into_iter().map(Into::into);
        match &self.config.sudo_user {
            Some(user) => {
                let sudo = ["sudo", "-n", "-u", user].map(str::to_owned);
                self.plain(sudo.into_iter().chain(argv))
            }
            None => self.plain(argv),
        }
    }

    /// One of PostgreSQL's programs.
    pub(crate) fn tool(&self, program: &str) -> String {
        match &self.config.programs {
            Some(folder) => format!("{}/{program}", folder.trim_end_matches('/')),
            None => program.to_owned(),
        }
    }

    /// One of PostgreSQL's programs, connected to the database. It never asks for a password.
    pub(crate) fn client(&self, program: &str) -> Command {
        let config = self.config;
        let mut command = self
            .command([self.tool(program), "--no-password".to_owned()])
            .env("PGCONNECT_TIMEOUT", "10");
        let port = config.port.map(|port| port.to_string());
        for (flag, value) in [("-h", &config.host), ("-p", &port), ("-U", &config.user)] {
            if let Some(value) = value {
                command = command.args([flag, value]);
            }
        }
        if let Some(password) = &config.password {
            command = command.env("PGPASSWORD", password);
        }
        command.args(["-d", &config.database])
    }

    /// `psql`, which does as it is told and stops at the first error.
    pub(crate) fn psql(&self) -> Command {
        self.client("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
    }

    /// Runs a program that must end with 0.
    pub(crate) fn run(&self, host: &impl Host, command: &Command, doing: &str) -> Result<Exit, Error> {
        let exit = host.run(command).context(doing)?;
        match exit.success() {
            true => Ok(exit),
            false => Err(explain(self, doing, &exit)),
        }
    }

    /// Makes the folder where only one account writes to it; a shared one is made by whoever may give it to a group.
    pub(crate) fn make_folder(&self, host: &impl Host) -> Result<(), Error> {
        if self.config.sudo_user.is_some() {
            return Ok(());
        }
        let folder = &self.config.folder;
        let command = self
            .plain(["mkdir", "-p", "-m", "700", "--", folder])
            .idempotent()
            .foresee_success();
        self.run(host, &command, &format!("making the folder `{folder}`"))?;
        Ok(())
    }

    /// Clears a file of the folder away. That it stays there is told, and no reason to fail.
    pub(crate) fn remove(&self, host: &impl Host, path: &str) {
        if let Err(error) = host.machine_remove(self.machine(), path)
            && !error.is_planned()
        {
            host.log(
                Level::Warn,
                &format!("cannot remove `{path}`: {}", error.message()),
            );
        }
    }
}
