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
    report nginx convergence "CPU us/request" "requests/s" "p50 us" "p99 us"
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

main "$@"
