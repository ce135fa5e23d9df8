# $1: path. Four texts an entry, each ended by a zero byte: name, kind, size, where a link leads.
there "$1"
[ -e "$1" ] || tell none
[ -d "$1" ] || tell odd
find "$1/." -mindepth 1 -maxdepth 1 -printf '%f\0%y\0%s\0%l\0'
