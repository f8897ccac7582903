#!/bin/sh
# Prints the path of promtool: the one that is installed, or that of Debian's package prometheus, unpacked into target/promtool.
# To install the package would start a Prometheus.
set -eu
command -v promtool && exit
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${PROMTOOL_DIR:-$here/../../../../target/promtool}
if ! [ -x "$home/promtool" ]; then
    mkdir -p "$home"
    home=$(CDPATH='' cd -- "$home" && pwd)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work"
    (cd "$work" && apt-get download --quiet prometheus) >&2 || {
        echo "setup.sh: apt-get cannot download prometheus; apt-get update may help, or a promtool in PATH" >&2
        exit 1
    }
    dpkg -x "$work"/prometheus_*.deb "$work/unpacked"
    # Moved last, and at once: half a program is none.
    mv "$work/unpacked/usr/bin/promtool" "$home/promtool.new"
    mv "$home/promtool.new" "$home/promtool"
fi
echo "$(CDPATH='' cd -- "$home" && pwd)/promtool"
