# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what gateway.sh sets and reads
# Three measurements that are not a race: idle connections, a second thread, and what a request costs in instructions and
# system calls. Sourced by benches/gateway.sh.

# Each peer by itself, new, with as many connections as the limit of descriptors allows: opened, used once, kept.
idle() {
    local peer before after most=$((($(ulimit -n) - 500) / 2)) count=$IDLE
    if [ "$count" -gt "$most" ]; then count=$most; fi
    printf '\n==== idle: %s connections, each used for one request and kept open\n' "$count"
    [ "$count" = "$IDLE" ] || echo "Not $IDLE: this shell may open $(ulimit -n) files, and a connection may need two."
    echo "Of the process alone: what the kernel keeps for a connection is the same for all, and not counted."
    room=$((count + 100))
    for peer in $PEERS; do
        if [ "$peer" = convergence ] && [ -n "$(obstacle)" ]; then
            echo "$peer is asked at /auth/verify: $(obstacle)"
            kind=decision
        fi
        start_peer "$peer"
        check_peer "$peer"
        before=$(memory "${peer_pid[$peer]}")
        hold_open "$peer" "$count"
        kind=proxy
        stop_peer "$peer"
        python3 - "$peer" "$count" "$before" "$after" <<'PYTHON'
import json, sys
peer, count, before, after = sys.argv[1], int(sys.argv[2]), *map(json.loads, sys.argv[3:])
grown = after["pss"] - before["pss"]
print(f"{peer:16} PSS {before['pss'] / 1024:6.1f} -> {after['pss'] / 1024:6.1f} MiB, RSS {after['rss'] / 1024:6.1f} MiB, "
      f"{grown / count:5.2f} KiB a connection, 10,000 of them {(before['pss'] + grown * 1e4 / count) / 1024:.1f} MiB")
PYTHON
    done
    room=1024
}

# Opens the connections of peer $1, reads its memory into `after`, and closes them.
hold_open() {
    local said=""
    coproc taskset --cpu-list "$LOAD_CORE" "$programs" idle "url=$(address "$1" "$(request_path)")" \
        "keys=$folder/keys.csv" "connections=$2"
    local holder=$COPROC_PID out=${COPROC[0]} in=${COPROC[1]}
    read -r -t 120 -u "$out" said || true
    [ "$said" = open ] || fail "$1 did not take $2 connections"
    after=$(memory "${peer_pid[$1]}")
    exec {in}>&-
    wait "$holder"
}

# One thread, then two. With two cores in all, the second thread shares its core with the load and the upstream, so the
# requests/s of two threads are those of a machine that is full; what tells whether a second core would double them is
# whether the processor time per request stays what it was.
compare_threads() {
    local number result others
    local -A cores=([1]="$SERVER_CORE" [2]="$SERVER_CORE,$LOAD_CORE")
    printf '\n==== threads: API_THREADS=1 and 2\n'
    if [ -n "$(obstacle)" ]; then
        echo "asked at /auth/verify: $(obstacle)"
        kind=decision
    fi
    if [ "$(nproc)" -ge 4 ]; then
        # The upstream stays on the load's core.
        cores[2]="$SERVER_CORE,3" others=$LOAD_CORE,2
        echo "Four cores: two for the server, two for the load and the upstream."
    else
        others=$SERVER_CORE,$LOAD_CORE
        echo "Two cores: the second thread shares its core with the load and the upstream, and they with it. So the requests/s of"
        echo "two threads are not those of a machine with cores to spare. 'per core' is what one second of processor time"
        echo "serves: if it is the same for both, threads do not hinder each other, and a core more is as many requests more."
    fi
    printf '%-10s%14s%12s%14s%22s\n' threads "CPU us/req" requests/s "cores used" "requests/s per core"
    for ((number = 1; number <= ROUNDS; number++)); do
        for threads in 1 2; do
            run_under=(taskset --cpu-list "${cores[$threads]}")
            start_peer convergence
            check_peer convergence
            result=$(LOAD_CORE=$others closed_loop convergence "$SECONDS_EACH")
            stop_peer convergence
            python3 - "$threads" "$result" <<'PYTHON'
import json, sys
threads, result = sys.argv[1], json.loads(sys.argv[2])
if result["failed"] or result["refused"]:
    sys.exit(f"threads: requests failed: {result}")
each, rate, cores = (result["cpu_s"] / result["requests"], result["requests"] / result["seconds"], result["cpu_s"] / result["seconds"])
print(f"{threads:10}{1e6 * each:14.2f}{rate:12.0f}{cores:14.2f}{1 / each:22.0f}")
PYTHON
        done
    done
    threads=1 run_under=(taskset --cpu-list "$SERVER_CORE")
}

