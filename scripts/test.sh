#!/bin/sh
# usage: sh scripts/test.sh [SECTION...]
#
# Everything that CI checks, in this order; with arguments, only the named sections. `make test` builds first.
# CI=true: what is not installed is an error; on a developer's machine it is told and left out.
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
sections=${*:-format lint tests examples crash-anywhere}
times=

# skipped WHAT HOW: something that is not installed.
skipped() {
    if [ "${CI:-}" = true ]; then
        echo "error: $1 is not installed: $2" >&2
        exit 1
    fi
    printf '\n!! SKIPPED: %s is not installed: %s\n' "$1" "$2" >&2
}

has() { "$cargo" "$1" --version >/dev/null 2>&1; }

format() { "$cargo" fmt --all -- --check; }

lint() {
    if has clippy; then
        "$cargo" clippy --quiet --workspace --all-targets -- --deny warnings
    else
        skipped clippy '`rustup component add clippy`, or on Debian `apt-get install rust-clippy`'
    fi
}

tests() {
    # The binary that the tests run in scratch repositories is the one that is tested.
    "$cargo" build --quiet --workspace
    if has nextest; then
        profile=default
        if [ "${CI:-}" = true ]; then profile=ci; fi
        "$cargo" nextest run --workspace --no-fail-fast --profile "$profile"
        # Of most crates it says only that there are none.
        documented=$("$cargo" test --quiet --workspace --doc 2>&1) || {
            printf '%s\n' "$documented" >&2
            exit 1
        }
    else
        "$cargo" test --workspace
    fi
}

# Each example is a project of its own.
examples() {
    for manifest in examples/*/Cargo.toml; do
        (
            cd "$(dirname "$manifest")"
            "$cargo" fmt -- --check
            if has clippy; then "$cargo" clippy --quiet --offline --all-targets -- --deny warnings; fi
            "$cargo" test --quiet --offline
        )
    done
}

crash_anywhere() { sh scripts/crash-anywhere.sh --sample 64 --jobs 1; }

for section in $sections; do
    printf '\n==== %s ====\n' "$section"
    began=$(date +%s)
    case $section in
    format | lint | tests | examples) "$section" ;;
    crash-anywhere) crash_anywhere ;;
    *)
        echo "error: there is no section \`$section\`: format, lint, tests, examples, crash-anywhere" >&2
        exit 2
        ;;
    esac
    times="$times$(printf '%-16s %4d s' "$section" $(($(date +%s) - began)))
"
done
printf '\n==== all passed ====\n%s' "$times"
