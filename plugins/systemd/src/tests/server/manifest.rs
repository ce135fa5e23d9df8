//! What the manifest asks for: a program that it does not name is one that nobody would be allowed.

/// The programs that it asks for, as patterns of words.
pub(in crate::tests) fn wants() -> Vec<Vec<String>> {
    let manifest: toml::Table = include_str!("../../../plugin.toml").parse().unwrap();
    let wants = manifest["wants"].as_array().unwrap();
    let patterns = wants
        .iter()
        .filter_map(|want| want.get("process")?.as_array())
        .flatten();
    let words = |pattern: &toml::Value| {
        let words = pattern
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap().to_owned());
        words.collect()
    };
    patterns.map(words).collect()
}

/// Whether a pattern covers a command, as the host sees it.
pub(in crate::tests) fn covers(pattern: &[String], argv: &[String]) -> bool {
    let (pattern, open) = match pattern.split_last() {
        Some((last, start)) if last == "**" => (start, true),
        _ => (pattern, false),
    };
    let fits = |(pattern, word): (&String, &String)| match pattern.as_str() {
        "*" => true,
        "{{config:/user}}" => word == "ubuntu",
        "{{config:/root}}" => word.starts_with("/opt/"),
        own if own.contains("{{project}}-{{environment}}") => {
            own.replace("{{project}}-{{environment}}", "agentiq-staging") == *word
        }
        exact => exact.strip_prefix('\\').unwrap_or(exact) == word,
    };
    (argv.len() == pattern.len() || open && argv.len() > pattern.len()) && pattern.iter().zip(argv).all(fits)
}
