# $1: seconds. Waits until no attempt of the effect is under way.
lock "$1"
