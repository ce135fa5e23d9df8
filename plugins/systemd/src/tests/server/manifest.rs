//! What the manifest asks for: a program or a variable that it does not name is one that nobody would be allowed.

/// All lists of this name.
fn lists(name: &str) -> Vec<toml::Value> {
    let manifest: toml::Table = include_str!("../../../plugin.toml").parse().unwrap();
    let wants = manifest["wants"].as_array().unwrap();
    let lists = wants.iter().filter_map(|want| want.get(name)?.as_array());
    lists.flatten().cloned().collect()
}

/// The variables that it asks to set.
pub(in crate::tests) fn variables() -> Vec<String> {
    let names = lists("env").into_iter();
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The programs that it asks for, as patterns of words.
pub(in crate::tests) fn wants() -> Vec<Vec<String>> {
    let patterns = lists("process");
    let words = |pattern: &toml::Value| {
        let words = pattern
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap().to_owned());
        words.collect()
    };
    patterns.iter().map(words).collect()
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
