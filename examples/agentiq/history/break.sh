#!/bin/sh
# usage: sh break.sh REPO NAME
#
# Commits a fault to a repository of make-repo.sh, to see how its release ends. All tests of the repository pass, and staging
# is well: what breaks, breaks in production only (`migration`: where there are chats).
#   health      starts, and is never healthy
#   start       is healthy, and ends after three seconds
#   suggestion  is healthy, and suggests what the guardrails forbid: the smoke test fails
#   migration   a migration that fails half-way
#   drop        a migration that cannot be undone, and a smoke test that fails after it
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
repo=${1:?usage: sh break.sh REPO NAME}
name=${2:?usage: sh break.sh REPO NAME}
. "$here/commit.sh"
if [ ! -f "$here/break-$name.patch" ]; then
    echo "error: there is no fault \`$name\`; read the head of $0" >&2
    exit 2
fi
cd "$repo"
patched 2026-03-17T12:00:00+0300 "break-$name.patch" "feat: something that breaks ($name)"
