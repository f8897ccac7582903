# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what gateway.sh sets and reads
# The servers that are compared: how each is set up, started, asked and stopped. Sourced by benches/gateway.sh after
# benches/lib.sh. A scenario is in kind, rows, tls, size and limited; a server that runs is in peer_pid and peer_port.

declare -A peer_pid=() peer_port=()
# What a server is started under: taskset, and in a profile valgrind.
run_under=(taskset --cpu-list "$SERVER_CORE")
# Connections a server is told to allow for.
room=1024
# nginx starts a worker process, unless a profile wants all in one.
nginx_master=on

# The files that every server reads: keys.csv is ours, the others say the same. What the load uses in turn is load.csv: all of
# them; or in a limited scenario every other time one of 500 that may be used once a minute, and are used far more often.
write_keys() {
    local keys=$folder/keys.csv
    keys_csv "$rows" >"$keys"
    cp "$keys" "$folder/load.csv"
    if [ "$limited" = yes ]; then
        awk -F, -v OFS=, 'NR > 1 && NR <= 1001 && NR % 2 { $6 = 1 } { print }' "$keys" >"$keys.new"
        mv "$keys.new" "$keys"
        awk -F, 'NR == 1 { print; next } $6 == 1 { strict[many++] = $0; next } { print; print strict[turn++ % 500] }' \
            <(sed 1q "$keys"; grep ',1$' "$keys"; sed 1d "$keys" | grep -v ',1$') >"$folder/load.csv"
    fi
    awk -F, -v folder="$folder" 'NR > 1 {
        printf "\"Bearer %s\" \"%s\";\n", $1, $2 >(folder "/nginx-keys.conf")
        print $1, $2 >(folder "/haproxy-keys.map")
        if ($6 == 1) printf "\"Bearer %s\" \"%s\";\n", $1, $2 >(folder "/nginx-strict-keys.conf")
        if ($6 == 1) print $1, $6 >(folder "/haproxy-limits.map")
    }' "$keys"
}

# One certificate for all: P-256, as most have today.
write_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7 -subj /CN=127.0.0.1 \
        -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
        -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
    cat "$folder/cert.pem" "$folder/key.pem" >"$folder/both.pem"
}

scheme() {
    if [ "$tls" = yes ]; then echo https; else echo http; fi
}

# The address of a peer's path.
address() {
    echo "$(scheme)://127.0.0.1:${peer_port[$1]}$2"
}

# What is asked for in this scenario.
request_path() {
    if [ "$kind" = decision ]; then echo /auth/verify; else echo "/$size"; fi
}

# Starts one of the peers, and waits until it answers.
start_peer() {
    peer_port[$1]=$(free_port)
    "start_$1" "${peer_port[$1]}" >"$folder/$1.log" 2>&1 &
    peer_pid[$1]=$!
    pids+=("${peer_pid[$1]}")
    await_peer "$1"
}

# Waits until the first key is let in: the keys may be read after the first connection is taken. Valgrind takes its time.
await_peer() {
    local status="" first
    first=$(sed -n '2s/,.*//p' "$folder/keys.csv")
    for _ in $(seq 600); do
        status=$(curl --silent --insecure --output /dev/null --write-out '%{http_code}' \
            --header "Authorization: Bearer $first" "$(address "$1" "$(request_path)")") || true
        [ "$status" != 200 ] || return 0
        kill -0 "${peer_pid[$1]}" 2>/dev/null || break
        sleep 0.1
    done
    cat "$folder/$1.log" >&2
    fail "$1 does not let the first key in (it says '$status')"
}

stop_peer() {
    kill "${peer_pid[$1]}"
    wait "${peer_pid[$1]}" || true
}

start_nginx() {
    local config=$folder/nginx.conf strict="" ssl=""
    : >"$folder/nginx-strict.conf"
    : >"$folder/nginx-tls.conf"
    if [ "$limited" = yes ]; then
        strict="limit_req zone=strict;"
        cat >"$folder/nginx-strict.conf" <<END
map \$http_authorization \$strict {
    default "";
    include $folder/nginx-strict-keys.conf;
}
limit_req_zone \$strict zone=strict:$(zone) rate=1r/m;
END
    fi
    if [ "$tls" = yes ]; then
        ssl=ssl
        printf '%s\n' "ssl_certificate $folder/cert.pem;" "ssl_certificate_key $folder/key.pem;" \
            "ssl_protocols TLSv1.3;" >"$folder/nginx-tls.conf"
    fi
    sed -e "s|@FOLDER@|$folder|" -e "s|@PORT@|$1|" -e "s|@UPSTREAM@|$upstream_port|" -e "s|@CONNECTIONS@|$room|" \
        -e "s|@MASTER@|$nginx_master|" -e "s|@SSL@|$ssl|" -e "s|@STRICT@|$strict|" -e "s|@ZONE@|$(zone)|" \
        -e "s|@MAP_SIZE@|$((rows > 10000 ? 262144 : 8192))|" benches/gateway/nginx.conf >"$config"
    PATH=$PATH:/usr/sbin exec "${run_under[@]}" nginx -c "$config"
}

