#!/bin/sh
# usage: sh make-repo.sh DEST
#
# Makes a git repository of the shop at DEST, a folder that is not there yet or is empty: tag v0.1.0 on an early
# commit, then the patches of this folder, each a commit. The last commit is the shop as it is now. Names, dates
# and settings are fixed, so the same sources always give the same commits.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
shop=$(dirname "$here")
dest=${1:?usage: sh make-repo.sh DEST}
. "$here/commit.sh"

if [ -e "$dest" ] && [ -n "$(ls -A "$dest")" ]; then
    echo "error: \`$dest\` is not empty" >&2
    exit 1
fi
mkdir -p "$dest/tests"
dest=$(cd "$dest" && pwd -P)

cd "$shop"
cp -R Cargo.toml Cargo.lock rustfmt.toml .gitignore README.md coverage.sh forbidden.sh src "$dest/"
cp -R tests/metrics_contract "$dest/tests/"
if [ -f runner.toml ]; then cp runner.toml "$dest/"; fi

cd "$dest"
in_repo -c init.defaultBranch=main init --quiet
# For what is committed and tagged here later, by whoever releases it.
in_repo config user.name "$GIT_AUTHOR_NAME"
in_repo config user.email "$GIT_AUTHOR_EMAIL"
in_repo config commit.gpgsign false
in_repo config tag.gpgsign false
for patch in $(ls "$here"/[0-9]*.patch | sort -r); do
    in_repo apply --reverse "$patch"
done

in_repo add .gitignore Cargo.toml Cargo.lock rustfmt.toml
if [ -f runner.toml ]; then in_repo add runner.toml; fi
commit 2026-03-02T09:00:00+0300 'chore: an empty project'
in_repo add --all
commit 2026-03-03T11:30:00+0300 'feat: a shop with a catalogue, a checkout and metrics'
in_repo tag --annotate --message 'v0.1.0' v0.1.0

patched 2026-03-10T10:05:00+0300 01-coffee-grinder.patch 'feat: sell a coffee grinder (#12)'
patched 2026-03-11T16:40:00+0300 02-an-order-of-nothing.patch 'fix(orders): refuse an order of no pieces'
patched 2026-03-12T09:15:00+0300 03-where-to-read.patch 'docs: say where to start reading'
patched 2026-03-13T18:20:00+0300 04-russian-greeting.patch 'feat(pages): приветствие на главной странице (#15)'
