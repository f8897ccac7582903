#!/usr/bin/env bash
# The gateway against nginx and HAProxy doing the same, and against a bare hyper proxy that asks nobody for a key: same
# core, same upstream, same load, rounds in turn. docs/PERFORMANCE.md says what is measured and what each really does.
#
#   benches/gateway.sh [--quick] [SCENARIO ...]
#
# A scenario is `proxy` or `decision` (/auth/verify alone), followed by any of `-100k` (keys; else 1,000), `-tls` (towards
# the client), `-large` (answers of 64 KiB) and `-limited` (half the requests are over their limit): `proxy-100k-tls`.
# Besides: `idle` (memory of 10,000 connections), `threads` (one thread against two), `profile` (instructions and system
# calls per request; `profile-decision-100k` and so on, but not limited), `all`. Without any: `proxy`.
#
# --quick is one short round. ROUNDS, SECONDS_EACH, RATE (requests a second for latency), IDLE, PEERS (a list in quotes),
# SERVER_CORE, LOAD_CORE, UPSTREAM_CORE, SERVER (a binary) and RESULTS (a file to which each round adds a line of JSON) may be
# set; for a profile FUNCTIONS (how many to name) and CALLGRIND_OUT (a folder that keeps callgrind's files).
# Installs Debian's nginx-light, haproxy and wrk if they are not there; those may then listen on port 80 as services.
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
# shellcheck source=benches/gateway/peers.sh
source benches/gateway/peers.sh
# shellcheck source=benches/gateway/extras.sh
source benches/gateway/extras.sh

CONNECTIONS=64
RATE=${RATE:-5000}
IDLE=${IDLE:-10000}
UPSTREAM_CORE=${UPSTREAM_CORE:-$LOAD_CORE}
PEERS=${PEERS:-nginx haproxy bare convergence}
ALL=(proxy proxy-100k proxy-large proxy-limited proxy-tls proxy-tls-large decision decision-100k decision-limited
    decision-tls idle threads)

main() {
    local name
    [ "${1:-}" != all ] || set -- "${ALL[@]}"
    [ $# -gt 0 ] || set -- proxy
    for name in "$@"; do understand "$name"; done
    need nginx-light haproxy wrk curl util-linux python3 openssl
    [ "$(nproc)" -ge 2 ] || fail "two cores are needed: one for the server, one for the load and the upstream"
    # Two descriptors for each idle connection, where the upstream's is kept with the client's.
    ulimit -S -n "$(ulimit -H -n)"
    build
    build_programs
    write_certificate
    start_upstream
    introduce
    for name in "$@"; do
        understand "$name"
        write_keys
        case $name in
        idle) idle ;;
        threads) compare_threads ;;
        profile*) profile ;;
        *) compare "$name" ;;
        esac
    done
}

# Reads a scenario's name into the variables that describe it.
understand() {
    local word words
    kind=proxy rows=1000 tls=no size=small limited=no
    IFS=- read -ra words <<<"$1"
    [[ $1 != profile*limited* ]] || fail "$1: a profile is of requests that are let in"
    [ "${words[0]}" != profile ] || words=("${words[@]:1}")
    for word in "${words[@]}"; do
        case $word in
        proxy | decision) kind=$word ;;
        100k) rows=100000 ;;
        tls) tls=yes ;;
        large | small) size=$word ;;
        limited) limited=yes ;;
        idle | threads) ;;
        *) fail "no scenario is called $1; the head of this file says what there is" ;;
        esac
    done
}

