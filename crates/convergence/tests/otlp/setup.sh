#!/bin/sh
# Makes a Python with OpenTelemetry's own messages, in target/otlp, and prints its path (see ../python.sh).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=$(sh "$here/../python.sh" "$here" "${OTLP_DIR:-$here/../../../../target/otlp}" --only-binary :all:)
echo "$home/bin/python"
