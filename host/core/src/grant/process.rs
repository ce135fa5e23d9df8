//! Programs: patterns of argument words.

use crate::secret;

/// The pattern's word for exactly this word.
pub(super) fn exactly(word: &str) -> String {
    if word == "*" || word == "**" || word.starts_with('\\') {
        format!("\\{word}")
    } else {
        word.to_owned()
    }
}

/// Whether a pattern covers a command: the first word exactly, `*` one word, a last `**` any rest.
///
/// A word that speaks of a secret is covered by the same word only, since anyone on the machine sees arguments.
pub(super) fn covers(pattern: &[String], argv: &[String]) -> bool {
    let Some(((program, pattern), (run, argv))) = pattern.split_first().zip(argv.split_first()) else {
        return false;
    };
    if is_wild(program) || literal(program) != run {
        return false;
    }
    let (pattern, open) = match pattern.split_last() {
        Some((last, start)) if last == "**" => (start, true),
        _ => (pattern, false),
    };
    if argv.len() < pattern.len() || (argv.len() > pattern.len() && !open) {
        return false;
    }
    let (fixed, rest) = argv.split_at(pattern.len());
    let each = pattern.iter().zip(fixed);
    each.into_iter().all(|(pattern, word)| word_covers(pattern, word))
        && !rest.iter().any(|word| has_secret(word))
}

fn word_covers(pattern: &str, word: &str) -> bool {
    match pattern {
        "*" => !has_secret(word),
        "**" => false,
        pattern => literal(pattern) == word,
    }
}

fn is_wild(word: &str) -> bool {
    word == "*" || word == "**"
}

fn literal(pattern: &str) -> &str {
    pattern.strip_prefix('\\').unwrap_or(pattern)
}

fn has_secret(word: &str) -> bool {
    secret::names(word.as_bytes()).next().is_some()
}

/// What makes a pattern useless.
pub(super) fn mistake(pattern: &[String]) -> Option<&'static str> {
    match pattern.split_first() {
        None => Some("a pattern needs a program"),
        Some((program, _)) if is_wild(program) => Some("the program must be named, not `*`"),
        Some((_, [middle @ .., _])) if middle.iter().any(|word| word == "**") => {
            Some("`**` is for the end only")
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn patterns_of_words() {
        for (pattern, argv, covered) in [
            ("git status", "git status", true),
            ("git status", "git", false),
            ("git status", "git status -s", false),
            ("git status", "GIT status", false),
            ("git status", "/tmp/git status", false),
            ("git *", "git push", true),
            ("git *", "git", false),
            ("git *", "git push origin", false),
            ("git * origin", "git push origin", true),
            ("git log **", "git log", true),
            ("git log **", "git log -1 --format=%H", true),
            ("git log **", "git push", false),
            ("git ** log", "git x log", false),
            ("* x", "rm x", false),
            ("** x", "rm x", false),
            ("**", "rm", false),
            (r"npm run \*", "npm run *", true),
            (r"npm run \*", "npm run x", false),
            (r"echo \\n", r"echo \n", true),
            ("curl *", "curl {{secret:t}}", false),
            ("curl **", "curl -H {{secret:t}}", false),
            ("curl Bearer-{{secret:t}}", "curl Bearer-{{secret:t}}", true),
            ("curl {{secret:t}}", "curl {{secret:u}}", false),
            ("", "git", false),
            ("git", "", false),
        ] {
            assert_eq!(
                covers(&split(pattern), &split(argv)),
                covered,
                "{pattern} / {argv}"
            );
        }
    }

    proptest! {
        #[test]
        fn an_exact_pattern_covers_one_command_only(
            a in prop::collection::vec("[a*\\\\]{0,3}", 1..4), b in prop::collection::vec("[a*\\\\]{0,3}", 1..4)
        ) {
            let pattern: Vec<_> = a.iter().map(|word| exactly(word)).collect();
            prop_assert_eq!(covers(&pattern, &b), a == b);
        }
    }
}
