# $1: folder, or nothing. $2: seconds that the program may take. $3: seconds to wait for an earlier attempt, or nothing.
# The rest: program and arguments. Set before: environment(), and $input in base64 unless there is none.
cwd=$1 limit=$2 patience=$3
shift 3
need timeout base64
timeout=$(command -v timeout)
# What this shell itself would say of a program that was killed is not the program's.
exec 2>/dev/null
[ -z "$cwd" ] || cd "$cwd" || tell folder

# In the foreground: a shell lets a program in the background ignore Ctrl-C for good.
run() {
    exec 5<&0
    [ -z "$patience" ] || lock "$patience"
    (
        # This process becomes `timeout`, which ends all that it started, softly first. When it is gone, so is the other
        # end of what is read here, or soon.
        self=$(exec /bin/sh -c 'echo $PPID')
        (
            while read -r word; do
                [ "$word" = stop ] || continue
                kill -TERM "$self"
                tries=0
                while [ "$tries" -lt 50 ] && kill -0 "$self"; do
                    sleep 0.1
                    tries=$((tries + 1))
                done
                # What it started and what did not heed TERM: `timeout` leads their group.
                kill -KILL "-$self"
            done
        ) <&4 >/dev/null 3>&- 4<&- 5<&- 9>&- &
        set -- "$timeout" -k 5 "$limit" /bin/sh -c 'exec "$@" 3>&- 4<&- 5<&- 9>&-' sh "$@"
        # From here on its variables may have any name, and any PATH counts.
        environment
        case $9 in
        */*)
            [ -e "$9" ] || tell program none
            { [ -f "$9" ] && [ -x "$9" ]; } || tell program mode
            ;;
        *) command -v "$9" >/dev/null || tell program none ;;
        esac
        exec "$@" <&5 2>&3
    )
    exit "$?"
}

if [ -z "${input+set}" ]; then
    run "$@"
else
    printf %s "$input" | base64 -d | run "$@"
fi
