#!/bin/sh
# usage: sh scripts/test-prometheus.sh COMMAND...
#
# Runs a command while a Prometheus that scrapes itself is up, with its URL in RUNNER_TEST_PROMETHEUS:
#   sh scripts/test-prometheus.sh cargo test -p runner-engine --test promises prometheus
set -eu
command -v prometheus >/dev/null || {
    echo 'error: prometheus is not installed: `apt-get install prometheus`, or `brew install prometheus`' >&2
    exit 1
}
port=${RUNNER_TEST_PROMETHEUS_PORT:-19090}
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" || :; fi; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
cat >"$folder/prometheus.yml" <<END
global: { scrape_interval: 1s }
scrape_configs:
  - { job_name: prometheus, static_configs: [{ targets: ["127.0.0.1:$port"] }] }
END
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
    --web.listen-address="127.0.0.1:$port" 2>"$folder/log" &
server=$!
tries=0
# Ready, and scraped once.
until curl -fsS "http://127.0.0.1:$port/api/v1/query?query=up" 2>/dev/null | grep -q '"1"'; do
    tries=$((tries + 1))
    if [ "$tries" -gt 60 ] || ! kill -0 "$server" 2>/dev/null; then
        echo "error: prometheus did not come up:" >&2
        tail -5 "$folder/log" >&2
        exit 1
    fi
    sleep 0.5
done
RUNNER_TEST_PROMETHEUS=http://127.0.0.1:$port "$@"
