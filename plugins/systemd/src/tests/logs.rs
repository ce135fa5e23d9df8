use runner_sdk::Logs;
use runner_sdk::logs::{Line, Page};
use runner_sdk::testing::{START, ScriptedHost};

use super::server::manifest;
use super::*;

const ACCESS: &str = "/var/log/nginx/agentiq-staging.access.log";
const ERRORS: &str = "/var/log/nginx/agentiq-staging.error.log";
const NOTHING: &str = "";

fn context() -> Context<Config> {
    about(staging(), "staging", "0.2.0", None)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// What is asked of the server, in order.
struct Talk(ScriptedHost);

impl Talk {
    fn new() -> Self {
        Self(ScriptedHost::new())
    }

    fn root(self, words: &[&str], stdout: &str) -> Self {
        let words: Vec<String> = ["sudo", "-n"]
            .iter()
            .chain(words)
            .map(|&word| word.to_owned())
            .collect();
        let wants = manifest::wants();
        let wanted = wants.iter().any(|want| manifest::covers(want, &words));
        assert!(wanted, "not in plugin.toml: {words:?}");
        Self(self.0.run(words).on("vps").with("nature", "read").stdout(stdout))
    }

    /// Entries of the journal of the web unit and the worker.
    fn journal(self, options: &[&str], lines: u32, stdout: &str) -> Self {
        let matches = [
            "_SYSTEMD_UNIT=agentiq-staging-celery.service",
            "_SYSTEMD_UNIT=agentiq-staging.service",
            "+",
            "_PID=1",
            "UNIT=agentiq-staging-celery.service",
            "UNIT=agentiq-staging.service",
        ];
        self.journal_of(options, lines, &matches, stdout)
    }

    fn journal_of(self, options: &[&str], lines: u32, matches: &[&str], stdout: &str) -> Self {
        let lines = lines.to_string();
        let start = [
            "journalctl",
            "--no-pager",
            "--all",
            "--output",
            "json",
            "--output-fields",
            "MESSAGE,_SYSTEMD_UNIT,UNIT",
        ];
        let words: Vec<&str> = start
            .iter()
            .chain(options)
            .chain(&["--lines", lines.as_str(), "--"])
            .chain(matches)
            .copied()
            .collect();
        self.root(&words, stdout)
    }

    /// What there is of the log of requests: inode and size, of itself and of the renamed one.
    fn access(self, itself: Option<(u64, u64)>, renamed: Option<(u64, u64)>) -> Self {
        let old = format!("{ACCESS}.1");
        let mut stdout = String::new();
        for (path, there) in [(ACCESS, itself), (old.as_str(), renamed)] {
            if let Some((inode, size)) = there {
                stdout += &format!("{inode} {size} {path}\n");
            }
        }
        self.root(&["stat", "--format", "%i %s %n", "--", ACCESS, &old], &stdout)
    }

    fn part(self, path: &str, range: &str, content: &str) -> Self {
        let url = format!("file://{path}");
        let words = ["curl", "--silent", "--show-error", "--range", range, &url];
        self.root(&words, content)
    }

    fn zone(self, zone: &str) -> Self {
        Self(self.0.run(["date", "+%z"]).on("vps").stdout(zone))
    }

    fn recent(self, sources: &[&str], since: Option<u64>, max: u32) -> Page {
        Systemd::recent(&self.0, &context(), &names(sources), since, max).unwrap()
    }

    fn more(self, sources: &[&str], cursor: &str) -> Page {
        Systemd::more(&self.0, &context(), &names(sources), cursor).unwrap()
    }
}

fn entry(cursor: &str, at_ms: u64, unit: &str, message: &Value) -> String {
    let fields = json!({
        "__CURSOR": cursor, "__REALTIME_TIMESTAMP": (at_ms * 1000 + 7).to_string(), "_SYSTEMD_UNIT": unit, "MESSAGE": message,
    });
    format!("{fields}\n")
}

fn request(second: u64, path: &str) -> String {
    format!(
        "127.0.0.1 - - [01/Jan/2026:00:00:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"curl\"\n"
    )
}

fn shown(lines: &[Line]) -> String {
    let one = |line: &Line| {
        let at = line.at.map_or("-".to_owned(), |at| {
            (i128::from(at) - i128::from(START)).to_string()
        });
        format!("{at} {} {}", line.source, line.text)
    };
    lines.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_can_be_read_are_the_units_and_the_site() {
    let sources = Systemd::sources(&context()).unwrap();
    assert_eq!(
        sources,
        ["web", "celery", "timer-backup", "nginx-access", "nginx-error"]
    );
    let mut bare = staging();
    bare.as_object_mut().unwrap().remove("nginx");
    let sources = Systemd::sources(&about(bare, "staging", "0.2.0", None)).unwrap();
    assert_eq!(sources, ["web", "celery", "timer-backup"]);
}

#[test]
fn the_journal_is_read_from_its_end_and_then_from_where_that_was() {
    let (web, celery) = ("agentiq-staging.service", "agentiq-staging-celery.service");
    // The newest is first; systemd itself speaks of a unit too.
    let told = json!({"__CURSOR": "s=4", "__REALTIME_TIMESTAMP": "1767225602000000", "_SYSTEMD_UNIT": "init.scope",
        "UNIT": web, "MESSAGE": "Started agentiq-staging.service."});
    let newest = [
        format!("{told}\n"),
        entry(
            "s=3",
            START + 1500,
            web,
            &json!("Traceback:\n  File \"app.py\"\r\nboom"),
        ),
        entry("s=2", START + 1000, celery, &json!([111, 107, 255])),
        entry("s=1", START, web, &Value::Null),
        entry("s=0", START, "ssh.service", &json!("somebody else's")),
        "no JSON\n".into(),
    ]
    .concat();
    let page = Talk::new()
        .journal(&["--reverse"], 50, &newest)
        .recent(&["web", "celery"], None, 50);
    insta::assert_snapshot!(shown(&page.lines), @r#"
    0 web 
    1000 celery ok�
    1500 web Traceback:
    1500 web   File "app.py"
    1500 web boom
    2000 web Started agentiq-staging.service.
    "#);
    assert_eq!(page.cursor, r#"{"journal":"s=4","files":{},"zone":null}"#);

    let after = [
        entry("s=4", START + 2000, web, &json!("Started.")),
        entry("s=5", START + 9000, web, &json!("GET")),
    ]
    .concat();
    let page = Talk::new()
        .journal(&["--cursor", "s=4"], 1000, &after)
        .more(&["web", "celery"], &page.cursor);
    assert_eq!(shown(&page.lines), "9000 web GET");
    assert_eq!(page.cursor, r#"{"journal":"s=5","files":{},"zone":null}"#);

    // Nothing new, then something after an entry that is of no unit of ours.
    let page = Talk::new()
        .journal(
            &["--cursor", "s=5"],
            1000,
            &entry("s=5", START + 9000, web, &json!("GET")),
        )
        .more(&["web", "celery"], &page.cursor);
    assert_eq!((page.lines.len(), page.cursor.contains("s=5")), (0, true));
    let page = Talk::new()
        .journal(
            &["--cursor", "s=5"],
            1000,
            &entry("s=7", START + 9500, web, &json!("PUT")),
        )
        .more(&["web", "celery"], &page.cursor);
    assert_eq!(shown(&page.lines), "9500 web PUT");
}

#[test]
fn where_nothing_is_written_yet_reading_goes_on_at_the_journals_end() {
    let since = ["--reverse", "--since", "@1767225600.000"];
    let page = Talk::new()
        .journal(&since, 50, NOTHING)
        .journal_of(
            &["--reverse"],
            1,
            &[],
            &entry("s=9", START, "ssh.service", &json!("x")),
        )
        .journal(&since, 50, NOTHING)
        .recent(&["web", "celery"], Some(START), 50);
    assert_eq!(page.lines, []);
    assert_eq!(page.cursor, r#"{"journal":"s=9","files":{},"zone":null}"#);
    // An empty journal has no end: all of it is new.
    let page = Talk::new()
        .journal(&["--reverse"], 50, NOTHING)
        .journal_of(&["--reverse"], 1, &[], NOTHING)
        .journal(&["--reverse"], 50, NOTHING)
        .recent(&["web", "celery"], None, 50);
    let new = entry("s=1", START, "agentiq-staging.service", &json!("up"));
    let page = Talk::new()
        .journal(&[], 1000, &new)
        .more(&["web", "celery"], &page.cursor);
    assert_eq!(shown(&page.lines), "0 web up");
}

#[test]
fn entries_that_are_too_long_are_read_in_smaller_numbers() {
    let up = entry("s=8", START, "agentiq-staging.service", &json!("up"));
    let host = Talk::new().journal(&["--reverse"], 100, &up).0.truncated();
    let page = Talk(host)
        .journal(&["--reverse"], 25, &up)
        .recent(&["web", "celery"], None, 100);
    assert_eq!(
        page.notes,
        ["the journal's entries are long: the newest 25 of them"]
    );
    assert_eq!(shown(&page.lines), "0 web up");
}

#[test]
fn with_two_ports_each_line_says_which() {
    let context = about(prod("blue-green"), "prod", "0.2.0", None);
    let matches = [
        "_SYSTEMD_UNIT=agentiq-chat@8001.service",
        "_SYSTEMD_UNIT=agentiq-chat@8003.service",
        "+",
        "_PID=1",
        "UNIT=agentiq-chat@8001.service",
        "UNIT=agentiq-chat@8003.service",
    ];
    let newest = [
        entry("s=2", START + 1, "agentiq-chat@8003.service", &json!("new")),
        entry("s=1", START, "agentiq-chat@8001.service", &json!("old")),
    ];
    let talk = Talk::new().journal_of(&["--reverse"], 9, &matches, &newest.concat());
    let page = Systemd::recent(&talk.0, &context, &names(&["web"]), None, 9).unwrap();
    assert_eq!(shown(&page.lines), "0 web:8001 old\n1 web:8003 new");
}

#[test]
fn the_sites_files_have_times_of_their_own() {
    let errors = "2026/01/01 03:00:01 [error] 7#7: *1 connect() failed\n  more of it\n2026/01/01 02:00:00 [warn] 7#7: old\nhal";
    let content = request(2, "/api/chat") + "no request at all\n";
    let (old_access, old_errors) = (format!("{ACCESS}.1"), format!("{ERRORS}.1"));
    let stat = [
        "stat",
        "--format",
        "%i %s %n",
        "--",
        ACCESS,
        &old_access,
        ERRORS,
        &old_errors,
    ];
    let sizes = format!(
        "12 {} {ACCESS}\n13 {} {ERRORS}\nnonsense\n",
        content.len(),
        errors.len()
    );
    let page = Talk::new()
        .zone("+0300\n")
        .root(&stat, &sizes)
        .part(ACCESS, &format!("0-{}", content.len() - 1), &content)
        .part(ERRORS, &format!("0-{}", errors.len() - 1), errors)
        .recent(&["nginx-access", "nginx-error"], Some(START), 9);
    insta::assert_snapshot!(shown(&page.lines), @r#"
    2000 nginx-access 127.0.0.1 - - [01/Jan/2026:00:00:02 +0000] "GET /api/chat HTTP/1.1" 200 5 "-" "curl"
    2000 nginx-access no request at all
    1000 nginx-error 2026/01/01 03:00:01 [error] 7#7: *1 connect() failed
    1000 nginx-error   more of it
    "#);
    insta::assert_snapshot!(page.cursor, @r#"{"journal":null,"files":{"nginx-access":{"inode":12,"offset":103},"nginx-error":{"inode":13,"offset":102}},"zone":180}"#);
}

#[test]
fn a_rotated_file_is_read_to_its_end() {
    let sources = &["nginx-access"];
    let (a, b) = (request(1, "/a"), request(2, "/b"));
    let size = a.len() as u64;
    let end = |from: u64, text: &str| format!("{from}-{}", from + text.len() as u64 - 1);
    let page = Talk::new()
        .zone("+0000")
        .access(Some((12, size)), None)
        .part(ACCESS, &end(0, &a), &a)
        .recent(sources, None, 9);

    // Renamed; nginx has not opened the new one yet, and writes to the old one.
    let old = format!("{ACCESS}.1");
    let page = Talk::new()
        .access(Some((14, 0)), Some((12, 2 * size)))
        .part(&old, &end(size, &b), &b)
        .more(sources, &page.cursor);
    assert!(shown(&page.lines).starts_with("2000 "), "{:?}", page.lines);
    // It has: the rest of the old one, then the new one.
    let last = request(3, "/c") + &request(4, "/d");
    let page = Talk::new()
        .access(Some((14, size)), Some((12, 3 * size)))
        .part(&old, &end(2 * size, &a), &request(3, "/c"))
        .part(ACCESS, &end(0, &a), &request(4, "/d"))
        .more(sources, &page.cursor);
    let texts: String = page.lines.iter().map(|line| format!("{}\n", line.text)).collect();
    assert_eq!(texts, last);
    assert_eq!(
        page.cursor,
        format!(r#"{{"journal":null,"files":{{"nginx-access":{{"inode":14,"offset":{size}}}}},"zone":0}}"#)
    );
    // Emptied in its place.
    let page = Talk::new()
        .access(Some((14, 5)), None)
        .part(ACCESS, "0-4", "GET/\n")
        .more(sources, &page.cursor);
    assert_eq!(shown(&page.lines), "- nginx-access GET/");
    // Gone for a moment, then another one.
    let page = Talk::new().access(None, None).more(sources, &page.cursor);
    assert_eq!(page.lines, []);
    let page = Talk::new()
        .access(Some((15, 2)), None)
        .part(ACCESS, "0-1", "y\n")
        .more(sources, &page.cursor);
    assert_eq!(shown(&page.lines), "- nginx-access y");
}

#[test]
fn a_site_without_logs_of_its_own_is_told_of() {
    let page = Talk::new()
        .zone("?")
        .access(None, None)
        .recent(&["nginx-access"], None, 9);
    assert_eq!(
        page.notes,
        [
            "there is no `/var/log/nginx/agentiq-staging.access.log` on vps yet: `runner env setup staging` has nginx write it"
        ]
    );
    // Just rotated, and nothing in the new one.
    let (size, old) = (request(1, "/a").len() as u64, format!("{ACCESS}.1"));
    let page = Talk::new()
        .zone("+0000")
        .access(Some((14, 0)), Some((12, size)))
        .part(&old, &format!("0-{}", size - 1), &request(1, "/a"))
        .recent(&["nginx-access"], None, 9);
    assert_eq!(page.lines.len(), 1);
    assert!(page.cursor.contains(r#""inode":12"#), "{}", page.cursor);
}

#[test]
fn a_journal_that_may_not_be_read_is_an_error() {
    let talk = Talk::new().journal(&["--reverse"], 9, "");
    let host = talk.0.exits(1).stderr("No journal files were opened.");
    let error = Systemd::recent(&host, &context(), &names(&["web", "celery"]), None, 9).unwrap_err();
    assert_eq!(
        message(error),
        "reading the journal: ended with exit code 1: No journal files were opened."
    );
    let error = Systemd::more(&ScriptedHost::new(), &context(), &names(&["web"]), "s=1").unwrap_err();
    assert!(message(error).contains("is no cursor of this plugin's"));
}
