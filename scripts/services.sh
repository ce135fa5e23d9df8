# Read by other scripts: what `runner` left running.

# stop_services DATA_DIR: ends the services that were started with this RUNNER_DATA_DIR. Their supervisors tell their pid in
# a file; each stops its own process. There is no command for it: in real life, services stay.
stop_services() {
    for state in "$1"/projects/*/services/*/state.json; do
        [ -f "$state" ] || continue
        pid=$(sed -n '/"supervisor"/,/}/s/.*"pid": *\([0-9][0-9]*\).*/\1/p' "$state")
        # A pid is used again by others.
        case $(ps -o args= -p "${pid:-0}" 2>/dev/null || :) in
        *supervise*)
            kill "$pid" 2>/dev/null || continue
            while kill -0 "$pid" 2>/dev/null; do sleep 0.1 2>/dev/null || sleep 1; done
            ;;
        esac
    done
}
