//! Files that appear whole or not at all: written beside their place, then moved there.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// How the names of files begin that are not in their place yet. A crash may leave one behind.
pub(crate) const PREFIX: &str = ".runner-tmp-";

/// A name beside `target` that nothing has.
pub(crate) fn free_name(target: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = target.with_file_name(format!("{PREFIX}{}-{count}", std::process::id()));
        if path.symlink_metadata().is_err() {
            return path;
        }
    }
}

/// A file on its way to its place; removed when it does not get there.
pub(crate) struct Unplaced {
    target: PathBuf,
    path: PathBuf,
    /// Where to write.
    pub(crate) file: File,
}

impl Unplaced {
    /// Begins a file for `target`. Folders above it are made.
    pub(crate) fn new(target: &Path) -> io::Result<Self> {
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let path = free_name(target);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self {
            target: target.to_owned(),
            path,
            file,
        })
    }

    /// Sets Unix permission bits.
    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        self.file.set_permissions(Permissions::from_mode(mode & 0o7777))
    }

    /// Moves it to its place, over what is there.
    pub(crate) fn replace(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        sync_folder(&self.target)
    }

    /// Moves it to another place of the same file system, over what is there. Folders above it are made.
    pub(crate) fn move_to(mut self, target: &Path) -> io::Result<()> {
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        target.clone_into(&mut self.target);
        self.replace()
    }

    /// Moves it to its place unless something is there; tells whether it did.
    pub(crate) fn create(self) -> io::Result<bool> {
        self.file.sync_all()?;
        match fs::hard_link(&self.path, &self.target) {
            Ok(()) => sync_folder(&self.target).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Unplaced {
    fn drop(&mut self) {
        // Gone already when it was renamed.
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes a whole file, over what is there. Without a mode it gets the one of new files.
pub(crate) fn replace(target: &Path, content: &[u8], mode: Option<u32>) -> io::Result<()> {
    let mut file = Unplaced::new(target)?;
    file.file.write_all(content)?;
    if let Some(mode) = mode {
        file.set_mode(mode)?;
    }
    file.replace()
}

/// Makes a new name in a folder survive the loss of power.
pub(crate) fn sync_folder(child: &Path) -> io::Result<()> {
    match child.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
