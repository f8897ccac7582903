#!/bin/sh
# Makes a Python with OpenAI's own client, in target/openai, and prints its path. When it is there already and
# requirements.txt has not changed, nothing is done and no network is needed.
# Needs the Debian packages python3 and python3-venv.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${OPENAI_CLIENT_DIR:-$here/../../../../../target/openai}

if ! cmp -s "$here/requirements.txt" "$home/installed.txt"; then
    rm -rf "$home"
    mkdir -p "$(dirname -- "$home")"
    python3 -m venv "$home" || {
        echo "setup.sh: python3 -m venv failed; install it with: apt-get install python3-venv" >&2
        exit 1
    }
    "$home/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
        --requirement "$here/requirements.txt" >&2
    # Written last: half an installation is none.
    cp "$here/requirements.txt" "$home/installed.txt"
fi
echo "$(CDPATH='' cd -- "$home" && pwd)/bin/python"