# The programs beside the servers, in one file, in `programs`.
build_programs() {
    programs=$(cargo build --release --locked --package convergence --bench gateway --message-format json \
        --target-dir "$(target_folder)" | python3 -c '
import json, sys
built = [json.loads(line) for line in sys.stdin]
print(*[one["executable"] for one in built if one.get("executable") and one["target"]["name"] == "gateway"])')
}

start_upstream() {
    upstream_port=$(free_port)
    taskset --cpu-list "$UPSTREAM_CORE" "$programs" upstream "port=$upstream_port" &
    upstream_pid=$!
    pids+=("$upstream_pid")
    await "http://127.0.0.1:$upstream_port/small" /dev/null
}

# What is compared with what, on which machine.
introduce() {
    PATH=$PATH:/usr/sbin nginx -v 2>&1
    PATH=$PATH:/usr/sbin haproxy -v | sed -n 1p
    "$server" --version
    echo "$(sed -n '/^model name/ { s/.*: //p; q }' /proc/cpuinfo), $(nproc) cores, Linux $(uname -r), load $(cut -d ' ' -f 1-3 /proc/loadavg)"
    cat <<'END'

What each does with a request
  nginx        key in a map (case ignored), leaky bucket per client (limit_req), name up and down; no expiry, no counts
  haproxy      key in a map, rate per client estimated from two counters (http_req_rate), name up and down; no expiry, no
               counts for the bill
  bare         nothing but proxy: hyper, an upstream connection for each client's (decision: a fixed answer)
  convergence  key by its hash, expiry, exact window per client, use counted, name up and down, request id, RateLimit header
END
}

# One scenario: every peer up and checked, then rounds in turn. The one that has no load sleeps.
compare() {
    local peers=() peer number why
    printf '\n==== %s: %s keys, %s, %s connections\n' "$1" "$rows" "$(request_path)" "$CONNECTIONS"
    why=$(obstacle)
    for peer in $PEERS; do
        if [ "$peer" = convergence ] && [ -n "$why" ]; then
            echo "convergence is left out: $why"
        elif [ "$peer" = bare ] && [ "$limited" = yes ]; then
            echo "bare is left out: it limits nobody"
        else
            peers+=("$peer")
            start_peer "$peer"
            check_peer "$peer"
        fi
    done
    : >"$folder/results"
    for peer in "${peers[@]}"; do closed_loop "$peer" 1 >/dev/null; done
    for ((number = 1; number <= ROUNDS; number++)); do
        for peer in "${peers[@]}"; do round "$1" "$number" "$peer"; done
        # Whoever was first is last in the next round.
        peers=("${peers[@]:1}" "${peers[0]}")
    done
    python3 benches/gateway/report.py "$folder/results" "$limited"
    if [ -n "${RESULTS:-}" ]; then (cd "$from" && cat "$folder/results" >>"$RESULTS"); fi
    for peer in "${peers[@]}"; do stop_peer "$peer"; done
}

# As fast as it can, then at a fixed rate, then its memory: one line of JSON.
round() {
    local closed fixed
    closed=$(closed_loop "$3" "$SECONDS_EACH")
    fixed=$(fixed_rate "$3" "$SECONDS_EACH")
    echo "{\"scenario\": \"$1\", \"round\": $2, \"peer\": \"$3\", \"closed\": $closed, \"fixed\": $fixed, \"memory\": $(memory "${peer_pid[$3]}")}" \
        >>"$folder/results"
}

# wrk, as fast as peer $1 answers, for $2 seconds.
closed_loop() {
    measured "$1" env KEYS_CSV="$folder/load.csv" REQUEST_PATH="$(request_path)" \
        wrk --threads 1 --connections "$CONNECTIONS" --duration "${2}s" --timeout 10s --script benches/gateway/load.lua \
        "$(address "$1" /)"
}

fixed_rate() {
    measured "$1" "$programs" rate "url=$(address "$1" "$(request_path)")" "keys=$folder/load.csv" "ca=$folder/cert.pem" \
        "connections=$CONNECTIONS" "rate=$RATE" "seconds=$2"
}

# Runs a load on its core, and adds to its line of JSON the processor time that peer $1 took meanwhile, and the upstream,
# and how long each of the two cores was busy with whatever it was. wall_s is longer than the load's own seconds: it has to
# read its keys first.
measured() {
    local pid=${peer_pid[$1]} before after result
    shift
    before="$(ticks "$pid") $(ticks "$upstream_pid") $(busy "$SERVER_CORE") $(busy "$LOAD_CORE") $(uptime_ticks)"
    result=$(taskset --cpu-list "$LOAD_CORE" "$@" | grep '^{')
    after="$(ticks "$pid") $(ticks "$upstream_pid") $(busy "$SERVER_CORE") $(busy "$LOAD_CORE") $(uptime_ticks)"
    awk -v result="${result%\}}" -v before="$before" -v after="$after" -v hertz="$(getconf CLK_TCK)" 'BEGIN {
        split(before, b); split(after, a); split("cpu_s upstream_s server_core_s load_core_s wall_s", name)
        for (i = 1; i <= 5; i++) result = result sprintf(", \"%s\": %.2f", name[i], (a[i] - b[i]) / hertz)
        print result "}"
    }'
}

# Ticks for which a core was not idle; those that the host took from it are among them.
busy() {
    awk -v core="cpu${1%%[,-]*}" '$1 == core { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat
}

uptime_ticks() {
    awk -v hertz="$(getconf CLK_TCK)" '{ print $1 * hertz }' /proc/uptime
}

# A process and its children: what is theirs (PSS: shared pages shared out), and what is resident, in KiB.
memory() {
    local pid files=()
    for pid in "$1" $(cat /proc/"$1"/task/*/children); do files+=("/proc/$pid/smaps_rollup"); done
    awk '/^Pss:/ { pss += $2 } /^Rss:/ { rss += $2 } END { printf "{\"pss\": %d, \"rss\": %d}\n", pss, rss }' "${files[@]}"
}

main "$@"
