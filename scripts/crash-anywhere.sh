#!/bin/sh
# usage: sh scripts/crash-anywhere.sh [--sample N] [--seed S] [--jobs J] [--story release|rollback|server|server-rollback] [--cut] [--point after:17]
#
# Kills the releases of the demo (SIGKILL) right before and right after every append to the journal, resumes each, and
# compares the ends; fails on any difference. `make crash-anywhere` builds first.
set -eu
cd "$(dirname "$0")/.."
${CARGO:-cargo} build --quiet --workspace
target=${CARGO_TARGET_DIR:-target}
exec "$target/debug/crash-anywhere" "$@"
