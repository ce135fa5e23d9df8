//! Files: globs of the workspace, and folders of machines. Paths are compared as text; links are the host's business.

use globset::{Glob, GlobBuilder};

/// A path of the workspace without `.` and doubled slashes, or why it is none.
pub(super) fn in_workspace(path: &str) -> Result<String, String> {
    let place = Place::parse(path)?;
    if place.absolute
        || path.contains('\\')
        || path.split('/').next().is_some_and(|first| first.ends_with(':'))
    {
        return Err(format!("`{path}` is not relative to the workspace"));
    }
    if place.parts.is_empty() {
        return Err(format!("`{path}` names no file"));
    }
    Ok(place.parts.join("/"))
}

/// A pattern of the workspace's files, or why it is none.
pub(super) fn pattern_in_workspace(pattern: &str) -> Result<String, String> {
    // In braces two dots need not be a segment of their own.
    if pattern.contains("..") {
        return Err(format!("`{pattern}` holds `..`"));
    }
    glob(pattern).map_err(|error| format!("`{pattern}` is no pattern: {error}"))?;
    in_workspace(pattern)
}

/// Whether a granted glob covers a file.
pub(super) fn glob_covers(granted: &str, path: &str) -> bool {
    glob(plain(granted)).is_ok_and(|glob| glob.compile_matcher().is_match(path))
}

/// Whether a granted glob covers everything that a pattern can match.
pub(super) fn glob_covers_pattern(granted: &str, pattern: &str) -> bool {
    let granted = plain(granted);
    if granted == pattern || granted == "**" || granted == "**/*" {
        return true;
    }
    if let Some(folder) = granted.strip_suffix("/**").filter(|folder| !is_glob(folder)) {
        return pattern
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'));
    }
    !is_glob(pattern) && glob_covers(granted, pattern)
}

/// Whether a granted glob of names covers a name.
pub(super) fn name_covers(granted: &str, name: &str) -> bool {
    glob(granted).is_ok_and(|glob| glob.compile_matcher().is_match(name))
}

/// A glob where `*` stays within a folder.
pub(super) fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).build()
}

fn plain(granted: &str) -> &str {
    granted.trim_start_matches("./")
}

fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{', '\\'])
}

/// A path in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    absolute: bool,
    parts: Vec<String>,
}

impl Place {
    /// Reads a path that does not go up.
    pub(super) fn parse(path: &str) -> Result<Self, String> {
        if path.is_empty() || path.contains('\0') {
            return Err(format!("`{path}` is no path"));
        }
        if path.split(['/', '\\']).any(|part| part == "..") {
            return Err(format!("`{path}` holds `..`"));
        }
        let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
        Ok(Self {
            absolute: path.starts_with('/'),
            parts: parts.map(str::to_owned).collect(),
        })
    }

    /// Where a link at this place leads that says `to`. A relative one may go up, as links do.
    pub(super) fn link_target(&self, to: &str) -> Result<Self, String> {
        if to.starts_with('/') {
            return Self::parse(to);
        }
        if to.is_empty() || to.contains('\0') {
            return Err(format!("`{to}` is no path"));
        }
        let mut parts = self.parts.clone();
        parts.pop();
        for part in to.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part != ".." {
                parts.push(part.to_owned());
            } else if parts.pop().is_none() {
                return Err(format!("the link to `{to}` leads out of every folder"));
            }
        }
        Ok(Self {
            absolute: self.absolute,
            parts,
        })
    }

    /// Whether this is a granted folder or below one.
    pub(super) fn is_below(&self, folder: &str) -> bool {
        Self::parse(folder)
            .is_ok_and(|folder| folder.absolute == self.absolute && self.parts.starts_with(&folder.parts))
    }

    /// As text.
    pub(super) fn text(&self) -> String {
        let start = if self.absolute { "/" } else { "" };
        format!("{start}{}", self.parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_of_the_workspace() {
        for (granted, path, covered) in [
            ("coverage.xml", "coverage.xml", true),
            ("coverage.xml", "./coverage.xml", true),
            ("./coverage.xml", "coverage.xml", true),
            ("coverage.xml", "Coverage.xml", false),
            ("coverage.xml", "sub/coverage.xml", false),
            ("src/*.rs", "src/a.rs", true),
            ("src/*.rs", "src/a/b.rs", false),
            ("src/**", "src/a/b.rs", true),
            ("src/**", "src//a/./b.rs", true),
            ("src/**", "src/../secrets", false),
            ("src/**", "../src/a", false),
            ("src/**", "/src/a", false),
            ("**", "/etc/passwd", false),
            ("**", "C:/x", false),
            ("**", "a\\..\\b", false),
            ("**", "", false),
            ("[", "[", false),
        ] {
            let is = in_workspace(path).is_ok_and(|path| glob_covers(granted, &path));
            assert_eq!(is, covered, "{granted} / {path}");
        }
    }

    #[test]
    fn patterns_within_patterns() {
        for (granted, pattern, covered) in [
            ("src/*.rs", "src/*.rs", true),
            ("src/*.rs", "./src/*.rs", true),
            ("src/*.rs", "src/*", false),
            ("src/*.rs", "src/main.rs", true),
            ("src/**", "src/**/*.rs", true),
            ("src/**", "src2/*.rs", false),
            ("src/**", "{src/a,etc/b}", false),
            ("src/**", "src/{a,../b}", false),
            ("**", "**/*.toml", true),
            ("s*/**", "src/*", false),
        ] {
            let is =
                pattern_in_workspace(pattern).is_ok_and(|pattern| glob_covers_pattern(granted, &pattern));
            assert_eq!(is, covered, "{granted} / {pattern}");
        }
    }

    #[test]
    fn folders_of_machines() {
        for (folder, path, covered) in [
            ("/srv/shop", "/srv/shop/releases/1", true),
            ("/srv/shop/", "/srv//shop/./x", true),
            ("/srv/shop", "/srv/shop", true),
            ("/srv/shop", "/srv/shopping", false),
            ("/srv/shop", "/srv", false),
            ("/srv/shop", "/srv/shop/../x", false),
            ("/srv/shop", "srv/shop/x", false),
            ("/srv/../etc", "/etc/x", false),
            (".demo", ".demo/prod", true),
            (".demo", "/.demo/prod", false),
            ("/", "/anything", true),
            ("", "/anything", false),
        ] {
            let is = Place::parse(path).is_ok_and(|place| place.is_below(folder));
            assert_eq!(is, covered, "{folder} / {path}");
        }
    }

    #[test]
    fn links_lead_somewhere() {
        let link = Place::parse("/srv/shop/current").expect("fine");
        let to = |to: &str| link.link_target(to).map(|place| place.text());
        assert_eq!(to("releases/1"), Ok("/srv/shop/releases/1".into()));
        assert_eq!(to("../other"), Ok("/srv/other".into()));
        assert_eq!(to("/etc"), Ok("/etc".into()));
        assert!(to("../../../x").is_err());
        assert!(to("/srv/../etc").is_err());
    }
}
