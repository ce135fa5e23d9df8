#!/bin/sh
# usage: sh make-repo.sh DEST
#
# Makes a git repository of the chat centre at DEST, a folder that is not there yet or is empty: tag v1.0.0, then a commit
# with a feature and a migration that adds only. Names, dates and settings are fixed: the same sources give the same commits.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
dest=${1:?usage: sh make-repo.sh DEST}
. "$here/commit.sh"

if [ -e "$dest" ] && [ -n "$(ls -A "$dest")" ]; then
    echo "error: \`$dest\` is not empty" >&2
    exit 1
fi
mkdir -p "$dest"
dest=$(cd "$dest" && pwd -P)

# Without what was installed and built in the folder of the example.
cd "$here/.."
tar -c --exclude node_modules --exclude dist --exclude .venv --exclude '__pycache__' --exclude '.*_cache' \
    --exclude chat.db --exclude .coverage --exclude '*.lcov' --exclude ./history . | tar -x -C "$dest"

cd "$dest"
in_repo -c init.defaultBranch=main init --quiet
# For what is committed and tagged here later, by whoever releases it.
in_repo config user.name "$GIT_AUTHOR_NAME"
in_repo config user.email "$GIT_AUTHOR_EMAIL"
in_repo config commit.gpgsign false
in_repo config tag.gpgsign false
in_repo add --all
commit 2026-03-03T11:30:00+0300 'feat: a chat centre with suggested answers'
in_repo tag --annotate --message v1.0.0 v1.0.0
patched 2026-03-10T10:05:00+0300 feature.patch 'feat(analyzer): answer what things are made of (#12)'
