#!/bin/sh
# Fetches the requests that gunicorn and llhttp test their parsers with, from sources on PyPI, to target/corpus, and prints
# the folder's path. When it is there already and requirements.txt has not changed, nothing is done and no network is
# needed. Needs the Debian packages python3 and python3-venv.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${CORPUS_DIR:-$here/../../../../target/corpus}

if ! cmp -s "$here/requirements.txt" "$home/installed.txt"; then
    rm -rf "$home"
    mkdir -p "$home/fetched"
    python3 -m venv "$home/python" || {
        echo "setup.sh: python3 -m venv failed; install it with: apt-get install python3-venv" >&2
        exit 1
    }
    "$home/python/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: --require-hashes \
        --dest "$home/fetched" --requirement "$here/requirements.txt" >&2
    for source in "$home"/fetched/*.tar.gz; do tar -xzf "$source" -C "$home/fetched"; done
    mv "$home"/fetched/gunicorn-*/tests/requests "$home/gunicorn"
    mv "$home"/fetched/aiohttp-*/vendor/llhttp/test/request "$home/llhttp"
    rm -rf "$home/python" "$home/fetched"
    # Written last: half an installation is none.
    cp "$here/requirements.txt" "$home/installed.txt"
fi
CDPATH='' cd -- "$home" && pwd
