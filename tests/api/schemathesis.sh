#!/bin/sh
# The API against its own document, with schemathesis: no 5xx, no undocumented answer.
# Usage: tests/api/schemathesis.sh [PROGRAM]; PROGRAM is target/debug/naosu unless named.
# SCHEMATHESIS names the tool where it is not in the path, EXAMPLES how many tests are made of each operation, SEED the seed.
set -eu
cd "$(dirname "$0")/../.."
program=${1:-target/debug/naosu}
tool=${SCHEMATHESIS:-schemathesis}
port=${PORT:-18090}
if ! command -v "$tool" >/dev/null 2>&1; then
    echo "skipped: schemathesis is not installed (pip install schemathesis)"
    exit 0
fi
if [ ! -x "$program" ]; then
    echo "skipped: $program is not built"
    exit 0
fi

data=$(mktemp -d)
"$program" serve --data "$data" --listen "127.0.0.1:$port" 2>"$data/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT INT TERM
tries=0
until python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/api/openapi.json')" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo "the server does not start"; cat "$data/log"; exit 1; }
    kill -0 "$server" 2>/dev/null || { cat "$data/log"; exit 1; }
    sleep 0.1
done
first=$("$program" serve --data "$data" --new-token first --role administrator)

# the token that is used comes after many others: tests revoke those with small numbers
token=$(python3 - "$port" "$first" <<'PY'
import json, sys, urllib.request
for name in [f"spare {n}" for n in range(60)] + ["schemathesis"]:
    body = json.dumps({"name": name, "role": "administrator" if name == "schemathesis" else "helper"}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {sys.argv[2]}"}
    asked = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/api/v1/tokens", body, headers)
    made = json.load(urllib.request.urlopen(asked))
print(made["secret"])
PY
)

failed=0
run() {
    echo "== $1"
    shift
    "$tool" run "http://127.0.0.1:$port/api/openapi.json" --checks all --workers 1 --seed "${SEED:-1}" \
        --max-examples "${EXAMPLES:-30}" "$@" || failed=1
}
case=$(python3 - "$port" <<'PY'
import json, sys, urllib.request
body = json.dumps({"words": "メールを取得できません", "device": "iphone", "lang": "ja"}).encode()
asked = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/api/v1/cases", body, {"Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(asked))["secret"])
PY
)
run "an administrator" -H "Authorization: Bearer $token"
# the case that the header opens is not forgotten half-way
run "a person with their own case" -H "Authorization: Case $case" --include-path-regex 'cases' --exclude-method DELETE
run "nobody"
exit "$failed"
