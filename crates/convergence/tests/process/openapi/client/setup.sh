#!/bin/sh
# Puts the tools that make a typed client of an OpenAPI document into target/openapi-client, and prints the folder. When they are
# there already and package.json has not changed, nothing is done and no network is needed.
# Needs the Debian packages nodejs (20 or newer) and npm.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${OPENAPI_CLIENT_DIR:-$here/../../../../../../target/openapi-client}

if ! cmp -s "$here/package.json" "$home/installed.json"; then
    rm -rf "$home"
    mkdir -p "$home"
    cp "$here/package.json" "$home"
    (cd "$home" && npm install --silent --no-audit --no-fund --ignore-scripts >&2)
    # Written last: half an installation is none.
    cp "$here/package.json" "$home/installed.json"
fi
CDPATH='' cd -- "$home" && pwd
