# shellcheck shell=bash
# What the comparisons share. Sourced after scripts/setup.sh, in the root folder. Everything happens on this machine's
# loopback, for a bounded time; what is made goes to $folder and is removed, and what is started is stopped.

# The server has a core of its own, and so has the load: neither takes the other's time.
SERVER_CORE=${SERVER_CORE:-0}
LOAD_CORE=${LOAD_CORE:-1}
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-10}

folder=$(mktemp --directory)
pids=()

# Stops what was started, by its id, and leaves nothing behind.
clean_up() {
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The release binary, built unless SERVER names one, in `server`.
build() {
    if [ -z "${SERVER:-}" ]; then
        need ca-certificates gcc libc6-dev
        need_cargo
        cargo build --release --locked --package convergence --target-dir "$(target_folder)"
        SERVER=$(target_folder)/release/convergence
    fi
    server=$(realpath -- "$SERVER")
}

# A port of the loopback that nobody listens on.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A keys file of $1 rows: all good, none that expires soon, with a limit that is counted but never reached.
keys_csv() {
    awk -v rows="$1" 'BEGIN {
        print "api_key,client_name,created_at,expires_at,is_active,rate_limit"
        for (row = 1; row <= rows; row++)
            printf "sk-convergence-%08x-4c1d-4e5f-8a9b-%012x,Client %d,2026-01-01 00:00:00,2099-12-31 23:59:59,TRUE,1000000\n",
                row * 2654435761 % 4294967296, row, row
    }'
}

# Starts our server with the keys file $1 on port $2; the rest is put before it (taskset) or is variables.
start_ours() {
    local keys=$1 port=$2
    shift 2
    env --chdir "$folder" AUTH_ENABLED=true KEYS_FILE="$keys" API_PORT="$port" ADMIN_PORT=0 DATA_DIR="$folder/data" LOG_LEVEL=warn ACCESS_LOG=false \
        "$@" "$server" serve >"$folder/ours.log" 2>&1 &
    pids+=($!)
    await "http://127.0.0.1:$port/health" "$folder/ours.log"
}

# Waits until an address answers anything at all, 30 s at the most.
await() {
    local address=$1 log=$2
    for _ in $(seq 300); do
        if curl --silent --output /dev/null "$address"; then return; fi
        sleep 0.1
    done
    cat "$log" >&2
    fail "$address does not answer"
}

# The status, and the client's name if there is one, that a key gets at a port.
verify() {
    curl --silent --dump-header - --output /dev/null --header "Authorization: Bearer $2" \
        "http://127.0.0.1:$1/auth/verify" |
        tr -d '\r' | awk 'NR == 1 { status = $2 } tolower($1) == "x-client-name:" { $1 = ""; name = $0 } END { print status name }'
}

# Fails unless a key gets at a port what it should: a fast server that answers wrongly is not compared.
expect() {
    local got
    got=$(verify "$1" "$2")
    [ "$got" = "$3" ] || fail "port $1 says '$got' to '$2', not '$3'"
}

# Processor time of a process and its children so far, in clock ticks: user and system, all threads.
ticks() {
    local pid sum=0 stat
    for pid in "$1" $(cat /proc/"$1"/task/*/children); do
        stat=$(cat "/proc/$pid/stat")
        # shellcheck disable=SC2086 # the fields after the name, which may hold blanks
        set -- ${stat##*) }
        sum=$((sum + ${12} + ${13}))
    done
    echo "$sum"
}

# Loads port $2 of process $1 for $3 seconds with the keys of $4 over $5 connections, and prints a line of JSON.
load() {
    local pid=$1 port=$2 seconds=$3 keys=$4 connections=$5 before after result
    before=$(ticks "$pid")
    result=$(KEYS_CSV=$keys taskset --cpu-list "$LOAD_CORE" wrk --threads 1 --connections "$connections" \
        --duration "${seconds}s" --timeout 10s --script benches/load.lua "http://127.0.0.1:$port" | grep '^{')
    after=$(ticks "$pid")
    echo "${result%\}}, \"cpu_s\": $(awk -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" 'BEGIN { print ticks / hertz }')}"
}

# Prints what was measured, as lines of `ARM {JSON of load}` in $folder/results: each round, the medians, and the second
# arm's ratio to the first. Arguments: the two arms, and the columns, of which the first is what counts. A single request
# that failed makes the run worthless.
report() {
    python3 - "$folder/results" "$@" <<'PYTHON'
import json, statistics, sys

METRICS = {  # decimals, and how it is had from a result
    "CPU us/request": (2, lambda result: 1e6 * result["cpu_s"] / result["requests"]),
    "CPU %": (1, lambda result: 100 * result["cpu_s"] / result["seconds"]),
    "requests/s": (0, lambda result: result["requests"] / result["seconds"]),
    "p50 us": (0, lambda result: result["p50_us"]),
    "p99 us": (0, lambda result: result["p99_us"]),
    "p99.9 us": (0, lambda result: result["p999_us"]),
    "max us": (0, lambda result: result["max_us"]),
}
path, base, other, *columns = sys.argv[1:]
rounds = {base: [], other: []}
for line in open(path):
    arm, result = line.split(" ", 1)
    result = json.loads(result)
    if result["failed"]:
        sys.exit(f"{arm}: {result['failed']} requests failed")
    rounds[arm].append([METRICS[column][1](result) for column in columns])

def show(name, row, decimals=None):
    cells = zip(columns, row)
    print(f"{name:22}" + "".join(
        f"{value:{len(column) + 3}.{METRICS[column][0] if decimals is None else decimals}f}" for column, value in cells))

print("\n" + " " * 22 + "".join(f"   {column}" for column in columns))
for number, pair in enumerate(zip(*rounds.values()), 1):
    for arm, row in zip(rounds, pair):
        show(f"{arm} {number}", row)
medians = [[statistics.median(column) for column in zip(*rows)] for rows in rounds.values()]
for arm, row in zip(rounds, medians):
    show(f"{arm}, median", row)
ratio = lambda rows: [second / first if first else float("nan") for first, second in zip(*rows)]
show(f"ratio to {base}", ratio(medians), 2)
each = [ratio(pair)[0] for pair in zip(*rounds.values())]
print(f"{columns[0]}, ratio round by round: {', '.join(f'{value:.2f}' for value in each)}")
PYTHON
}
