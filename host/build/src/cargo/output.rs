//! Puts a component on disk: whole or not at all, and only when it differs.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

/// Writes `content` to `path` and makes its folder; says whether the file was new or different.
///
/// Unchanged content leaves the file's time alone, so nothing that depends on it is built again.
///
/// # Errors
/// When the folder or the file cannot be written.
pub(super) fn write(path: &Path, content: &[u8]) -> io::Result<bool> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::with_prefix_in(".component-", folder)?;
    file.write_all(content)?;
    readable_by_all(file.as_file())?;
    file.persist(path)?;
    Ok(true)
}

/// A temporary file is for its owner alone; a component is like any other file that a build makes.
#[cfg(unix)]
fn readable_by_all(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

/// In lower-case hex.
pub(super) fn sha256(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn writes_new_and_different_content_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugins/tests.wasm");
        assert!(write(&path, b"one").unwrap());
        let past = SystemTime::now() - Duration::from_secs(3600);
        fs::File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(past)
            .unwrap();

        assert!(!write(&path, b"one").unwrap());
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), past);

        assert!(write(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(
            path.parent().unwrap().read_dir().unwrap().count(),
            1,
            "no temporary file stays"
        );
    }

    #[test]
    fn the_digest_is_hex() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }
}
