//! Answers of the right kind, chosen by a seed: good ones, broken ones, and every error that a host call can have.

use runner_core::{
    effect::{
        Answer, CommitInfo, Entry, EntryKind, Exit, HttpResponse, Outcome, Request, Response,
        ServiceCondition, ServiceStatus,
    },
    fault::Fault,
};

use crate::promises::conversation::{artifact, of_runtime};

/// What files, bodies and outputs hold.
const TEXTS: &[&str] = &[
    "",
    "ok",
    "{}",
    "[]",
    "null",
    "{\"ok\":true,\"result\":{\"message_id\":7,\"chat\":{\"id\":-1001}}}",
    "{\"ok\":false,\"error_code\":429,\"description\":\"slow\",\"parameters\":{\"retry_after\":2}}",
    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1,\"0.5\"]}]}}",
    "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"NaN\"]}}",
    "{\"version\":\"1.2.3\"}",
    "{\"version\":1e400}",
    "up 1\nrequests_total 9\nerrors_total{code=\"500\"} 1e3\nlatency_seconds_bucket{le=\"+Inf\"} 4\n",
    "requests_total{\nlatency_seconds_bucket{le=\"x\"} y\n",
    "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"U\"}\n",
    "<testsuites><testsuite><testcase name=\"a\"/><testcase name=\"b\"><failure/></testcase></testsuite></testsuites>",
    "<testsuites><testsuite><testcase",
    "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
    "     Summary [   0.1s] 3 tests run: 2 passed (1 flaky), 1 failed, 0 skipped\n",
    "{\"numTotalTests\":2,\"numPassedTests\":1,\"testResults\":[]}",
    "TN:\nSF:src/a.rs\nDA:1,1\nDA:2,0\nend_of_record\n",
    "mode: set\nshop/a.go:1.1,2.2 3 1\nshop/a.go:3.1,4.2 18446744073709551615 0\n",
    "<coverage><packages><package><classes><class filename=\"a\"><lines><line number=\"1\" hits=\"1\"/></lines></class></classes></package></packages></coverage>",
    "{\"files\":{\"a.py\":{\"summary\":{\"covered_lines\":1,\"num_statements\":2}}},\"totals\":{}}",
    "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n a\n+b\n",
    "{\"stop_reason\":\"end_turn\",\"content\":[{\"type\":\"text\",\"text\":\"{\\\"summary\\\":\\\"s\\\",\\\"findings\\\":[]}\"}],\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}",
    "{\"__CURSOR\":\"s=1;i=2\",\"__REALTIME_TIMESTAMP\":\"1767225600000000\",\"_SYSTEMD_UNIT\":\"shop-staging.service\",\"MESSAGE\":\"up\"}\n",
    "12 999 /var/log/nginx/shop-staging.access.log\n7 18446744073709551615 /var/log/nginx/shop-staging.error.log\n",
    "2026/01/01 00:00:00 [error] x\n1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] \"GET /\" 200\n",
    "README.md\0\u{feff}ü\u{202e}\r\n",
    "-1 99999999999999999999999 1e999 \u{0}",
];

/// An answer to a request, the same for the same seed and place.
pub(super) fn answer(seed: u64, n: usize, request: &Request) -> Outcome {
    if let Some(outcome) = of_runtime(n, request) {
        return outcome;
    }
    let mut chance =
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
    // Some seeds meet no trouble at all, so that the far end of a conversation is reached too.
    if !seed.is_multiple_of(3) && chance.below(4) == 0 {
        return Err(chance.fault());
    }
    Ok(response(&mut chance, request))
}

