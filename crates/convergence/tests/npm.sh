#!/bin/sh
# npm.sh FOLDER HOME: puts what FOLDER/package.json lists into HOME, and prints the path of HOME. When it is there already and the
# list has not changed, nothing is done and no network is needed. Needs the Debian packages nodejs (20 or newer) and npm.
set -eu
folder=$1 home=$2

if ! cmp -s "$folder/package.json" "$home/installed.json"; then
    rm -rf "$home"
    mkdir -p "$home"
    cp "$folder/package.json" "$home"
    (cd "$home" && npm install --silent --no-audit --no-fund --ignore-scripts >&2)
    # Written last: half an installation is none.
    cp "$folder/package.json" "$home/installed.json"
fi
CDPATH='' cd -- "$home" && pwd
