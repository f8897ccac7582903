#!/usr/bin/env bash
# What it costs to share limits through Redis: the same server with and without it, then three servers on one Redis; same
# cores, same load, rounds in turn. docs/PERFORMANCE.md says what is measured.
#
#   benches/redis.sh [--quick]
#
# Each round: as fast as it can over 64 connections (processor time for each decision, of the servers and of Redis), then
# at a fixed rate (latency). --quick is one short round. ROUNDS, SECONDS_EACH, RATE (requests a second, over all servers),
# LIMIT (requests a minute of each of 1,000 clients), SERVER_CORE, LOAD_CORE, REDIS_CORE and SERVER (a binary) may be set.
# Installs Debian's redis-tools and wrk if they are not there. The Redis is its own, on a free port, and keeps nothing.
set -euo pipefail
# A load that fails in $(...) ends the run, too.
shopt -s inherit_errexit
from=$PWD
cd "$(dirname -- "$(realpath -- "$0")")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
if [ "${1:-}" = --quick ]; then
    ROUNDS=1 SECONDS_EACH=2
    shift
fi
# shellcheck source=benches/lib.sh
source benches/lib.sh

CONNECTIONS=64
RATE=${RATE:-3000}
LIMIT=${LIMIT:-1000000}
REDIS_CORE=${REDIS_CORE:-$LOAD_CORE}
declare -A ports=() processes=()

main() {
    need redis-tools wrk curl util-linux python3
    [ "$(nproc)" -ge 2 ] || fail "two cores are needed: one for the servers, one for the load and Redis"
    build
    [ -n "${PROGRAMS:-}" ] && programs=$PROGRAMS || build_programs
    keys_csv 1000 | sed "s/,1000000\$/,$LIMIT/" >"$folder/keys.csv"
    start_redis
    start_servers alone 1
    # Patient, so that a machine that is busy with something else decides nothing without Redis.
    local shared=(REDIS_URL="redis://127.0.0.1:$redis_port" REDIS_TIMEOUT_MS=10000)
    start_servers one 1 "${shared[@]}" REDIS_PREFIX=one
    start_servers three 3 "${shared[@]}" REDIS_PREFIX=three
    await_sharing
    introduce
    for arm in alone one three; do closed "$arm" 2 >/dev/null; done
    for ((number = 1; number <= ROUNDS; number++)); do
        for arm in alone one three; do
            echo "{\"arm\": \"$arm\", \"closed\": $(closed "$arm" "$SECONDS_EACH"), \"fixed\": $(fixed "$arm" "$SECONDS_EACH")}" |
                tee -a "$folder/results" >/dev/null
        done
    done
    summary
}

