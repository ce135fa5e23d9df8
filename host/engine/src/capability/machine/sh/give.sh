# $1: path. $2: `folder`, given as an archive, or not.
if [ "$2" = folder ]; then
    need tar
    tar -c -C "$1" -f - .
else
    cat -- "$1"
fi
