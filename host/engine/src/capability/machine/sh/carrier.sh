# Before every script: $runner_nonce and $runner_effect are set. 3: where the end is told. 4: what follows the script.
exec 3>&2 4<&0 </dev/null

# Tells how it ended. The first word that is told counts.
tell() {
    printf '%s %s\n' "$runner_nonce" "$*" >&3
    exit 0
}

# Makes sure of programs that not every machine has.
need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null || tell tool "$tool"
    done
}

# Waits, for so many seconds, until no other attempt of this effect is under way here. 9: held until the end.
lock() {
    need flock find
    locks=${HOME:?}/.cache/runner/effects
    (umask 077 && mkdir -p "$locks" && chmod 700 "$locks" && : >"$locks/$runner_effect") 2>/dev/null || tell home "$locks"
    exec 9>"$locks/$runner_effect"
    flock -w "$1" 9 || tell busy
    find "$locks" -type f -mtime +1 -exec rm -f {} + 2>/dev/null || :
}

# Tells `none` where nothing is at a path, which is not the same as not being allowed to look.
there() {
    said=$(LC_ALL=C ls -ld -- "$1" 2>&1 >/dev/null) && return
    case $said in
    *'No such file or directory' | *'Not a directory') tell none ;;
    esac
    printf '%s\n' "$said" >&2
    exit 1
}

# Takes what follows the script into the new file $1, of $2 bytes with the SHA-256 $3; removed at the end.
receive() {
    need sha256sum
    mkdir -p -- "${1%/*}/" || exit 1
    # Also where nobody hears any more how it ended.
    trap '' PIPE
    trap 'rm -rf -- "$new" "$archive"' EXIT
    new=$1
    (umask 077 && set -C && cat <&4 >"$new") || exit 1
    [ "$(wc -c <"$new")" -eq "$2" ] || tell cut
    sum=$(sha256sum <"$new") || exit 1
    [ "${sum%% *}" = "$3" ] || tell digest
}
