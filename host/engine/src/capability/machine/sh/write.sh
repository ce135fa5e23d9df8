# $1: path. $2: file beside it. $3: bytes. $4: SHA-256. $5: `replace` or `create`. $6: mode, or nothing.
receive "$2" "$3" "$4"
# Without a mode it gets the one of new files.
chmod "${6:-=rw}" -- "$new" || exit 1
sync -- "$new" || exit 1
lock 60
if [ "$5" = replace ]; then
    mv -f -T -- "$new" "$1" || exit 1
elif ! said=$(ln -T -- "$new" "$1" 2>&1); then
    { [ -e "$1" ] || [ -L "$1" ]; } && tell exists
    printf '%s\n' "$said" >&2
    exit 1
fi
# Done it is; where a folder may not be read it cannot be synced.
sync -- "${1%/*}/" 2>/dev/null || :
