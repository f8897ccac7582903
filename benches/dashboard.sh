#!/usr/bin/env bash
# How smooth the dashboard is with 10,000 clients and a million rows of counts: how long the server takes for a page and for
# a chart (kept looks apart from fresh ones), and how long Chromium takes to its first paint, to the chart, and from a click
# to the sorted table. Takes two minutes. ROWS, CLIENTS, ROUNDS and SERVER (a binary) may be set.
set -euo pipefail
from=$PWD
cd "$(dirname -- "$(realpath -- "$0")")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=benches/lib.sh
source benches/lib.sh

CLIENTS=${CLIENTS:-10000}
ROWS=${ROWS:-1000000}

main() {
    need curl util-linux python3 nodejs npm chromium fonts-dejavu-core
    build
    tools=$(crates/convergence/tests/browser/setup.sh)
    keys_csv "$CLIENTS" >"$folder/keys.csv"
    port=$(free_port)
    admin=$(free_port)
    # Once to make the database, of which the rest of the counts are added.
    start_ours "$folder/keys.csv" "$port" taskset --cpu-list "$SERVER_CORE"
    verify "$port" "$(sed -n 2s/,.*//p "$folder/keys.csv")" >/dev/null
    stop_ours
    python3 benches/dashboard/fill.py "$folder/data/usage/ledger.db" "$CLIENTS" "$ROWS"
    start_ours "$folder/keys.csv" "$port" taskset --cpu-list "$SERVER_CORE" env ADMIN_PORT="$admin"
    taskset --cpu-list "$LOAD_CORE" node benches/dashboard/measure.mjs "$tools" "http://127.0.0.1:$admin" "$ROUNDS"
}

# Stops the server that was started last, and waits until what it has counted is written.
stop_ours() {
    kill "${pids[-1]}"
    wait "${pids[-1]}" || true
    unset "pids[-1]"
}

main "$@"
