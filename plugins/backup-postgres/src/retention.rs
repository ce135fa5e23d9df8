//! Which dumps stay in the folder. Those in the store are the store's business.

use runner_sdk::machine_files::Kind;
use runner_sdk::{Error, Host, Instant, Level};

use crate::name::{self, Label};
use crate::server::Server;

/// What was begun so long ago is not being made any more, in milliseconds.
const STALE: u64 = 24 * 3_600_000;

/// Clears away all but the last `keep` dumps of this database, all but the last dumps before a restore (at least one), and
/// what stopped runs left. A folder that cannot be listed is told, and no reason to fail.
pub(crate) fn sweep(host: &impl Host, server: &Server<'_>, now: Instant, keep: usize) {
    let entries = match host.machine_list(server.machine(), server.config.folder.trim_end_matches('/')) {
        Ok(entries) => entries.unwrap_or_default(),
        Err(Error::Planned(_)) => return,
        Err(error) => {
            let message = format!("cannot list `{}`: {}", server.config.folder, error.message());
            return host.log(Level::Warn, &message);
        }
    };
    let files = entries.iter().filter(|entry| entry.kind == Kind::File);
    let names: Vec<&str> = files.map(|entry| entry.name.as_str()).collect();
    for name in superfluous(&server.config.database, &names, now, keep) {
        server.remove(host, &server.path(name));
    }
}

fn superfluous<'n>(database: &str, names: &[&'n str], now: Instant, keep: usize) -> Vec<&'n str> {
    let (mut safety, mut usual) = (Vec::new(), Vec::new());
    let stale = name::stamp(now.saturating_sub(STALE));
    let mut gone = Vec::new();
    for name in names {
        match name::parse(database, name) {
            Some((Label::Safety, at)) => safety.push((at, *name)),
            Some((_, at)) => usual.push((at, *name)),
            None if name::parse_partial(database, name).is_some_and(|at| at < stale.as_str()) => {
                gone.push(*name)
            }
            None => {}
        }
    }
    for (mut dumps, keep) in [(safety, keep.max(1)), (usual, keep)] {
        dumps.sort_unstable();
        let old = dumps.len().saturating_sub(keep);
        gone.extend(dumps[..old].iter().map(|(_, name)| name));
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_what_is_not_ours() {
        let names = [
            ".db-before-1.0.0-20260101T000000Z.1.partial",
            ".db-before-1.3.0-20260315T090000Z.1.partial",
            "db-at-1.1.0-20260301T000000Z.dump",
            "db-before-1.2.0-20260310T000000Z.dump",
            "db-before-0.9.0-20260312T000000Z.dump",
            "db-safety-20260101T000000Z.dump",
            "db-safety-20260201T000000Z.dump",
            "db-by-hand.dump",
            "other-before-0.9.0-20200312T000000Z.dump",
        ];
        let now = 1_773_568_800_000; // 2026-03-15T10:00:00Z
        assert_eq!(
            superfluous("db", &names, now, 2),
            [
                ".db-before-1.0.0-20260101T000000Z.1.partial",
                "db-at-1.1.0-20260301T000000Z.dump"
            ]
        );
        insta::assert_debug_snapshot!(superfluous("db", &names, now, 0), @r#"
        [
            ".db-before-1.0.0-20260101T000000Z.1.partial",
            "db-safety-20260101T000000Z.dump",
            "db-at-1.1.0-20260301T000000Z.dump",
            "db-before-1.2.0-20260310T000000Z.dump",
            "db-before-0.9.0-20260312T000000Z.dump",
        ]
        "#);
    }
}
