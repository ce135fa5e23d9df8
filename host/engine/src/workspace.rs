//! The folder that a run is about, and what lies inside it.

use std::{
    ffi::OsString,
    io,
    path::{Component, Path, PathBuf},
};

use runner_core::fault::Fault;

/// The folder of the project, with all links of its own path resolved.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace at `root`, which must be a folder.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        match root.is_dir() {
            true => Ok(Self { root }),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `path` leads once `..` and links are resolved; denied when that is outside. It need not exist.
    pub fn inside(&self, path: &str) -> Result<PathBuf, Fault> {
        let resolved = resolve(&self.root.join(path)).filter(|resolved| resolved.starts_with(&self.root));
        resolved.ok_or_else(|| Fault::Denied {
            message: format!(
                "`{path}` is outside the workspace `{}`: only files in it can be named",
                self.root.display()
            ),
        })
    }

    /// An absolute path as it is (the grant names it), any other as [`Workspace::inside`].
    pub fn place(&self, path: &str) -> Result<PathBuf, Fault> {
        match Path::new(path).is_absolute() {
            true => Ok(PathBuf::from(path)),
            false => self.inside(path),
        }
    }
}

/// Resolves the part of a path that exists; the rest must go down only.
fn resolve(path: &Path) -> Option<PathBuf> {
    let mut rest: Vec<OsString> = Vec::new();
    let mut existing = path;
    loop {
        if let Ok(mut resolved) = existing.canonicalize() {
            resolved.extend(rest.iter().rev());
            return Some(resolved);
        }
        // A link that leads nowhere: what it would lead to once something is there, nobody can say.
        if existing.is_symlink() {
            return None;
        }
        match existing.components().next_back()? {
            Component::Normal(name) => rest.push(name.to_owned()),
            _ => return None,
        }
        existing = existing.parent()?;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_is_inside_is_inside() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("exists");
        let work = root.join("work");
        std::fs::create_dir_all(work.join("a/b")).expect("made");
        std::fs::create_dir(root.join("work-too")).expect("made");
        std::fs::write(root.join("outside"), "x").expect("written");
        symlink("../outside", work.join("out")).expect("linked");
        symlink("..", work.join("up")).expect("linked");
        symlink("../new", work.join("dangling")).expect("linked");
        symlink("a/b", work.join("down")).expect("linked");
        let workspace = Workspace::open(&work).expect("a workspace");
        let inside = |path: &str| workspace.inside(path).ok();
        assert_eq!(inside("a/b/../c/new.txt"), Some(work.join("a/c/new.txt")));
        assert_eq!(inside("down/file"), Some(work.join("a/b/file")));
        assert_eq!(inside("."), Some(work.clone()));
        assert_eq!(
            inside(work.join("a").to_str().expect("UTF-8")),
            Some(work.join("a"))
        );
        for path in [
            "..",
            "../outside",
            "../work-too/x",
            "a/../../outside",
            "out",
            "up/outside",
            "up/new",
            "dangling",
            "/etc/passwd",
            "none/../../x",
            "",
        ] {
            let expected = if path.is_empty() { Some(work.clone()) } else { None };
            assert_eq!(inside(path), expected, "{path}");
        }
        let fault = workspace.inside("../outside").expect_err("denied").to_string();
        assert!(
            fault.starts_with("denied: `../outside` is outside the workspace `"),
            "{fault}"
        );
        assert_eq!(workspace.place("/etc/passwd"), Ok(PathBuf::from("/etc/passwd")));
        assert!(workspace.place("../outside").is_err());
    }
}
