#!/usr/bin/env bash
# What a refresh costs the requests that come meanwhile: 100,000 keys, a steady load of /auth/verify that leaves the
# server mostly idle, and the keys file saved every two seconds with one cell changed, against the same load while
# another file is saved as often. The two in turn; what counts is the ratio of the p99s, which should stay below 2.
# Takes four minutes. ROUNDS, SECONDS_EACH, ROWS, SERVER_CORES, LOAD_CORE and SERVER (a binary) may be set.
set -euo pipefail
from=$PWD
cd "$(dirname -- "$(realpath -- "$0")")/.."
SECONDS_EACH=${SECONDS_EACH:-20}
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=benches/lib.sh
source benches/lib.sh

ROWS=${ROWS:-100000}
# All cores, as it would run: one serves while another reads the keys. With SERVER_CORES=0 both are on one.
SERVER_CORES=${SERVER_CORES:-0-$(($(nproc) - 1))}
CONNECTIONS=64
# Each connection rests 0-40 ms between its requests: about 3,000 requests/s in all.
export PAUSE_MS=20

main() {
    need wrk curl util-linux python3
    build
    keys_csv "$ROWS" >"$folder/keys.csv"
    cp "$folder/keys.csv" "$folder/served.csv"
    # Every key in turn would take too long to come round; wrk holds a thousand of them, from the whole file.
    awk -v each=$((ROWS / 1000)) 'NR == 1 || NR % each == 0' "$folder/keys.csv" >"$folder/asked.csv"
    port=$(free_port)
    start_ours "$folder/served.csv" "$port" taskset --cpu-list "$SERVER_CORES"
    ours=$!
    await_keys
    load "$ours" "$port" 3 "$folder/asked.csv" "$CONNECTIONS" >/dev/null
    for ((number = 1; number <= ROUNDS; number++)); do
        for arm in still rewritten; do
            round "$arm"
        done
    done
    report still rewritten "p99 us" "p50 us" "p99.9 us" "max us" "requests/s" "CPU %"
}

# The first reading of so many keys takes a moment.
await_keys() {
    for _ in $(seq 300); do
        if [ "$(verify "$port" "$(sed -n 2s/,.*//p "$folder/keys.csv")")" = "200 Client 1" ]; then return; fi
        sleep 0.1
    done
    fail "the keys are not read: $(cat "$folder/ours.log")"
}

# Saves as an editor does: a new file beside the old one, then renamed over it. The cell that changes is the last row's
# rate limit. In both arms the same bytes are written as often, so that only the refresh differs.
rewrite() {
    exec taskset --cpu-list "$LOAD_CORE" python3 - "$folder/keys.csv" "$1" <<'PYTHON'
import itertools, os, sys, time

text = open(sys.argv[1]).read().rstrip("\n").rsplit(",", 1)[0]
for limit in itertools.count(1_000_000):
    time.sleep(2)
    with open(sys.argv[2] + ".new", "w") as file:
        file.write(f"{text},{limit}\n")
    os.rename(sys.argv[2] + ".new", sys.argv[2])
PYTHON
}

round() {
    local file=$folder/served.csv
    [ "$1" = rewritten ] || file=$folder/unread.csv
    rewrite "$file" &
    pids+=($!)
    echo "$1 $(load "$ours" "$port" "$SECONDS_EACH" "$folder/asked.csv" "$CONNECTIONS")" | tee -a "$folder/results"
    kill "${pids[-1]}"
    wait "${pids[-1]}" 2>/dev/null || true
    unset 'pids[-1]'
}

main "$@"
