# Read by the scripts of this folder, after they set `here`: git without the settings of the person, and commits
# with a fixed author and date.

unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME='Agent Keeper' GIT_AUTHOR_EMAIL='keeper@agentiq.example'
export GIT_COMMITTER_NAME="$GIT_AUTHOR_NAME" GIT_COMMITTER_EMAIL="$GIT_AUTHOR_EMAIL"

in_repo() {
    git -c commit.gpgsign=false -c tag.gpgsign=false -c core.autocrlf=false -c core.hooksPath=/dev/null "$@"
}

# commit DATE SUBJECT: commits what was added.
commit() {
    export GIT_AUTHOR_DATE="$1" GIT_COMMITTER_DATE="$1"
    in_repo commit --quiet --message "$2"
}

# patched DATE PATCH SUBJECT: applies a patch of this folder and commits it.
patched() {
    in_repo apply --index "$here/$2"
    commit "$1" "$3"
}
