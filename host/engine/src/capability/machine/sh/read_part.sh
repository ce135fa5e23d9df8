# $1: path. $2: the first byte, counted from 1. $3: bytes at most.
there "$1"
[ -e "$1" ] || tell none
[ -f "$1" ] || tell odd
size=$(wc -c <"$1") || exit 1
[ "$size" -ge "$2" ] || exit 0
tail -c "+$2" -- "$1" | head -c "$3" || exit 1