# In `programs`: a client that counts latency from the time at which a request was due.
build_programs() {
    programs=$(cargo build --release --locked --package convergence --bench gateway --message-format json \
        --target-dir "$(target_folder)" | python3 -c '
import json, sys
built = [json.loads(line) for line in sys.stdin]
print(*[one["executable"] for one in built if one.get("executable") and one["target"]["name"] == "gateway"])')
}

# The program tells by its name whether it is to be a server or a tool: Debian's redis-server is such a link.
start_redis() {
    redis_port=$(free_port)
    ln -s "$(command -v redis-check-rdb)" "$folder/redis-server"
    taskset --cpu-list "$REDIS_CORE" "$folder/redis-server" --bind 127.0.0.1 --port "$redis_port" --save "" \
        --dir "$folder" >"$folder/redis.log" 2>&1 &
    redis_pid=$!
    pids+=("$redis_pid")
    for _ in $(seq 100); do
        if [ "$(redis-cli -p "$redis_port" ping 2>/dev/null)" = PONG ]; then return; fi
        sleep 0.1
    done
    cat "$folder/redis.log" >&2
    fail "redis-server does not start"
}

# $2 servers of arm $1, with one request thread each, all on the same core; the rest is variables.
start_servers() {
    local arm=$1 number=$2 port
    shift 2
    for ((; number > 0; number--)); do
        port=$(free_port)
        start_ours "$folder/keys.csv" "$port" API_THREADS=1 DATA_DIR="$folder/$arm-$number" "$@" \
            taskset --cpu-list "$SERVER_CORE"
        ports[$arm]+=" $port"
        processes[$arm]+=" ${pids[-1]}"
        await_keys "$port"
    done
}

# The keys are read a moment after the server answers.
await_keys() {
    local key
    key=$(sed -n '2s/,.*//p' "$folder/keys.csv")
    for _ in $(seq 100); do
        if [ "$(verify "$1" "$key")" = "200 Client 1" ]; then return; fi
        sleep 0.1
    done
    expect "$1" "$key" "200 Client 1"
}

# Every server that shares is connected.
await_sharing() {
    local port
    for port in ${ports[one]} ${ports[three]}; do
        for _ in $(seq 100); do
            if curl --silent "http://127.0.0.1:$port/auth/status" | grep -q '"connected":true'; then continue 2; fi
            sleep 0.1
        done
        fail "port $port has no connection to Redis"
    done
}

introduce() {
    redis-cli -p "$redis_port" info server | tr -d '\r' | sed -n 's/^redis_version:/Redis /p'
    "$server" --version
    echo "$(sed -n '/^model name/ { s/.*: //p; q }' /proc/cpuinfo), $(nproc) cores, Linux $(uname -r), load $(cut -d ' ' -f 1-3 /proc/loadavg)"
    echo "servers on core $SERVER_CORE, load on core $LOAD_CORE, Redis on core $REDIS_CORE; 1,000 clients, $LIMIT requests a minute each"
}

# As fast as the servers of arm $1 answer, for $2 seconds: a line of JSON.
closed() {
    local port loads=() number before after
    number=$(wc -w <<<"${ports[$1]}")
    before="$(of_all "$1") $(ticks "$redis_pid")"
    for port in ${ports[$1]}; do
        KEYS_CSV=$folder/keys.csv taskset --cpu-list "$LOAD_CORE" wrk --threads 1 --connections $((CONNECTIONS / number)) \
            --duration "${2}s" --timeout 10s --script benches/load.lua "http://127.0.0.1:$port" >"$folder/load-$port" &
        loads+=($!)
    done
    wait "${loads[@]}"
    after="$(of_all "$1") $(ticks "$redis_pid")"
    for port in ${ports[$1]}; do grep '^{' "$folder/load-$port"; done | summed "$before" "$after"
}

# Requests at a fixed rate to the servers of arm $1 together, for $2 seconds: a line of JSON.
fixed() {
    local port loads=() number before after
    number=$(wc -w <<<"${ports[$1]}")
    before="$(of_all "$1") $(ticks "$redis_pid")"
    for port in ${ports[$1]}; do
        taskset --cpu-list "$LOAD_CORE" "$programs" rate "url=http://127.0.0.1:$port/auth/verify" "keys=$folder/keys.csv" \
            connections=$((CONNECTIONS / number)) rate=$((RATE / number)) "seconds=$2" >"$folder/load-$port" &
        loads+=($!)
    done
    wait "${loads[@]}"
    after="$(of_all "$1") $(ticks "$redis_pid")"
    for port in ${ports[$1]}; do grep '^{' "$folder/load-$port"; done | summed "$before" "$after"
}

# Processor time of all servers of an arm, in clock ticks.
of_all() {
    local pid sum=0
    for pid in ${processes[$1]}; do sum=$((sum + $(ticks "$pid"))); done
    echo "$sum"
}

# One line of JSON for the loads on standard input; the arguments are the ticks of the servers and of Redis, before and after.
summed() {
    python3 -c '
import json, sys
loads = [json.loads(line) for line in sys.stdin]
before, after, hertz = ([int(word) for word in arg.split()] for arg in sys.argv[1:])
spent = [(b - a) / hertz[0] for a, b in zip(before, after)]
failed = sum(load.get("failed", 0) for load in loads)
other = [status for load in loads for status in load.get("statuses", {}) if status != "200"]
if failed or other:
    sys.exit(f"{failed} requests failed; statuses {other}")
print(json.dumps({
    "requests": sum(load["requests"] for load in loads),
    "seconds": max(load.get("seconds", 0) for load in loads),
    "p50_us": max(load["p50_us"] for load in loads),
    "p99_us": max(load["p99_us"] for load in loads),
    "server_s": spent[0], "redis_s": spent[1]}))' "$1" "$2" "$(getconf CLK_TCK)"
}

summary() {
    python3 - "$folder/results" <<'PYTHON'
import json, statistics, sys

COLUMNS = [  # heading, decimals, and what it is of a round
    ("decisions/s", 0, lambda r: r["closed"]["requests"] / r["closed"]["seconds"]),
    ("server us/req", 2, lambda r: 1e6 * r["closed"]["server_s"] / r["closed"]["requests"]),
    ("redis us/req", 2, lambda r: 1e6 * r["closed"]["redis_s"] / r["closed"]["requests"]),
    ("p50 us", 0, lambda r: r["fixed"]["p50_us"]),
    ("p99 us", 0, lambda r: r["fixed"]["p99_us"]),
]
rounds = {}
for line in open(sys.argv[1]):
    one = json.loads(line)
    rounds.setdefault(one["arm"], []).append([of(one) for _, _, of in COLUMNS])
NAMES = {"alone": "1 server, no Redis", "one": "1 server, Redis", "three": "3 servers, Redis"}
print("\n" + " " * 22 + "".join(f"{name:>15}" for name, _, _ in COLUMNS))
medians = {arm: [statistics.median(column) for column in zip(*rows)] for arm, rows in rounds.items()}
for arm, row in medians.items():
    print(f"{NAMES[arm]:22}" + "".join(f"{value:15.{decimals}f}" for value, (_, decimals, _) in zip(row, COLUMNS)))
for arm in ["one", "three"]:
    base, row = medians["alone"], medians[arm]
    print(f"{NAMES[arm]}: {row[1] / base[1]:.2f} times the server's time; p50 {row[3] - base[3]:+.0f} us, p99 {row[4] - base[4]:+.0f} us")
    ratios = [mine[1] / theirs[1] for theirs, mine in zip(rounds["alone"], rounds[arm])]
    print("    round by round: " + ", ".join(f"{ratio:.2f}" for ratio in ratios))
PYTHON
}

main "$@"
