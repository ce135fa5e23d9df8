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

    pub(super) fn sql(&self, sql: &str) {
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
            ["-u", "postgres", "pg_dump", ..] => fine(),
            ["-u", "postgres", "pg_restore", ..] => {
                self.database.borrow_mut().insert("tables".into(), "3".into());
                fine()
            }
            _ => return None,
        })
    }
}
