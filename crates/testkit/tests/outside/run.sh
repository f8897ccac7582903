#!/usr/bin/env bash
# Holds testkit's Google to account by programs that others wrote. Needs what setup.sh makes, and cargo.
#
#     run.sh [FOLDER]     FOLDER: exchanges that the Rust tests recorded (TESTKIT_RECORD), to be judged as well
#
# 1 Google's Python client, gspread and Google's Node client do what our client does.
# 2 The test-suites of gspread-formatting and gspread-dataframe, which were written against the real Google, run against
#   it, all of their tests. (gspread's own are in none of its packages.)
# 3 Every request seen and every answer given is as Google's discovery documents say.
set -euo pipefail
here=$(cd "$(dirname -- "$0")" && pwd)
home=$("$here/setup.sh")
python=$home/python/bin/python
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp --directory)
google=
trap '[ -z "$google" ] || kill "$google" 2>/dev/null; rm -rf "$work"' EXIT
mkdir "$work/record"

# Starts a Google of its own for each part, and sets url and sheet.
fresh_google() {
    if [ -n "$google" ]; then kill "$google"; fi
    TESTKIT_RECORD=$work/record "$fake" --port 0 --credentials "$work/creds.json" >"$work/said" &
    google=$!
    for _ in $(seq 100); do
        if grep -q '^GOOGLE_SHEET_ID=' "$work/said"; then break; fi
        kill -0 "$google" || exit 1
        sleep 0.1
    done
    url=$(sed -n 's/^GOOGLE_SHEETS_ENDPOINT=//p' "$work/said")
    sheet=$(sed -n 's/^GOOGLE_SHEET_ID=//p' "$work/said")
    export TESTKIT_GOOGLE=$url
}

# Runs a suite of tests in a copy of its folder, which is where it looks for its settings.
suite() {
    local name=$1 tests=$2
    shift 2
    fresh_google
    cp -rL "$home/suites/$name" "$work/$name"
    local folder
    folder=$work/$name/$(dirname "$tests")
    cp "$work/creds.json" "$folder"
    printf '[Spreadsheet]\nid: %s\n' "$sheet" >"$folder/tests.config"
    (cd "$folder" && PYTHONPATH=$here:$work/$name "$python" -m pytest -p redirect -p no:cacheprovider -q \
        --no-header "$@" "$(basename "$tests")")
}

cargo build --quiet --locked --package convergence-testkit --bin fake-google
fake=$(cargo metadata --format-version 1 --no-deps --locked |
    "$python" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug/fake-google

fresh_google
PYTHONPATH=$here "$python" "$here/clients.py" "$url" "$work/creds.json" "$sheet"
OUTSIDE_DIR=$home node "$here/client.mjs" "$url" "$work/creds.json" "$sheet"
suite gspread-formatting test.py
suite gspread-dataframe tests/gspread_dataframe_integration.py
"$python" "$here/discovery.py" "$work/record" "$@"
