#!/bin/sh
# python.sh FOLDER HOME [PIP OPTION ...]: makes a Python in HOME with what FOLDER/requirements.txt lists, and prints the path of
# HOME. When it is there already and the list has not changed, nothing is done and no network is needed.
# Needs the Debian packages python3 and python3-venv.
set -eu
folder=$1 home=$2
shift 2

if ! cmp -s "$folder/requirements.txt" "$home/installed.txt"; then
    rm -rf "$home"
    mkdir -p "$(dirname -- "$home")"
    python3 -m venv "$home" || {
        echo "python.sh: python3 -m venv failed; install it with: apt-get install python3-venv" >&2
        exit 1
    }
    "$home/bin/pip" install --quiet --disable-pip-version-check "$@" --requirement "$folder/requirements.txt" >&2
    # Written last: half an installation is none.
    cp "$folder/requirements.txt" "$home/installed.txt"
fi
CDPATH='' cd -- "$home" && pwd
