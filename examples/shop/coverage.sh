#!/bin/sh
# Runs the unit tests instrumented and writes the lines that they ran to target/coverage/lcov.info.
#
# Needs `profraw-lcov` (tools/lcov of runner's repository) on PATH, or its path in PROFRAW_LCOV; no LLVM tools.
# It builds in a folder of its own: the flags would make cargo build everything else again.
set -eu
cd "$(dirname "$0")"
root=$(pwd -P)
out=$root/target/coverage
tool=${PROFRAW_LCOV:-profraw-lcov}

command -v "$tool" >/dev/null || {
    echo "error: \`$tool\` is not a program; put profraw-lcov on PATH or its path in PROFRAW_LCOV" >&2
    exit 1
}
mkdir -p "$out"
rm -f "$out"/*.profraw "$out/lcov.info"

RUSTFLAGS=-Cinstrument-coverage CARGO_TARGET_DIR=$out \
    cargo test --locked --lib --no-run --message-format=json-render-diagnostics >"$out/build.json"
program=$(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' "$out/build.json")
LLVM_PROFILE_FILE=$out/shop-%p.profraw "$program" --quiet
"$tool" --profile "$out"/*.profraw --object "$program" --root "$root" --output "$out/lcov.info"
