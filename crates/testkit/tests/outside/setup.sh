#!/bin/sh
# Makes the folder of the programs that testkit's Google is held to, in target/outside, and prints its path: a Python
# environment, the test-suites of gspread-formatting and gspread-dataframe (which their sources on PyPI hold), and
# Google's Node client. When it is there already and the two lists have not changed, nothing is done and no network is
# needed. Needs the Debian packages python3, python3-venv, nodejs and npm.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${OUTSIDE_DIR:-$here/../../../../target/outside}

if ! cat "$here/requirements.txt" "$here/package.json" | cmp -s - "$home/installed.txt"; then
    rm -rf "$home"
    mkdir -p "$home/suites"
    python3 -m venv "$home/python" || {
        echo "setup.sh: python3 -m venv failed; install it with: apt-get install python3-venv" >&2
        exit 1
    }
    pip() { "$home/python/bin/pip" --quiet --disable-pip-version-check "$@" >&2; }
    pip install --requirement "$here/requirements.txt"
    for suite in gspread-formatting gspread-dataframe; do
        version=$(sed -n "s/^$suite==//p" "$here/requirements.txt")
        pip download --no-deps --no-binary :all: --dest "$home/suites" "$suite==$version"
        tar -xzf "$home/suites/$suite-$version.tar.gz" -C "$home/suites"
        ln -s "$suite-$version" "$home/suites/$suite"
    done
    cp "$here/package.json" "$home"
    (cd "$home" && npm install --silent --no-audit --no-fund >&2)
    # Written last: half an installation is none.
    cat "$here/requirements.txt" "$here/package.json" >"$home/installed.txt"
fi
CDPATH='' cd -- "$home" && pwd
