#!/usr/bin/env bash
# The gateway under an hour of requests that must work and of faults: upstreams that lie, break off and die, clients that
# vanish, keys that change. Its memory and its descriptors must stay flat, and no answer be wrong. docs/PERFORMANCE.md says
# more.
#
#   benches/soak.sh                an hour, about 330 requests a second
#   MINUTES=1 benches/soak.sh      to see that it works; too short for a leak
#
# MINUTES, RATE (1 is about 330 requests a second; at most 3) and SERVER (a binary, in place of a new build) may be set. Ends
# with a verdict: 0 if all is well, and what was not if it is not.
set -euo pipefail
from=$PWD
cd "$(dirname -- "$(realpath -- "$0")")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=benches/lib.sh
source benches/lib.sh

MINUTES=${MINUTES:-60}
RATE=${RATE:-1}

main() {
    local port upstreams pid failed=no
    need python3 curl
    build
    ulimit -S -n "$(ulimit -H -n)"
    write_keys
    port=$(free_port) upstreams=("$(free_port)" "$(free_port)")
    # Time-outs are short, so that each of them strikes often. All clients have one address, strangers among them.
    start_ours "$folder/keys.csv" "$port" UPSTREAM_URL="http://127.0.0.1:${upstreams[0]},http://127.0.0.1:${upstreams[1]}" \
        UPSTREAM_CONNECT_TIMEOUT=1 UPSTREAM_TIMEOUT=3 UPSTREAM_HEALTH_PATH=/well UPSTREAM_HEALTH_INTERVAL=3 API_THREADS=2 \
        HEADER_TIMEOUT=3 BODY_TIMEOUT=3 IDLE_TIMEOUT=5 API_KEY_CACHE_DURATION=5 USAGE_FLUSH_INTERVAL=10 AUTH_FAILURE_LIMIT=0
    pid=${pids[-1]}
    "$server" --version
    echo "$(nproc) cores, Linux $(uname -r), load $(cut -d ' ' -f 1-3 /proc/loadavg); $MINUTES minutes at rate $RATE"
    # -B: nothing compiled is left in the tree.
    python3 -B benches/soak/soak.py --pid "$pid" --port "$port" --upstreams "${upstreams[@]}" --keys "$folder/keys.csv" \
        --minutes "$MINUTES" --rate "$RATE" &
    pids+=($!)
    # Waited for, so that a signal is heard meanwhile.
    wait "${pids[-1]}" || failed=yes
    end_ours "$pid" || failed=yes
    [ "$failed" = no ] || exit 1
}

# Two hundred clients, and three of whom more is asked.
write_keys() {
    {
        keys_csv 200
        echo "sk-expired,Expired,,2025-01-01 00:00:00,TRUE,"
        echo "sk-limited,Limited,,,TRUE,5"
        echo "sk-coming,Comes And Goes,,,TRUE,"
    } >"$folder/keys.csv"
}

# SIGTERM has to be enough, and nothing may have gone wrong that no client has noticed.
end_ours() {
    local status=0
    kill "$1" 2>/dev/null || true
    wait "$1" || status=$?
    if [ "$status" != 0 ] || grep --quiet panicked "$folder/ours.log"; then
        echo "the server has ended with $status; its log ends so:"
        tail -n 20 "$folder/ours.log"
        return 1
    fi
}

main
