//! Which releases stay. Only folders that this plugin made are ever removed.

/// The folders to keep, in order, and those to remove: the first `keep` stay, and whatever is `needed`.
pub(crate) fn split(releases: &[String], keep: usize, needed: &[&str]) -> (Vec<String>, Vec<String>) {
    let stays = |(index, folder): &(usize, &String)| *index < keep || needed.contains(&folder.as_str());
    let (kept, removed): (Vec<_>, Vec<_>) = releases.iter().enumerate().partition(stays);
    let names = |all: Vec<(usize, &String)>| all.into_iter().map(|(_, folder)| folder.clone()).collect();
    (names(kept), names(removed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases() -> Vec<String> {
        ["e", "d", "c", "b", "a"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_last_stay_and_what_is_needed() {
        assert_eq!(split(&releases(), 5, &[]).1, Vec::<String>::new());
        assert_eq!(
            split(&releases(), 2, &[]),
            (
                vec!["e".into(), "d".into()],
                vec!["c".into(), "b".into(), "a".into()]
            )
        );
        let (kept, removed) = split(&releases(), 1, &["e", "b", "gone"]);
        assert_eq!(
            (kept, removed),
            (
                vec!["e".into(), "b".into()],
                vec!["d".into(), "c".into(), "a".into()]
            )
        );
    }
}
