//! Reads from cargo's JSON messages which `.wasm` file it made for which package.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::path::PathBuf;

use serde::Deserialize;

/// The core module of each package, by the package's id.
pub(super) type Modules = BTreeMap<String, PathBuf>;

/// The part of a message that matters; every other kind of message lacks these fields.
#[derive(Deserialize)]
struct Artifact {
    reason: String,
    package_id: String,
    target: Target,
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

/// Reads all messages of one build, whether files were made afresh or not.
///
/// # Errors
/// When the stream cannot be read; it is read to its end if possible.
pub(super) fn modules(messages: impl BufRead) -> io::Result<Modules> {
    let mut modules = Modules::new();
    for line in messages.lines() {
        // Anything else on stdout, such as the output of a wrapper, is not for us.
        let Ok(artifact) = serde_json::from_str::<Artifact>(&line?) else {
            continue;
        };
        if artifact.reason != "compiler-artifact" || !artifact.target.kind.iter().any(|kind| kind == "cdylib")
        {
            continue;
        }
        let wasm = artifact
            .filenames
            .into_iter()
            .find(|file| file.extension().is_some_and(|e| e == "wasm"));
        if let Some(file) = wasm {
            modules.insert(artifact.package_id, file);
        }
    }
    Ok(modules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_wasm_files_of_cdylibs() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","package_id":"p#sdk@1","target":{"kind":["lib"],"crate_types":["lib"]},"#,
            r#""filenames":["/t/libsdk.rlib"],"fresh":true}"#,
            "\n",
            r#"{"reason":"build-script-executed","package_id":"p#serde@1"}"#,
            "\nsccache: hello\n",
            r#"{"reason":"compiler-artifact","package_id":"p#tests@1","target":{"kind":["cdylib","rlib"],"#,
            r#""crate_types":["cdylib","rlib"]},"filenames":["/t/libtests.rlib","/t/tests.wasm"],"fresh":false}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\n",
        );
        let expected = Modules::from([("p#tests@1".to_owned(), PathBuf::from("/t/tests.wasm"))]);
        assert_eq!(modules(messages.as_bytes()).unwrap(), expected);
    }
}
