#!/bin/sh
# usage: sh scripts/demo.sh
#
# Two releases of examples/shop with the profile `demo`, in a scratch repository below target/demo: one that succeeds, and
# one that breaks checkout in prod and is rolled back by itself. No server, no network. Everything that it starts is
# stopped at the end, however that comes; the reports stay. Fails if anything is not as told. `make demo` builds first.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
target=${CARGO_TARGET_DIR:-$root/target}
case $target in /*) ;; *) target=$root/$target ;; esac
runner=$target/debug/runner
demo=$target/demo
shop=$demo/shop
staging=http://127.0.0.1:18081
prod=http://127.0.0.1:18082

. "$root/scripts/services.sh"

# Nothing of whoever runs this changes the demo, and the demo changes nothing of theirs.
unset CARGO_TARGET_DIR RUNNER_ACTOR GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE RUSTFLAGS
export RUNNER_DATA_DIR="$demo/data" RUNNER_CACHE_DIR="$demo/cache" XDG_CONFIG_HOME="$demo/config"
# For coverage.sh of the shop: profraw-lcov.
export PATH="$target/debug:$PATH"

say() { printf '\n\033[1m== %s\033[0m\n' "$1" >&2; }
tell() { printf '%s\n' "$1" >&2; }
fail() {
    printf '\ndemo: not as it should be: %s\n' "$1" >&2
    exit 1
}

background=
stop_all() {
    code=$?
    trap - EXIT INT TERM HUP
    for pid in $background; do kill "$pid" 2>/dev/null || :; done
    for pid in $background; do wait "$pid" 2>/dev/null || :; done
    stop_services "$RUNNER_DATA_DIR"
    exit "$code"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# get URL: what it answers.
get() {
    if command -v curl >/dev/null; then
        curl --silent --fail --max-time 5 "$1"
    else
        wget --quiet --timeout=5 --output-document=- "$1"
    fi
}

# version_at URL: the version that really answers there.
version_at() { get "$1/health" | sed -n 's/.*"version":"\([^"]*\)".*/\1/p'; }

expect_version() {
    found=$(version_at "$2" || :)
    [ "$found" = "$3" ] || fail "$1 should run $3, and $2/health says \`$found\`"
    tell "   $1 answers: version $found"
}

prepare() {
    [ -x "$runner" ] || fail "there is no $runner: run \`make build\`"
    command -v profraw-lcov >/dev/null || fail "there is no profraw-lcov: run \`make build\`"
    command -v curl >/dev/null || command -v wget >/dev/null || fail 'neither curl nor wget is installed'
    cargo clippy --version >/dev/null 2>&1 ||
        fail 'cargo has no clippy: `rustup component add clippy`, or on Debian `apt-get install rust-clippy`'
    # What an earlier demo left behind, if it was killed.
    stop_services "$RUNNER_DATA_DIR"
    rm -rf "$shop" "$RUNNER_DATA_DIR" "$demo"/*.log
    mkdir -p "$demo" "$XDG_CONFIG_HOME"
    for url in $staging $prod; do
        if get "$url/" >/dev/null 2>&1; then fail "something else answers at $url"; fi
    done
    sh "$root/examples/shop/history/make-repo.sh" "$shop"
    # The orders that were taken before there was `runner`: what the first backup keeps.
    mkdir -p "$shop/.runner/prod/data"
    printf '{"number":1,"item":"tea","quantity":1,"total_cents":450,"placed_at":1772700000}\n' \
        >"$shop/.runner/prod/data/orders.jsonl"
    cargo build --quiet --locked --offline --manifest-path "$root/examples/shop/Cargo.toml" \
        --target-dir "$demo/traffic" --bin traffic
}

# traffic NAME ARGUMENT...: visitors in the background, for 20 minutes at most.
traffic() {
    name=$1
    shift
    "$demo/traffic/debug/traffic" --seconds 1200 "$@" >"$demo/traffic-$name.log" 2>&1 &
    background="$background $!"
}

# colleague: approves as soon as it is asked, from a process of their own.
colleague() {
    while sleep 1; do
        if RUNNER_ACTOR=colleague@example.org "$runner" -C "$shop" --profile demo approve --note "looked at staging" \
            >"$demo/approve.out" 2>&1; then
            cat "$demo/approve.out" >>"$demo/colleague.log"
            return
        fi
    done
}

# release: runs one with its colleague; sets `code` and `run`.
release() {
    colleague &
    asked=$!
    background="$background $asked"
    code=0
    (cd "$shop" && "$runner" release --profile demo) || code=$?
    kill "$asked" 2>/dev/null || :
    wait "$asked" 2>/dev/null || :
    run=$(cd "$shop" && "$runner" --profile demo show | sed -n '1s/.*run \(r-[0-9a-z-]*\).*/\1/p')
}

