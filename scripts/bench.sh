#!/bin/sh
# usage: sh scripts/bench.sh
#
# What runner costs, beside what the machine itself takes for the same; `make bench` builds first. Figures are of the
# profile `dev`, in which dependencies are optimised a little and our own code is not:
#   RUNNER_BENCH_PROFILE=release sh scripts/bench.sh      as it is installed; compiles everything once more
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
profile=${RUNNER_BENCH_PROFILE:-dev}
case $profile in dev) folder=debug ;; *) folder=$profile ;; esac
target=$("$cargo" metadata --format-version 1 --no-deps --offline | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
"$cargo" build --quiet --workspace --profile "$profile"
printf 'machine: %s, %s processors; %s, %s; profile %s\n\n' "$(uname -sm)" "$(getconf _NPROCESSORS_ONLN)" \
    "$(git --version)" "$(rustc --version)" "$profile"
RUNNER_BENCH_BINARY=$target/$folder/runner "$cargo" bench --quiet -p runner-engine --bench cost --profile "$profile"
