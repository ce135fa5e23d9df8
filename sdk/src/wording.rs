//! What notifiers say: one wording for all of them, so that a chat, a file and a mail agree. The texts for deploys,
//! rollbacks and the gate are requirement P12, to the letter.

use crate::notifier::Event;
use crate::{Context, Release};

/// The message in one line, e.g. `🚀 Deploying v1.2.3 to prod`.
pub fn line<C>(context: &Context<C>, event: &Event) -> String {
    let tag = context
        .release
        .as_ref()
        .map_or("(no version)", |release| release.tag.as_str());
    let environment = context
        .environment
        .as_ref()
        .map_or("(no environment)", |environment| environment.name.as_str());
    let text = match event {
        Event::Gate(gate) => format!("📋 Quality Gate: {}/{} passed", gate.passed, gate.total),
        Event::DeployStarted => format!("🚀 Deploying {tag} to {environment}"),
        Event::DeploySucceeded => format!("✅ {tag} deployed to {environment} successfully"),
        Event::DeployFailed(reason) => format!("❌ Deploy {tag} to {environment} FAILED: {reason}"),
        Event::RolledBack(undo) => {
            let (from, to) = (
                tagged(context, &undo.from_version),
                tagged(context, &undo.to_version),
            );
            format!("⚠️ ROLLBACK: {environment} {from} → {to}: {}", undo.reason)
        }
        Event::ApprovalWanted(approval) => {
            let version = tagged(context, &approval.version);
            format!(
                "✋ {version} to {environment} waits for approval: {}",
                approval.how
            )
        }
        Event::Alert(text) => {
            let of = context.environment.as_ref();
            let place = of.map_or(context.project.as_str(), |environment| environment.name.as_str());
            format!("🔔 ALERT: {place}: {text}")
        }
        Event::Released(notes) => format!("📦 {} released", tagged(context, &notes.version)),
        Event::Digest(text) => format!("🗒️ DIGEST: {text}"),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The message with everything that belongs to it: a release's has its notes below, a digest's has a line for each thing.
pub fn full<C>(context: &Context<C>, event: &Event) -> String {
    match event {
        Event::Released(notes) if !notes.markdown.trim().is_empty() => {
            format!("{}\n\n{}", line(context, event), notes.markdown.trim())
        }
        Event::Digest(text) => {
            format!("🗒️ DIGEST: {}", text.trim())
        }
        _ => line(context, event),
    }
}

/// A version as its tag would be written: with the prefix of the release's tag, `v` where there is no release.
pub fn tagged<C>(context: &Context<C>, version: &str) -> String {
    let prefix = context.release.as_ref().map_or("v", prefix);
    format!("{prefix}{version}")
}

fn prefix(release: &Release) -> &str {
    release.tag.strip_suffix(&release.version).unwrap_or("v")
}

/// The event's name in the contract, e.g. `deploy-started`.
pub fn name(event: &Event) -> &'static str {
    match event {
        Event::Gate(_) => "gate",
        Event::DeployStarted => "deploy-started",
        Event::DeploySucceeded => "deploy-succeeded",
        Event::DeployFailed(_) => "deploy-failed",
        Event::RolledBack(_) => "rolled-back",
        Event::ApprovalWanted(_) => "approval-wanted",
        Event::Alert(_) => "alert",
        Event::Released(_) => "released",
        Event::Digest(_) => "digest",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifier::{Approval, GateResult, Notes, Undo};
    use crate::testing::context;

    fn prod() -> Context<serde_json::Value> {
        context(serde_json::json!({}))
            .with_release("1.2.3")
            .with_environment("prod", None)
    }

    fn undo(reason: &str) -> Event {
        Event::RolledBack(Undo {
            from_version: "1.2.3".into(),
            to_version: "1.2.2".into(),
            reason: reason.into(),
        })
    }

    fn released(markdown: &str) -> Event {
        Event::Released(Notes {
            version: "1.2.3".into(),
            markdown: markdown.into(),
            structural: false,
        })
    }

    #[test]
    fn the_words_of_the_requirements() {
        let gate = Event::Gate(GateResult {
            passed: 11,
            total: 12,
            failed: vec!["lint".into()],
        });
        for (event, text) in [
            (Event::DeployStarted, "🚀 Deploying v1.2.3 to prod"),
            (Event::DeploySucceeded, "✅ v1.2.3 deployed to prod successfully"),
            (
                Event::DeployFailed("no `/health`".into()),
                "❌ Deploy v1.2.3 to prod FAILED: no `/health`",
            ),
            (
                undo("errors 4 %"),
                "⚠️ ROLLBACK: prod v1.2.3 → v1.2.2: errors 4 %",
            ),
            (gate, "📋 Quality Gate: 11/12 passed"),
        ] {
            assert_eq!(full(&prod(), &event), text);
        }
    }

    #[test]
    fn the_others_are_in_the_same_spirit() {
        let approval = Event::ApprovalWanted(Approval {
            version: "1.2.3".into(),
            how: "runner approve r1".into(),
        });
        assert_eq!(
            line(&prod(), &approval),
            "✋ v1.2.3 to prod waits for approval: runner approve r1"
        );
        assert_eq!(
            line(&prod(), &Event::Alert("lag 12000".into())),
            "🔔 ALERT: prod: lag 12000"
        );
        let nowhere: Context<serde_json::Value> = context(serde_json::json!({}));
        assert_eq!(
            line(&nowhere, &Event::Alert("lag 12000".into())),
            format!("🔔 ALERT: {}: lag 12000", nowhere.project)
        );
        let notes = released("### Features\n\n- carts (#45)\n");
        assert_eq!(line(&prod(), &notes), "📦 v1.2.3 released");
        assert_eq!(
            full(&prod(), &notes),
            "📦 v1.2.3 released\n\n### Features\n\n- carts (#45)"
        );
        assert_eq!(full(&prod(), &released("\n")), "📦 v1.2.3 released");
    }

    #[test]
    fn a_digest_has_a_line_for_each_thing() {
        let digest = Event::Digest("prod, last 1 d: 1 warning\n- warning: lag 12000\n".into());
        assert_eq!(
            line(&prod(), &digest),
            "🗒️ DIGEST: prod, last 1 d: 1 warning - warning: lag 12000"
        );
        assert_eq!(
            full(&prod(), &digest),
            "🗒️ DIGEST: prod, last 1 d: 1 warning\n- warning: lag 12000"
        );
    }

    #[test]
    fn a_line_is_one_line() {
        let event = Event::DeployFailed("exit 1:\n  boom\r\n".into());
        assert_eq!(
            line(&prod(), &event),
            "❌ Deploy v1.2.3 to prod FAILED: exit 1: boom"
        );
    }

    #[test]
    fn versions_are_written_as_the_tag_is() {
        let mut context = prod();
        if let Some(release) = &mut context.release {
            release.tag = "shop-1.2.3".into();
        }
        assert_eq!(
            line(&context, &Event::DeployStarted),
            "🚀 Deploying shop-1.2.3 to prod"
        );
        assert_eq!(
            line(&context, &undo("slow")),
            "⚠️ ROLLBACK: prod shop-1.2.3 → shop-1.2.2: slow"
        );
    }
}
