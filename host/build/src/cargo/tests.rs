//! Which crates are chosen, and what cargo is told.

use super::*;

fn workspace() -> Metadata {
    let package = |name: &str, folder: &str, kind: &str| {
        format!(
            r#"{{"id":"path+file:///w/{folder}#{name}@0.1.0","name":"{name}","manifest_path":"/w/{folder}/Cargo.toml",
                "targets":[{{"kind":["{kind}"]}}]}}"#
        )
    };
    let packages = [
        package("runner-core", "host/core", "lib"),
        package("tests", "plugins/tests", "cdylib"),
        package("compose", "plugins/compose", "cdylib"),
        package("shared", "plugins/shared", "lib"),
        package("plugins-guide", "plugins-guide", "cdylib"),
    ];
    let json = format!(
        r#"{{"packages":[{}],"workspace_root":"/w","target_directory":"/w/target"}}"#,
        packages.join(",")
    );
    Metadata::parse(&json).unwrap()
}

fn request(selection: Selection) -> Request {
    Request {
        dir: "/w".into(),
        selection,
        profile: None,
        target_dir: None,
        out_dir: "/out".into(),
    }
}

fn names(selection: Selection) -> Result<Vec<String>, String> {
    let metadata = workspace();
    let packages = select(&metadata, &request(selection)).map_err(|error| error.to_string())?;
    Ok(packages.iter().map(|package| package.name.clone()).collect())
}

#[test]
fn a_folder_selects_its_plugins_in_order() {
    assert_eq!(
        names(Selection::Below("plugins".into())).unwrap(),
        ["compose", "tests"]
    );
}

#[test]
fn names_select_once() {
    let selection = Selection::Packages(vec!["tests".into(), "compose".into(), "tests".into()]);
    assert_eq!(names(selection).unwrap(), ["compose", "tests"]);
}

#[test]
fn what_is_no_plugin_is_refused() {
    let error = |selection| names(selection).unwrap_err();
    insta::assert_snapshot!(error(Selection::Packages(vec!["runner-core".into()])), @"package `runner-core` makes no plugin: its `[lib]` needs `crate-type = [\"cdylib\"]`");
    insta::assert_snapshot!(error(Selection::Packages(vec!["nope".into()])), @"no package `nope` in the workspace");
    insta::assert_snapshot!(error(Selection::Below("examples".into())), @"no crate below `/w/examples` builds a plugin (a library with `crate-type = [\"cdylib\"]`)");
}

#[test]
fn one_cargo_builds_all_in_a_folder_of_its_own() {
    let metadata = workspace();
    let request = request(Selection::Below("plugins".into()));
    let packages = select(&metadata, &request).unwrap();
    let command = command(&metadata, &packages, &request);
    let arguments: Vec<_> = command
        .get_args()
        .map(|argument| argument.to_string_lossy())
        .collect();
    insta::assert_snapshot!(arguments.join(" "), @"build --lib --profile release --target wasm32-unknown-unknown --message-format=json-render-diagnostics --target-dir /w/target/wasm --package path+file:///w/plugins/compose#compose@0.1.0 --package path+file:///w/plugins/tests#tests@0.1.0");
    assert_eq!(command.get_current_dir(), Some(Path::new("/w")));
}

#[test]
fn a_crate_of_its_own_is_built_with_release() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[package]\nname = \"acme-gate\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n";
    fs::create_dir_all(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "").unwrap();

    let metadata = Metadata::read(folder.path()).unwrap();
    let request = Request {
        dir: folder.path().into(),
        ..request(Selection::Here)
    };
    let packages = select(&metadata, &request).unwrap();
    assert_eq!(
        packages.iter().map(|package| &package.name).collect::<Vec<_>>(),
        ["acme-gate"]
    );
    assert_eq!(metadata.profile(), "release");
}
