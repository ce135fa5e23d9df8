//! Names of dumps: `agentiq_chat-before-1.2.3-20260315T100000Z`, which sort by time within a label.

use runner_sdk::{Context, Instant, rfc3339};

use crate::Config;

/// Ends the name of a dump that was read back whole.
const DUMP: &str = ".dump";
/// Ends the name of what is being made, or was when something stopped it.
const PARTIAL: &str = ".partial";

/// What a dump was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// Before the deploy of a version.
    Before(String),
    /// Without a deploy, while a version runs.
    At(String),
    /// Without a deploy, and nobody knows what runs.
    Unreleased,
    /// Before another dump is restored over what is there.
    Safety,
    /// Fetched out of the store; never in it.
    Fetched,
}

impl Label {
    pub(crate) fn of(context: &Context<Config>) -> Self {
        match (&context.release, &context.previous) {
            (Some(release), _) => Self::Before(release.version.clone()),
            (None, Some(previous)) => Self::At(previous.version.clone()),
            (None, None) => Self::Unreleased,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Before(version) => format!("before-{version}"),
            Self::At(version) => format!("at-{version}"),
            Self::Unreleased => "unreleased".to_owned(),
            Self::Safety => "safety".to_owned(),
            Self::Fetched => "fetched".to_owned(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "unreleased" => return Some(Self::Unreleased),
            "safety" => return Some(Self::Safety),
            "fetched" => return Some(Self::Fetched),
            _ => {}
        }
        let version = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_digit())
                .then(|| text.to_owned())
        };
        if let Some(rest) = text.strip_prefix("before-") {
            return version(rest).map(Self::Before);
        }
        version(text.strip_prefix("at-")?).map(Self::At)
    }
}

/// What all names of one dump start with.
pub(crate) fn base(database: &str, label: &Label, at: Instant) -> String {
    format!("{database}-{}-{}", label.text(), stamp(at))
}

/// As an artifact, and in the folder once it was read back.
pub(crate) fn finished(base: &str) -> String {
    format!("{base}{DUMP}")
}

/// While it is made. A try after one that was cut off takes the next number: the first may still be writing.
pub(crate) fn partial(base: &str, attempt: u32) -> String {
    format!(".{base}.{attempt}{PARTIAL}")
}

/// What a dump was made for and when, if the name is one of a dump of this database.
pub(crate) fn parse<'n>(database: &str, name: &'n str) -> Option<(Label, &'n str)> {
    split(database, name.strip_suffix(DUMP)?)
}

/// When something was begun, if the name is one of what is being made for this database.
pub(crate) fn parse_partial<'n>(database: &str, name: &'n str) -> Option<&'n str> {
    let (base, attempt) = name.strip_prefix('.')?.strip_suffix(PARTIAL)?.rsplit_once('.')?;
    attempt.parse::<u32>().ok()?;
    split(database, base.strip_suffix(".sql").unwrap_or(base)).map(|(_, at)| at)
}

fn split<'n>(database: &str, base: &'n str) -> Option<(Label, &'n str)> {
    let (label, at) = base.strip_prefix(database)?.strip_prefix('-')?.rsplit_once('-')?;
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let (day, time) = at.strip_suffix('Z')?.split_once('T')?;
    let is_stamp = digits(day, 8) && digits(time, 6);
    is_stamp.then(|| Label::parse(label).map(|label| (label, at)))?
}

/// `20260315T100000Z`.
pub(crate) fn stamp(at: Instant) -> String {
    let text = rfc3339(at);
    let seconds = text.split('.').next().unwrap_or_default();
    format!("{}Z", seconds.replace(['-', ':'], ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_say_what_for_and_when() {
        let at = 1_773_568_800_123;
        let name = finished(&base("agentiq_chat", &Label::Before("1.2.3".into()), at));
        assert_eq!(name, "agentiq_chat-before-1.2.3-20260315T100000Z.dump");
        assert_eq!(
            parse("agentiq_chat", &name),
            Some((Label::Before("1.2.3".into()), "20260315T100000Z"))
        );
        assert_eq!(
            parse_partial("a", ".a-safety-20260315T100000Z.2.partial"),
            Some("20260315T100000Z")
        );
        assert_eq!(
            parse_partial("a", ".a-safety-20260315T100000Z.sql.1.partial"),
            Some("20260315T100000Z")
        );
    }

    #[test]
    fn what_belongs_to_another_is_not_ours() {
        for name in [
            "agentiq_chat-staging-before-1.2.3-20260315T100000Z.dump",
            "agentiq_chat_staging-before-1.2.3-20260315T100000Z.dump",
            "agentiq_chat-by-hand.dump",
            "agentiq_chat-before-the-party-20260315T100000Z.dump",
            "agentiq_chat-before-1.2.3-20260315T100000Z.dump.gz",
            "agentiq_chat-before-1.2.3-2026-03-15.dump",
            "agentiq_chat-safety-20260315T10000éZ.dump",
            "agentiq_chat.dump",
            "",
        ] {
            assert_eq!(parse("agentiq_chat", name), None, "{name}");
        }
        for name in [
            "a-safety-20260315T100000Z.1.partial",
            ".a-safety-20260315T100000Z.x.partial",
            ".partial",
        ] {
            assert_eq!(parse_partial("a", name), None, "{name}");
        }
    }

    fn labels() -> impl Strategy<Value = Label> {
        let version = "[0-9]{1,3}\\.[0-9]\\.[0-9](-rc\\.[0-9])?";
        prop_oneof![
            version.prop_map(Label::Before),
            version.prop_map(Label::At),
            Just(Label::Unreleased),
            Just(Label::Safety),
        ]
    }

    proptest! {
        #[test]
        fn a_name_reads_back(database in "[a-z0-9_-]{1,9}", label in labels(), at in 0..4_102_444_800_000_u64) {
            let base = base(&database, &label, at);
            let time = stamp(at);
            let name = finished(&base);
            prop_assert_eq!(parse(&database, &name), Some((label, time.as_str())));
            let partial = partial(&base, 2);
            prop_assert_eq!(parse_partial(&database, &partial), Some(time.as_str()));
        }

        #[test]
        fn any_name_is_read_without_a_panic(name in "\\PC{0,40}") {
            parse("db", &name);
            parse_partial("db", &name);
        }
    }
}
