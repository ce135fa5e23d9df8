# $1: path. Tells what it is.
there "$1"
[ -e "$1" ] || tell none
if [ -d "$1" ]; then
    tell folder
elif [ -f "$1" ]; then
    [ -x "$1" ] && tell executable
    tell file
fi
tell odd