# User instructions per request, counted by valgrind: the difference between two runs, so that the start is not in it. They
# do not depend on what else the machine does. Valgrind's processor lacks some instructions (SHA among them), for which
# programs use slower code there. System calls are strace's; a server that it slows down finds more to do each time it
# looks, so epoll_wait comes out somewhat low.
profile() {
    local peer few=1000 many=4000 start end counts=${CALLGRIND_OUT:-$folder}
    need valgrind strace
    printf '\n==== profile: %s, %s keys\n' "$(request_path)" "$rows"
    for peer in $PEERS; do
        if [ "$peer" = convergence ] && [ -n "$(obstacle)" ]; then
            echo "convergence is left out: $(obstacle)"
            continue
        fi
        nginx_master=off
        start=$(instructions "$peer" "$few")
        end=$(instructions "$peer" "$many")
        nginx_master=on run_under=(taskset --cpu-list "$SERVER_CORE")
        awk -v peer="$peer" -v total=$((end - start)) -v requests=$((many - few)) \
            'BEGIN { printf "%-16s%10.0f user instructions per request\n", peer, total / requests }'
        if [ -n "${FUNCTIONS:-}" ]; then
            python3 benches/gateway/functions.py "$counts/callgrind.$peer.$few" "$counts/callgrind.$peer.$many" \
                $((many - few)) "$FUNCTIONS"
        fi
        system_calls "$peer" 20000
    done
}

# Instructions of a peer's whole life with $2 requests.
instructions() {
    local count
    run_under=(taskset --cpu-list "$SERVER_CORE" valgrind --tool=callgrind --callgrind-out-file="$counts/callgrind.$1.$2")
    start_peer "$1"
    send "$1" "$2"
    stop_peer "$1"
    count=$(sed -n 's/^==[0-9]*== Collected : //p' "$folder/$1.log")
    [ -n "$count" ] || fail "valgrind did not say what $1 took; see its log: $(cat "$folder/$1.log")"
    echo "$count"
}

# Requests with keys in turn, over as many connections as in a race.
send() {
    local name=yes
    [ "$1" != bare ] || name=no
    check "url=$(address "$1" "$(request_path)")" "keys=$folder/keys.csv" "ca=$folder/cert.pem" "count=$2" \
        "connections=$CONNECTIONS" "name=$name" || fail "$1 answers wrongly"
}

# Which system calls a peer makes for $2 requests, as many as there are in 100 of them.
system_calls() {
    local pid tracer words=()
    start_peer "$1"
    send "$1" 1000
    for pid in "${peer_pid[$1]}" $(cat /proc/"${peer_pid[$1]}"/task/*/children); do words+=(-p "$pid"); done
    strace -f -c -o "$folder/strace" "${words[@]}" 2>"$folder/strace.log" &
    tracer=$!
    for _ in $(seq 100); do
        if grep --quiet --no-messages attached "$folder/strace.log"; then break; fi
        sleep 0.1
    done
    send "$1" "$2"
    kill -INT "$tracer"
    wait "$tracer" || true
    stop_peer "$1"
    awk -v requests="$2" '$1 ~ /^[0-9.]+$/ && $4 ~ /^[0-9]+$/ && $NF != "total" && 100 * $4 >= requests {
        sum += $4; list = list sprintf("  %s %.2f", $NF, $4 / requests)
    } END { printf "%26.2f system calls per request:%s\n", sum / requests, list }' "$folder/strace"
}
