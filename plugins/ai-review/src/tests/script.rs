//! A host that expects a conversation, call by call, and the lines of the ledger that belong to it.

use runner_sdk::Nature;

use super::*;

const LEDGER: &str = ".runner/ai-costs.jsonl";

/// What a script says of the ledger: the lines so far, written by the calls before.
pub(super) struct Script {
    pub(super) host: ScriptedHost,
    lines: Vec<String>,
    calls: u32,
    clock: u64,
    /// How many tokens a request is taken for.
    size: u64,
}

impl Script {
    pub(super) fn new(diff: &str, by: &str) -> Self {
        Self {
            host: changed(diff, by),
            lines: Vec::new(),
            calls: 0,
            clock: runner_sdk::testing::START,
            size: sizes(diff, by, &config())[0],
        }
    }

    pub(super) fn map(mut self, with: impl FnOnce(ScriptedHost) -> ScriptedHost) -> Self {
        self.host = with(self.host);
        self
    }

    pub(super) fn slept(mut self, ms: u64) -> Self {
        self.clock += ms;
        self
    }

    /// A line is written; the host does not mind which numbers are in it, the test of the ledger does.
    fn line(mut self, event: &str, model: &str, tokens: [u64; 3], usd: &str) -> Self {
        let call = format!("run-1 test {}", self.calls);
        let [input, cached, output] = tokens;
        let at = runner_sdk::rfc3339(self.clock);
        let line = format!(
            "{{\"ledger\":1,\"event\":\"{event}\",\"call\":\"{call}\",\"at\":\"{at}\",\"project\":\"shop\",\"check\":\"test\",\"model\":\"{model}\",\
             \"input-tokens\":{input},\"cached-tokens\":{cached},\"cache-write-tokens\":0,\"output-tokens\":{output},\"usd\":{usd}, \"line\":\"{call} {event}\"}}"
        );
        self.host = self.host.append_line(LEDGER, &line);
        self.lines.push(line);
        self
    }

    /// The budget is looked at.
    fn month(mut self) -> Self {
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        self.host = self.host.glob(LEDGER, [LEDGER]).read_file(LEDGER, text);
        self
    }

    /// A call is noted before it is made, as if the model wrote all that it may.
    pub(super) fn reserved(mut self, model: &str) -> Self {
        self.calls += 1;
        let (size, written) = (self.size, 4000_u32);
        let config = config();
        let price = |kind: &str| config["models"][model]["price"][kind].as_f64().unwrap();
        let usd = (size as f64 * price("input") + f64::from(written) * price("output")) / 1e6;
        self.line("reserved", model, [size, 0, written.into()], &usd.to_string())
            .month()
    }

    /// What it took is noted after it.
    pub(super) fn spent(self, model: &str, tokens: [u64; 3], usd: &str) -> Self {
        self.line("spent", model, tokens, usd)
    }

    /// The month is added up, and the sheet is written.
    pub(super) fn ends(self) -> Self {
        self.month().map(|host| host.write_report("test/review.md"))
    }
}

fn changed(diff: &str, by: &str) -> ScriptedHost {
    ScriptedHost::new()
        .run(diff_tree())
        .with_nature(Nature::Read)
        .stdout(diff)
        .git_commits(Some("main"), "HEAD", commits(by))
}