# A megabyte of nginx's memory holds 8,000 clients.
zone() {
    if [ "$rows" -gt 10000 ]; then echo 32m; else echo 10m; fi
}

start_haproxy() {
    local config=$folder/haproxy.cfg limit ssl="" answer="" splice=""
    local refuse="http-request return status 429 hdr X-Client-Name %[var(txn.client)] if"
    limit="$refuse { sc_http_req_rate(0) gt 1000000 }"
    if [ "$limited" = yes ]; then
        limit="http-request set-var(txn.limit) http_auth_bearer,map_str_int($folder/haproxy-limits.map,1000000)\n"
        limit+="    $refuse { sc_http_req_rate(0),sub(txn.limit) gt 0 }"
    fi
    if [ "$tls" = yes ]; then ssl="ssl crt $folder/both.pem ssl-min-ver TLSv1.3"; fi
    if [ "$size$tls" = largeno ]; then splice="option splice-response"; fi
    if [ "$kind" = decision ]; then answer="http-request return status 200 hdr X-Client-Name %[var(txn.client)]"; fi
    sed -e "s|@FOLDER@|$folder|" -e "s|@PORT@|$1|" -e "s|@UPSTREAM@|$upstream_port|" -e "s|@CONNECTIONS@|$room|" \
        -e "s|@SSL@|$ssl|" -e "s|@LIMIT@|$limit|" -e "s|@ANSWER@|$answer|" -e "s|@TABLE@|$((rows * 2))|" \
        -e "s|@SPLICE@|$splice|" benches/gateway/haproxy.cfg >"$config"
    PATH=$PATH:/usr/sbin exec "${run_under[@]}" haproxy -db -f "$config"
}

start_bare() {
    local words=("port=$1")
    if [ "$kind" = proxy ]; then words+=("upstream=127.0.0.1:$upstream_port"); fi
    if [ "$tls" = yes ]; then words+=("cert=$folder/cert.pem" "key=$folder/key.pem"); fi
    exec "${run_under[@]}" "$programs" bare "${words[@]}"
}

start_convergence() {
    # New each time: the guard would hold a refresh from 100,000 keys to 1,000.
    local data
    data=$(mktemp --directory "$folder/data.XXXX")
    local settings=(AUTH_ENABLED=true "KEYS_FILE=$folder/keys.csv" "API_PORT=$1" ADMIN_PORT=0 "DATA_DIR=$data"
        LOG_LEVEL=warn ACCESS_LOG=false "API_THREADS=${threads:-1}" "MAX_CONNECTIONS=$((room > 10000 ? room : 10000))")
    if [ "$kind" = proxy ]; then settings+=("UPSTREAM_URL=http://127.0.0.1:$upstream_port"); fi
    if [ "$tls" = yes ]; then settings+=("TLS_CERT_PATH=$folder/cert.pem" "TLS_KEY_PATH=$folder/key.pem"); fi
    exec env --chdir "$folder" "${settings[@]}" "${run_under[@]}" "$server" serve
}

# Every key once, every answer looked at. In a limited scenario the first 1,000, twice, and the second time the strict half
# has to be refused.
check_peer() {
    local peer=$1 words=("keys=$folder/keys.csv" "ca=$folder/cert.pem")
    # Nobody asks for a key here, and nobody knows a name.
    if [ "$peer" = bare ]; then
        check "url=$(address bare "$(request_path)")" name=no "${words[@]}" || fail "$peer answers wrongly"
        return
    fi
    if [ "$kind" = proxy ]; then words+=("url=$(address "$peer" /name)" body=name); fi
    if [ "$kind" = decision ]; then words+=("url=$(address "$peer" /auth/verify)"); fi
    if [ "$limited" = yes ]; then words+=(count=1000); fi
    check "${words[@]}" || fail "$peer answers wrongly"
    if [ "$limited" = yes ]; then check spent=yes "${words[@]}" || fail "$peer does not limit"; fi
    local status
    status=$(curl --silent --insecure --output /dev/null --write-out '%{http_code}' \
        --header "Authorization: Bearer sk-convergence-unknown" "$(address "$peer" "$(request_path)")")
    [ "$status" = 401 ] || fail "$peer says $status to an unknown key"
    if [ "$tls" = yes ]; then
        openssl s_client -connect "127.0.0.1:${peer_port[$peer]}" </dev/null 2>/dev/null |
            awk -v peer="$peer" '/Cipher is/ { print peer ": " $0 }'
    fi
}

check() {
    taskset --cpu-list "$LOAD_CORE" "$programs" check "$@"
}

# Why the server cannot take part in a scenario; nothing if it can.
obstacle() {
    if [ "$kind" = proxy ] && ! knows upstream-url; then echo "this build has no UPSTREAM_URL"; fi
    if [ "$tls" = yes ] && ! knows tls-cert-path; then echo "this build has no TLS_CERT_PATH"; fi
}

knows() {
    "$server" serve --help 2>&1 | grep --quiet -e "--$1"
}
