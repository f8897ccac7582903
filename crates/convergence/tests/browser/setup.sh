#!/bin/sh
# Puts what drives Chromium into target/browser, and prints the folder. When it is there already and package.json has not
# changed, nothing is done and no network is needed. Needs the Debian packages nodejs (20 or newer), npm, chromium and
# fonts-dejavu-core.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${BROWSER_DIR:-$here/../../../../target/browser}

if ! cmp -s "$here/package.json" "$home/installed.json"; then
    rm -rf "$home"
    mkdir -p "$home"
    cp "$here/package.json" "$home"
    (cd "$home" && npm install --silent --no-audit --no-fund --ignore-scripts >&2)
    # Written last: half an installation is none.
    cp "$here/package.json" "$home/installed.json"
fi
CDPATH='' cd -- "$home" && pwd
