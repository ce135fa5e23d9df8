# $1: path.
lock 60
rm -rf -- "$1"
