#!/bin/sh
# Makes the Python that listens, in target/listener (560 MB), and prints its path (see ../python.sh). Runs on the CPU; no CUDA.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=$(sh "$here/../python.sh" "$here" "${LISTENER_DIR:-$here/../../../../target/listener}")
echo "$home/bin/python"
