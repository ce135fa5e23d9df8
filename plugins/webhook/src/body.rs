//! What is posted: the same fields for every event, and the event's own.

use runner_sdk::notifier::Event;
use runner_sdk::{Context, wording};
use serde_json::{Value, json};

/// The body. Nothing in it differs from try to try.
pub(crate) fn of<C>(context: &Context<C>, event: &Event) -> Value {
    let release = context.release.as_ref();
    let mut body = json!({
        "event": wording::name(event),
        "run": context.run_id,
        "step": context.step,
        "project": context.project,
        "environment": context.environment.as_ref().map(|environment| &environment.name),
        "version": release.map(|release| &release.version),
        "tag": release.map(|release| &release.tag),
        "text": wording::line(context, event),
    });
    if let (Value::Object(body), Value::Object(own)) = (&mut body, own(event)) {
        body.extend(own);
    }
    body
}

fn own(event: &Event) -> Value {
    match event {
        Event::Gate(gate) => json!({"passed": gate.passed, "total": gate.total, "failed": gate.failed}),
        Event::DeployStarted | Event::DeploySucceeded => json!({}),
        Event::DeployFailed(reason) => json!({"reason": reason}),
        Event::RolledBack(undo) => {
            json!({"from": undo.from_version, "to": undo.to_version, "reason": undo.reason})
        }
        Event::ApprovalWanted(approval) => json!({"version": approval.version, "how": approval.how}),
        Event::Alert(text) => json!({"alert": text}),
        Event::Digest(text) => json!({"digest": text}),
        Event::Released(notes) => {
            json!({"version": notes.version, "notes": notes.markdown, "structural": notes.structural})
        }
    }
}

#[cfg(test)]
mod tests {
    use runner_sdk::notifier::{Approval, GateResult, Notes, Undo};
    use runner_sdk::testing::context;

    use super::*;

    #[test]
    fn every_event_brings_its_own() {
        let gate = GateResult {
            passed: 1,
            total: 2,
            failed: vec!["lint".into()],
        };
        let undo = Undo {
            from_version: "1.2.3".into(),
            to_version: "1.2.2".into(),
            reason: "errors".into(),
        };
        let approval = Approval {
            version: "1.2.3".into(),
            how: "runner approve r".into(),
        };
        let notes = Notes {
            version: "1.2.3".into(),
            markdown: "- a".into(),
            structural: true,
        };
        let context = context::<Value>(json!({}));
        let events = [
            Event::Gate(gate),
            Event::DeployStarted,
            Event::RolledBack(undo),
            Event::ApprovalWanted(approval),
            Event::Alert("lag".into()),
            Event::Digest("prod: 1 other\n- a".into()),
            Event::Released(notes),
        ];
        let lines: Vec<_> = events
            .iter()
            .map(|event| of(&context, event).to_string())
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {"environment":null,"event":"gate","failed":["lint"],"passed":1,"project":"shop","run":"run-1","step":"test","tag":null,"text":"📋 Quality Gate: 1/2 passed","total":2,"version":null}
        {"environment":null,"event":"deploy-started","project":"shop","run":"run-1","step":"test","tag":null,"text":"🚀 Deploying (no version) to (no environment)","version":null}
        {"environment":null,"event":"rolled-back","from":"1.2.3","project":"shop","reason":"errors","run":"run-1","step":"test","tag":null,"text":"⚠️ ROLLBACK: (no environment) v1.2.3 → v1.2.2: errors","to":"1.2.2","version":null}
        {"environment":null,"event":"approval-wanted","how":"runner approve r","project":"shop","run":"run-1","step":"test","tag":null,"text":"✋ v1.2.3 to (no environment) waits for approval: runner approve r","version":"1.2.3"}
        {"alert":"lag","environment":null,"event":"alert","project":"shop","run":"run-1","step":"test","tag":null,"text":"🔔 ALERT: shop: lag","version":null}
        {"digest":"prod: 1 other\n- a","environment":null,"event":"digest","project":"shop","run":"run-1","step":"test","tag":null,"text":"🗒️ DIGEST: prod: 1 other - a","version":null}
        {"environment":null,"event":"released","notes":"- a","project":"shop","run":"run-1","step":"test","structural":true,"tag":null,"text":"📦 v1.2.3 released","version":"1.2.3"}
        "#);
    }
}
