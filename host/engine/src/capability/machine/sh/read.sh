# $1: path. $2: bytes at most.
there "$1"
[ -e "$1" ] || tell none
[ -f "$1" ] || tell odd
size=$(wc -c <"$1") || exit 1
[ "$size" -le "$2" ] || tell long "$size"
head -c "$2" -- "$1" || exit 1
