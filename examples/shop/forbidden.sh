#!/bin/sh
# Fails if git keeps a file that must never be released: secrets, keys, customers' orders, what was built.
set -eu
cd "$(dirname "$0")"

found=$(git ls-files -- '.env' '*/.env' '*.pem' '*.key' '*id_rsa*' '*id_ed25519*' '*orders.jsonl' 'target/*')
if [ -n "$found" ]; then
    echo "error: these files must not be in the repository:" >&2
    echo "$found" >&2
    exit 1
fi
echo "$(git ls-files | wc -l | tr -d ' ') files, none forbidden"
