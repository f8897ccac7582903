#!/usr/bin/env bash
# From a fresh Debian machine to a running server: installs what is missing, builds, and starts `convergence demo`,
# which shows the whole product in a minute and goes on serving. Arguments go to it: ./run.sh --api-port 9000
set -euo pipefail
from=$PWD
cd "$(dirname -- "$(realpath -- "$0")")"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

# gcc compiles what is C in the tree (the cryptography), flite speaks, and curl is for the requests to paste.
need ca-certificates gcc libc6-dev flite curl
need_cargo
VOICES_DIR=$(voices_folder) scripts/fetch-voices.sh </dev/null ||
    echo "run.sh: no neural voice, so Flite speaks; to try again: scripts/fetch-voices.sh" >&2
target=$(target_folder)
echo "Building (some minutes the first time) ..."
cargo build --release --locked --package convergence --target-dir "$target" --quiet </dev/null
exec "$target/release/convergence" demo "$@"
