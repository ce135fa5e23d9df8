# $1: path. $2: name beside it. $3: where it leads.
[ -L "$1" ] && [ "$(readlink -- "$1")" = "$3" ] && exit 0
[ -d "$1" ] && ! [ -L "$1" ] && tell folder
lock 60
mkdir -p -- "${1%/*}/" || exit 1
trap 'rm -f -- "$new"' EXIT
new=$2
ln -s -- "$3" "$new" && mv -f -T -- "$new" "$1" || exit 1
# Done it is; where a folder may not be read it cannot be synced.
sync -- "${1%/*}/" 2>/dev/null || :
