#!/bin/sh
# usage: sh scripts/test-s3.sh COMMAND...
#
# Runs a command while an S3 server with an empty bucket `runner-test` is up, with its URL in RUNNER_TEST_S3:
#   sh scripts/test-s3.sh cargo nextest run --workspace -E 'test(s3)'
set -eu
command -v moto_server >/dev/null || {
    echo "error: moto_server is not installed: \`pip install 'moto[server]'\`" >&2
    exit 1
}
port=${RUNNER_TEST_S3_PORT:-19391}
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" || :; fi; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
moto_server -H 127.0.0.1 -p "$port" >"$folder/log" 2>&1 &
server=$!
tries=0
until curl -fsS -X PUT "http://127.0.0.1:$port/runner-test" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 120 ] || ! kill -0 "$server" 2>/dev/null; then
        echo "error: moto_server did not come up:" >&2
        tail -5 "$folder/log" >&2
        exit 1
    fi
    sleep 0.5
done
RUNNER_TEST_S3=http://127.0.0.1:$port "$@"
