//! The cache of compiled code: used when it is ours and whole, ignored in every other case, never trusted from elsewhere.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use runner_engine::plugin::{Plugin, PluginHost};
use serde_json::json;

use super::{
    components::official,
    conversation::{Conversation, context, nothing},
};

fn load(cache: &Path) -> Plugin {
    let host = PluginHost::new(Some(cache.to_path_buf())).expect("an engine");
    host.load("command", official()["command"]).expect("loads")
}

/// Whether it works, whatever it was made of.
fn works(plugin: &Plugin) -> bool {
    let (conversation, heard) = Conversation::by(nothing);
    let said = plugin.check(conversation, context(&json!({ "run": ["true"] }), false));
    said.is_ok_and(|said| said.is_err()) && heard.asked().len() == 1
}

fn only_file(cache: &Path) -> PathBuf {
    let mut files: Vec<_> = fs::read_dir(cache)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// What tells a file that was written anew from one that was left alone.
fn stamp(path: &Path) -> (u64, SystemTime) {
    let metadata = fs::metadata(path).expect("a file");
    (metadata.ino(), metadata.modified().expect("a time"))
}

#[test]
fn is_written_once_for_this_user_alone_and_used_from_then_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("runner/compiled");
    assert!(works(&load(&cache)));
    let file = only_file(&cache);
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&cache), mode(&file)), (0o700, 0o600));
    let first = stamp(&file);
    assert!(works(&load(&cache)));
    assert_eq!(
        stamp(&only_file(&cache)),
        first,
        "the second time it is not compiled again"
    );
}

#[test]
fn is_not_used_where_others_could_have_written_it() {
    for loosen in ["file", "folder", "link"] {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = folder.path().join("compiled");
        load(&cache);
        let file = only_file(&cache);
        let first = stamp(&file);
        match loosen {
            "file" => fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("set"),
            "folder" => fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).expect("set"),
            _ => {
                let elsewhere = folder.path().join("elsewhere.cwasm");
                fs::rename(&file, &elsewhere).expect("moved");
                std::os::unix::fs::symlink(&elsewhere, &file).expect("linked");
            }
        }
        assert!(works(&load(&cache)), "{loosen}");
        assert_ne!(stamp(&file), first, "{loosen}: it was compiled again");
    }
}

#[test]
fn of_another_component_or_damaged_is_compiled_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("compiled");
    load(&cache);
    let file = only_file(&cache);
    let good = fs::read(&file).expect("a file");
    for damage in [&b""[..], b"not compiled code", &good[..good.len() / 2]] {
        fs::write(&file, damage).expect("written");
        assert!(works(&load(&cache)), "{} bytes", damage.len());
        assert_eq!(
            fs::read(&file).expect("a file").len(),
            good.len(),
            "it was mended"
        );
    }
    // Another component has another file, and never this one.
    let host = PluginHost::new(Some(cache.clone())).expect("an engine");
    host.load("file", official()["file"]).expect("loads");
    assert_eq!(fs::read_dir(&cache).expect("a folder").count(), 2);
}

#[test]
fn that_cannot_be_written_is_done_without() {
    let folder = tempfile::tempdir().expect("a folder");
    let blocked = folder.path().join("a-file");
    fs::write(&blocked, "").expect("written");
    assert!(works(&load(&blocked.join("compiled"))));
}
