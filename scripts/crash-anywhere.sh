#!/bin/sh
# usage: sh scripts/crash-anywhere.sh [--sample N | --part 1/2] [--seed S] [--jobs J] [--story release|rollback|server|server-rollback] [--cut] [--point after:17]
#
# Kills releases (SIGKILL) right before and right after every append to the journal, resumes each, and compares the ends;
# fails on any difference. With arguments, as they say; without, all there is, which takes hours: both releases of the demo,
# and AgentIQ's on a real server (as root on Linux), where every session over SSH is cut, too. `make crash-anywhere` builds first.
set -eu
cd "$(dirname "$0")/.."
${CARGO:-cargo} build --quiet --workspace
crash_anywhere=${CARGO_TARGET_DIR:-target}/debug/crash-anywhere

if [ $# -gt 0 ]; then exec "$crash_anywhere" "$@"; fi
"$crash_anywhere"
if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
    echo '!! SKIPPED: the releases to a real server, which is a container of systemd: run this as root on Linux, e.g. `sudo -E make crash-anywhere`' >&2
    exit
fi
"$crash_anywhere" --story server --jobs 4
"$crash_anywhere" --story server --jobs 4 --cut
"$crash_anywhere" --story server-rollback --jobs 4
