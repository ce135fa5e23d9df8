#!/bin/sh
# usage: sh break-checkout.sh REPO
#
# Adds a feature with a plausible bug to a repository of make-repo.sh: each twentieth order gets 20 euro off, and
# one that costs less panics and is answered with status 500. The unit tests, and so the gate, still pass.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
cd "${1:?usage: sh break-checkout.sh REPO}"
. "$here/commit.sh"

patched 2026-03-20T14:00:00+0300 break-checkout.patch 'feat(checkout): loyalty discount on every twentieth order (#21)'
