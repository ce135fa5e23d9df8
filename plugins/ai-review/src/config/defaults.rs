//! What holds where the profile says nothing.

use runner_sdk::Duration;

use super::{AuthorWords, KindGlobs, Level};

pub(super) fn excluded() -> Vec<String> {
    let globs = [
        "package-lock.json",
        "pnpm-lock.yaml",
        "yarn.lock",
        "poetry.lock",
        "uv.lock",
        "Cargo.lock",
        "go.sum",
        "*.min.js",
        "*.min.css",
        "*.map",
        "*.snap",
        "*.svg",
    ];
    globs.map(str::to_owned).to_vec()
}

pub(super) fn critical() -> Vec<Level> {
    vec![Level::Critical]
}

pub(super) fn ledger() -> String {
    ".runner/ai-costs.jsonl".to_owned()
}

pub(super) fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

pub(super) fn eight_thousand() -> u32 {
    8192
}

pub(super) fn anthropic_url() -> String {
    "https://api.anthropic.com".to_owned()
}

pub(super) fn openai_url() -> String {
    "https://api.openai.com".to_owned()
}

pub(super) fn github_url() -> String {
    "https://api.github.com".to_owned()
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|&word| word.to_owned()).collect()
}

impl Default for AuthorWords {
    fn default() -> Self {
        Self {
            claude: words(&["claude", "@anthropic.com"]),
            openai: words(&["openai", "chatgpt", "codex", "gpt-"]),
        }
    }
}

impl Default for KindGlobs {
    fn default() -> Self {
        Self {
            security: words(&[
                "**/auth/**",
                "**/security/**",
                "auth.*",
                "*_auth.*",
                "*login*",
                "*password*",
                "*permission*",
                "*crypto*",
                "*secret*",
            ]),
            architecture: words(&[
                "**/alembic/versions/**",
                "**/migrations/**",
                "*.sql",
                "Dockerfile*",
                "docker-compose*.yml",
            ]),
            tests: words(&[
                "**/tests/**",
                "**/test/**",
                "**/e2e/**",
                "test_*",
                "*_test.*",
                "*.test.*",
                "*.spec.*",
                "conftest.py",
            ]),
            docs: words(&["*.md", "*.rst", "*.txt", "**/docs/**", "LICENSE*"]),
        }
    }
}