fn response(chance: &mut Chance, request: &Request) -> Response {
    match request {
        Request::Run(_) => Response::Exit(chance.exit()),
        Request::RunAll { commands } => {
            let exits = commands.iter().map(|_| match chance.below(4) {
                0 => Err(chance.fault()),
                _ => Ok(chance.exit()),
            });
            Response::Exits(exits.collect())
        }
        Request::Send(_) => Response::Http(HttpResponse {
            status: [200, 200, 200, 204, 302, 400, 403, 404, 429, 500, 599][chance.below(11)],
            headers: vec![(
                "retry-after".to_owned(),
                ["3", "-1", "x", "99999999999999999999"][chance.below(4)].to_owned(),
            )],
            body: chance.bytes().into(),
            truncated: chance.below(5) == 0,
        }),
        Request::ReadFile { .. } | Request::GitShow { .. } => Response::Content(Some(chance.bytes().into())),
        Request::MachineRead { .. } | Request::MachineReadPart { .. } => {
            let there = chance.below(2) == 0;
            Response::Content(there.then(|| chance.bytes().into()))
        }
        Request::Glob { .. } | Request::GitTrackedFiles | Request::GitChangedFiles { .. } => {
            let names = ["README.md", "a/secret.pem", "report.out", "ü b/\n"];
            Response::Names(
                names[..chance.below(5)]
                    .iter()
                    .map(|&name| name.to_owned())
                    .collect(),
            )
        }
        Request::MachineList { .. } => {
            let entries = (0..chance.below(3)).map(|n| Entry {
                name: format!("1.2.{n}-0123456789ab"),
                kind: [EntryKind::File, EntryKind::Folder, EntryKind::Link][chance.below(3)],
                size: 7,
                target: (chance.below(2) == 0).then(|| "releases/1.2.2-ab".to_owned()),
            });
            Response::Entries(Some(entries.collect()))
        }
        Request::MachineCreate { .. } => Response::Flag(chance.below(2) == 0),
        Request::WriteReport { name, .. } => Response::Path(name.clone()),
        Request::ServiceStart { .. } | Request::ServiceStatus { .. } => Response::Service(chance.service()),
        Request::GitCommits { .. } => Response::Commits(vec![CommitInfo {
            id: "0".repeat(40),
            message: "feat: x\n".to_owned(),
            author: "A <a@example.com>".to_owned(),
            at: 0,
            parents: 1,
            trailers: Vec::new(),
        }]),
        Request::ArtifactPut { name, .. } => Response::Artifact(artifact(name, b"x")),
        Request::Ask(question) => Response::Answer(Answer {
            choice: question.choices.first().cloned().unwrap_or_default(),
            by: "bob".to_owned(),
            note: String::new(),
            at: 0,
            signed: false,
        }),
        _ => Response::Done,
    }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = TEXTS[self.below(TEXTS.len())].as_bytes().to_vec();
        match self.below(6) {
            0 => bytes.push(0xff),
            1 => bytes.truncate(bytes.len() / 2),
            _ => {}
        }
        bytes
    }

    fn exit(&mut self) -> Exit {
        let code = [Some(0), Some(0), Some(0), Some(1), Some(101), Some(-1), None][self.below(7)];
        Exit {
            code,
            signal: code.is_none().then_some(9),
            stdout: self.bytes().into(),
            stderr: self.bytes().into(),
            truncated: self.below(5) == 0,
            wall_ms: self.next() >> 40,
        }
    }

    fn service(&mut self) -> ServiceStatus {
        ServiceStatus {
            condition: [
                ServiceCondition::Starting,
                ServiceCondition::Running,
                ServiceCondition::Restarting,
                ServiceCondition::Stopped,
            ][self.below(4)],
            label: [None, Some("1.2.3".to_owned()), Some("\u{0}".to_owned())][self.below(3)].clone(),
            since: None,
            restarts: self.next() as u32,
            detail: String::new(),
        }
    }

    fn fault(&mut self) -> Fault {
        let message = "made up".to_owned();
        match self.below(7) {
            0 => Fault::Denied { message },
            1 => Fault::Interrupted { message },
            2 => Fault::Planned { message },
            3 => Fault::Transient {
                message,
                after_ms: [None, Some(1), Some(u64::MAX)][self.below(3)],
            },
            4 => Fault::InvalidConfig { message },
            5 => Fault::Failed { message },
            _ => Fault::Other { message },
        }
    }
}