prepare
tell "scratch repository: $shop"
(cd "$shop" && git log --oneline --decorate >&2)
# Customers in prod, half of whom order; on staging, people who look around.
traffic prod --url "$prod" --rate 40
traffic staging --url "$staging" --rate 8 --browse

say 'Release 1: what has been committed since v0.1.0'
release
[ "$code" = 0 ] || fail "the first release ended with exit code $code"
first=$run
expect_version staging "$staging" 0.2.0
expect_version prod "$prod" 0.2.0
git -C "$shop" rev-parse --quiet --verify 'v0.2.0^{commit}' >/dev/null || fail 'there is no tag v0.2.0'
grep -q '^## v0.2.0' "$shop/CHANGELOG.md" || fail 'CHANGELOG.md has no section v0.2.0'

say 'Release 2: a new feature, whose bug the tests do not see: each twentieth order fails'
sh "$root/examples/shop/history/break-checkout.sh" "$shop"
(cd "$shop" && git log --oneline -1 >&2)
release
[ "$code" = 12 ] || fail "the second release ended with exit code $code, and 12 (rolled-back) was expected"
expect_version staging "$staging" 0.3.0
expect_version prod "$prod" 0.2.0
visit=0
while [ "$visit" -lt 15 ]; do
    "$demo/traffic/debug/traffic" --once --url "$prod" >>"$demo/after.log" || fail 'an order fails in prod after the rollback'
    visit=$((visit + 1))
done
grep -q 'ROLLBACK' "$shop/.runner/notices.log" || fail 'nobody was told of the rollback'
story=$shop/.runner/reports/$run

# fact NAME: a line of the table about the rollback in the deploy log of prod.
fact() { sed -n "s/^| $1 | \(.*\) |\$/\1/p" "$story"/deploy-log-prod-*.md | head -n 1; }

say 'What happened'
tell "v0.2.0 was released (run $first), once colleague@example.org had approved it for prod."
tell "v0.3.0 (run $run) passed the same gate, and was approved too. The watch in prod took it back:"
tell "   why               $(fact Why)"
tell "   seen              $(fact Seen)"
tell "   decided           $(fact Decided)"
tell "   healthy again     $(fact 'Healthy again')"
tell "   the rollback took $(fact 'From the decision to healthy')"
tell '   on these samples:'
sed -n '/^| tick /,/^$/s/^| *\([0-9].*\) |$/      tick \1/p' "$story"/deploy-log-prod-*.md | tr '|' ' ' >&2
orders=$(awk '{ all += $2; fine += $4 } END { print fine " of " all }' "$demo/after.log")
tell "   in prod now       $orders visits are answered well, half of them orders"
tell ''
tell "The team was told, in $shop/.runner/notices.log:"
sed 's/ \[r-.*//; s/^/   /' "$shop/.runner/notices.log" >&2
tell ''
tell 'Reports; report.html has the timeline and each metric against its threshold:'
for folder in "$shop/.runner/reports/$first" "$story"; do
    tell "   $folder"
    (cd "$folder" && for file in *; do tell "      $file"; done)
done
tell ''
tell 'Look further, with what is left there:'
tell "   cd $shop"
tell "   export RUNNER_DATA_DIR=$RUNNER_DATA_DIR PATH=$target/debug:\$PATH"
tell '   runner --profile demo history'
tell '   runner --profile demo show --effects'
