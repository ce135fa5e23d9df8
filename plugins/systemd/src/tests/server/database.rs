//! The database, and what migrates it.

use super::{Ended, Server, fine, text};

impl Server {
    pub(super) fn query(&self, sql: &str) -> String {
        let database = self.database.borrow();
        let told = |key: &str, none: &str| database.get(key).cloned().unwrap_or_else(|| none.to_owned());
        match sql {
            _ if sql.contains("from pg_roles") => told("role", "0"),
            _ if sql.contains("pg_get_userbyid") => told("owner", ""),
            _ if sql.contains("has_database_privilege") => told("public", "1"),
            _ if sql.contains("from pg_class") => told("tables", "0"),
            other => panic!("{other}"),
        }
    }

    /// The only one who gets in is who has the password that was set last.
    pub(super) fn log_in(&self, variables: &[(String, String)]) -> Ended {
        let given = variables.iter().find(|(name, _)| name == "PGPASSWORD");
        let given = given.map(|(_, value)| value.as_str());
        match self.database.borrow().get("password") {
            Some(set) if Some(set.as_str()) == given => text("1\n"),
            _ => (
                2,
                String::new(),
                "psql: error: FATAL:  password authentication failed".into(),
            ),
        }
    }

    pub(super) fn sql(&self, sql: &str) {
        if let Some((_, rest)) = sql.split_once("login password $runner$") {
            let password = rest.split("$runner$").next().unwrap_or_default().to_owned();
            self.database.borrow_mut().insert("password".into(), password);
        }
        let (key, value) = match sql {
            _ if sql.contains("create role") => ("role", "1"),
            _ if sql.contains("create database") => ("owner", "agentiq_staging"),
            _ if sql.contains("revoke all") => ("public", "0"),
            other => panic!("{other}"),
        };
        self.database.borrow_mut().insert(key.into(), value.into());
    }

    pub(super) fn database_program(&self, argv: &[&str], stdin: &str) -> Option<Ended> {
        Some(match argv {
            ["systemd-run", .., "current"] => text(&self.revision.borrow()),
            ["systemd-run", .., program, "downgrade", "c3:b2", "--sql"] => {
                assert!(
                    program.contains("/releases/0.2.0-"),
                    "{program} does not know the revision"
                );
                text("ALTER TABLE chats DROP COLUMN tags;\n")
            }
            ["systemd-run", .., "upgrade", "head"] if self.collides.take() => (
                1,
                String::new(),
                "Unit agentiq-staging-migration.service was already loaded or has a fragment file.".into(),
            ),
            ["systemd-run", .., "upgrade", "head"] => {
                *self.revision.borrow_mut() = self.heads.to_owned();
                fine()
            }
            ["env", "--chdir", _, _, "heads"] => text(self.heads),
            ["-u", "postgres", "psql", .., "--command", sql] => text(&self.query(sql)),
            ["-u", "postgres", "psql", ..] => {
                self.sql(stdin);
                fine()
            }
            ["pg_isready", ..] => fine(),
            ["-u", "postgres", "pg_dump", ..] => fine(),
            // As one transaction, which ends at the first table that is there already.
            ["-u", "postgres", "pg_restore", ..] => match self.query("select from pg_class").as_str() {
                "0" => {
                    self.database.borrow_mut().insert("tables".into(), "3".into());
                    fine()
                }
                _ => (
                    1,
                    String::new(),
                    "pg_restore: error: could not execute query: ERROR:  relation \"users\" already exists"
                        .into(),
                ),
            },
            _ => return None,
        })
    }
}
