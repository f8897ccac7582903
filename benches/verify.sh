#!/usr/bin/env bash
# `/auth/verify` against nginx doing the same: a key among 1,000, a window per client, the client's name on the answer;
# same core, same load, every key in turn over 64 connections, rounds in turn. What counts is the processor time per
# request, which a busy machine moves least, and within one run only its ratio.
# Takes two minutes. ROUNDS, SECONDS_EACH, SERVER_CORE, LOAD_CORE and SERVER (a binary) may be set.
# Installs Debian's nginx-light and wrk if they are not there; that nginx may then listen on port 80 as a service.
set -euo pipefail
from=$PWD
cd "$(dirname -- "$(realpath -- "$0")")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=benches/lib.sh
source benches/lib.sh

CONNECTIONS=64
LIMITED=sk-convergence-limited

main() {
    need nginx-light wrk curl util-linux python3
    [ "$(nproc)" -ge 2 ] || fail "two cores are needed: one for the server, one for the load"
    build
    keys_csv 1000 >"$folder/keys.csv"
    check_nginx
    start_peers
    for peer in nginx convergence; do round "$peer" 3 >/dev/null; done
    for ((number = 1; number <= ROUNDS; number++)); do
        for peer in nginx convergence; do
            echo "$peer $(round "$peer" "$SECONDS_EACH")" | tee -a "$folder/results"
        done
    done
    report
}

# nginx with a rate and a burst.
start_nginx() {
    awk -F, 'NR > 1 { printf "\"Bearer %s\" \"%s\";\n", $1, $2 }' "$folder/keys.csv" >"$folder/map.conf"
    sed -e "s|@FOLDER@|$folder|" -e "s|@PORT@|$nginx_port|" -e "s|@RATE@|$1|" -e "s|@BURST@|$2|" \
        benches/nginx/nginx.conf >"$folder/nginx.conf"
    PATH=$PATH:/usr/sbin taskset --cpu-list "$SERVER_CORE" nginx -c "$folder/nginx.conf" >"$folder/nginx.log" 2>&1 &
    nginx_pid=$!
    pids+=("$nginx_pid")
    await "http://127.0.0.1:$nginx_port/" "$folder/nginx.log"
}

# Proves once, with a limit that is reached at once, that the configuration does limit.
check_nginx() {
    nginx_port=$(free_port)
    start_nginx 1r/m ""
    expect "$nginx_port" "$(key_of 1)" "200 Client 1"
    expect "$nginx_port" "$(key_of 1)" "429"
    expect "$nginx_port" "$(key_of 2)" "200 Client 2"
    kill "$nginx_pid"
    wait "$nginx_pid" || true
}

# Both stay up for the whole run; the one that has no load sleeps.
start_peers() {
    nginx_port=$(free_port)
    start_nginx 1000000r/m "burst=10000 nodelay"
    expect "$nginx_port" "$(key_of 1000)" "200 Client 1000"
    expect "$nginx_port" "sk-convergence-unknown" "401"

    { cat "$folder/keys.csv"; echo "$LIMITED,Limited,,,TRUE,1"; } >"$folder/served.csv"
    ours_port=$(free_port)
    start_ours "$folder/served.csv" "$ours_port" API_THREADS=1 taskset --cpu-list "$SERVER_CORE"
    ours_pid=$!
    expect "$ours_port" "$(key_of 1000)" "200 Client 1000"
    expect "$ours_port" "sk-convergence-unknown" "401"
    expect "$ours_port" "$LIMITED" "200 Limited"
    expect "$ours_port" "$LIMITED" "429 Limited"
}

key_of() {
    sed -n "$(($1 + 1))s/,.*//p" "$folder/keys.csv"
}

round() {
    if [ "$1" = nginx ]; then
        load "$nginx_pid" "$nginx_port" "$2" "$folder/keys.csv" "$CONNECTIONS"
    else
        load "$ours_pid" "$ours_port" "$2" "$folder/keys.csv" "$CONNECTIONS"
    fi
}

# A line per round, the medians, and the ratios to nginx. A single refused request makes the run worthless.
report() {
    python3 - "$folder/results" <<'PYTHON'
import json, statistics, sys

peers = {}
for line in open(sys.argv[1]):
    peer, result = line.split(" ", 1)
    result = json.loads(result)
    if result["failed"]:
        sys.exit(f"verify.sh: {result['failed']} of {peer}'s requests failed")
    row = (1e6 * result["cpu_s"] / result["requests"], result["requests"] / result["seconds"], result["p50_us"], result["p99_us"])
    peers.setdefault(peer, []).append(row)

print(f"\n{'':16}{'CPU us/request':>16}{'requests/s':>12}{'p50 us':>9}{'p99 us':>9}")
show = lambda name, row: print(f"{name:16}{row[0]:16.2f}{row[1]:12.0f}{row[2]:9.0f}{row[3]:9.0f}")
for number, rows in enumerate(zip(*peers.values()), 1):
    for peer, row in zip(peers, rows):
        show(f"{peer} {number}", row)
medians = {peer: [statistics.median(column) for column in zip(*rows)] for peer, rows in peers.items()}
for peer, row in medians.items():
    show(f"{peer}, median", row)
ratios = [ours / theirs for ours, theirs in zip(medians["convergence"], medians["nginx"])]
print(f"{'ratio to nginx':16}{ratios[0]:16.2f}{ratios[1]:12.2f}{ratios[2]:9.2f}{ratios[3]:9.2f}")
each = [ours[0] / theirs[0] for ours, theirs in zip(peers["convergence"], peers["nginx"])]
print(f"CPU per request, ratio round by round: {', '.join(f'{ratio:.2f}' for ratio in each)}")
PYTHON
}

main "$@"
