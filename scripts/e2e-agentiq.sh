#!/bin/sh
# usage: sh scripts/e2e-agentiq.sh [TRIAL...]
#
# The profile `agentiq` on a real server, a Debian of systemd-nspawn (scripts/vps.sh): set up from nothing, released, loaded,
# broken, killed and cut off. As root. With arguments, only the trials whose names contain them. `make e2e-agentiq` builds first.
#   RUNNER_E2E_KEPT     the folder for figures, screens and reports; without it, e2e/agentiq/kept below the target folder
#   RUNNER_E2E_POINTS   at how many appends to kill (40)
#   RUNNER_E2E_CUTS     how many sessions over SSH to cut (40)
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
points=${RUNNER_E2E_POINTS:-40}
cuts=${RUNNER_E2E_CUTS:-40}

# needs PROGRAM PACKAGE
needs() {
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null && return
    echo "error: \`$1\` is not installed: on Debian, \`apt-get install $2\`" >&2
    exit 1
}

if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
    echo 'error: the server of these tests is a container of systemd: run them as root on Linux, e.g. `sudo -E make e2e-agentiq`' >&2
    exit 1
fi
needs systemd-nspawn systemd-container
needs mmdebstrap mmdebstrap
needs nft nftables
needs ssh openssh-client
needs curl curl
needs python3 python3-venv
needs npm npm
needs faketime faketime
needs "${CHROMIUM:-/usr/bin/chromium}" chromium

if [ $# -gt 0 ]; then
    for trial in "$@"; do "$target/debug/agentiq" "$trial"; done
    exit
fi
"$target/debug/agentiq"
"$target/debug/crash-anywhere" --story server --jobs 3 --sample "$points"
"$target/debug/crash-anywhere" --story server --jobs 3 --sample "$cuts" --cut
