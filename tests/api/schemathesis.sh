#!/bin/sh
# The API against its own document, with schemathesis: no 5xx, no undocumented answer, also for cases that are there.
# Usage: tests/api/schemathesis.sh [PROGRAM]; PROGRAM is target/debug/naosu unless named.
# SCHEMATHESIS names the tool where it is not in the path, EXAMPLES how many tests are made of each operation beside those of
# its limits, SEED the seed, ONLY one of administrator, person, nobody.
set -eu
# where it can be, nothing but this machine is there: what is made up as a mail server reaches nobody
if [ -z "${ALONE-}" ] && command -v ip >/dev/null && unshare --map-root-user --net true 2>/dev/null; then
    ALONE=yes exec unshare --map-root-user --net sh -c 'ip link set lo up && exec "$0" "$@"' "$0" "$@"
fi
cd "$(dirname "$0")/../.."
program=${1:-target/debug/naosu}
tool=${SCHEMATHESIS:-schemathesis}
if ! command -v "$tool" >/dev/null 2>&1; then
    echo "skipped: schemathesis is not installed (pip install -r tests/api/requirements.txt)"
    exit 0
fi
if [ ! -x "$program" ]; then
    echo "skipped: $program is not built"
    exit 0
fi

data=$(mktemp -d)
# a resolver where nobody is: no name leads anywhere
"$program" serve --data "$data" --listen 127.0.0.1:0 --resolver 127.0.0.1:9 2>"$data/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT INT TERM
tries=0
until url=$(grep -o 'http://127[0-9.:]*' "$data/log"); do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || { echo "the server does not start"; cat "$data/log"; exit 1; }
    kill -0 "$server" 2>/dev/null || { cat "$data/log"; exit 1; }
    sleep 0.1
done
first=$("$program" serve --data "$data" --new-token first --role administrator)
python3 tests/api/prepare.py "$url" "$first" "$data"

failed=0
run() {
    who=$1
    shift
    [ "${ONLY:-$who}" = "$who" ] || return 0
    echo "== $who"
    "$tool" --config-file "$data/$who.toml" run "$url/api/openapi.json" --workers 1 \
        --seed "${SEED:-1}" --max-examples "${EXAMPLES:-30}" --request-timeout 60 --warnings off "$@" || failed=1
}
# without a network of our own nothing is measured: servers that are made up may be somebody's
[ -n "${ALONE-}" ] || set -- "$@" --exclude-operation-id startMeasurement
[ $# -eq 0 ] || [ "${1#--}" != "$1" ] || shift
run administrator "$@"
# the case that the header opens is not forgotten half-way
run person --include-path-regex cases --exclude-method DELETE "$@"
run nobody "$@"
exit "$failed"
