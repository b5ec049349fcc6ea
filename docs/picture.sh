#!/usr/bin/env bash
# Makes the pictures of both READMEs from real runs of the program in a world of the lab inside the process.
#
#   docs/picture.sh [WORLD]
set -euo pipefail
cd "$(dirname "$0")/.."
world=${1:-cert_expired}

cargo build --locked --quiet -p naosu
naosu=${CARGO_TARGET_DIR:-target}/debug/naosu
for lang in en ja; do
    # 1 says that a cause was found, which is what the world is for
    status=0
    printed=$("$naosu" try "$world" --lang "$lang" --color always) || status=$?
    [ "$status" -eq 1 ] || { echo "picture: no cause was found in $world (status $status)" >&2; exit 1; }
    python3 docs/picture.py "\$ naosu try $world --lang $lang" <<<"$printed" >"docs/picture.$lang.svg"
    echo "docs/picture.$lang.svg"
done
