//! Of commands for profiles and plugins.

use super::own;

#[test]
fn of_profiles_and_plugins() {
    insta::assert_snapshot!(own(&["profile"]), @r"
    List, show and check profiles

    Usage: runner profile [OPTIONS] <COMMAND>

    Commands:
      list    List the built-in profiles
      show    Print the profile with where each value was written
      check   Check the profile and the config of every plugin in it
      schema  Print the JSON Schema of runner.toml, for editors
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    ...
    ");
    insta::assert_snapshot!(own(&["profile", "show"]), @r"
    Print the profile with where each value was written

    Usage: runner profile show [OPTIONS]

    Options:
      -h, --help  Print help

    ...

    Examples:
      runner profile show                              all layers as one
      runner profile show --profile demo > runner.toml   a built-in one, to copy out and edit
    ");
    insta::assert_snapshot!(own(&["plugin"]), @r"
    List, make, check and trust plugins

    Usage: runner plugin [OPTIONS] <COMMAND>

    Commands:
      list     List the official plugins and the ones that the profile uses
      inspect  Show who a plugin is and what it asks for, without running it
      new      Make a new plugin: a Rust crate that builds and passes its own test
      build    Build a plugin crate as a component
      check    Load a plugin as a release would, and check what it says of itself
      trust    Let this project run a plugin: shows what it asks for, and writes runner.lock
      help     Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    ...
    ");
    insta::assert_snapshot!(own(&["plugin", "new"]), @r"
    Make a new plugin: a Rust crate that builds and passes its own test

    Usage: runner plugin new [OPTIONS] <NAME>

    Arguments:
      <NAME>  Lower-case letters, digits and `-`

    Options:
          --role <ROLE>  What it serves as: gate, notifier or metrics [default: gate]
      -h, --help         Print help

    ...

    Examples:
      runner plugin new no-friday
      runner plugin new acme-wiki --role notifier
      cd no-friday && cargo test && runner plugin build
    ");
    insta::assert_snapshot!(own(&["plugin", "build"]), @r"
    Build a plugin crate as a component

    Usage: runner plugin build [OPTIONS] [DIR]

    Arguments:
      [DIR]  The crate's folder [default: .]

    Options:
          --out <DIR>  Where NAME.wasm goes; without it, the crate's folder
      -h, --help       Print help

    ...
    ");
    insta::assert_snapshot!(own(&["plugin", "trust"]), @r"
    Let this project run a plugin: shows what it asks for, and writes runner.lock

    Usage: runner plugin trust [OPTIONS] <PATH>

    Arguments:
      <PATH>  The `.wasm` file

    Options:
      -h, --help  Print help

    ...

    A plugin that is not official runs only while its bytes and what it asks for are those of
    runner.lock. Commit that file.

    Examples:
      runner plugin trust ./acme-wiki.wasm
    ");
}
