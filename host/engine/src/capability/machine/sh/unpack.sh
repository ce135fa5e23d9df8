# $1: path. $2: file beside it, for the archive. $3: bytes. $4: SHA-256. $5, $6: folders beside it, for the new and the old.
need tar
receive "$2" "$3" "$4"
archive=$new
new=$5
mkdir -- "$new" || exit 1
tar -x -p --no-same-owner -f "$archive" -C "$new" || exit 1
lock 60
if [ -e "$1" ] || [ -L "$1" ]; then
    mv -T -- "$1" "$6" || exit 1
    mv -T -- "$new" "$1" || {
        mv -T -- "$6" "$1"
        exit 1
    }
    rm -rf -- "$6"
else
    mv -T -- "$new" "$1" || exit 1
fi
# Done it is; where a folder may not be read it cannot be synced.
sync -- "${1%/*}/" 2>/dev/null || :
