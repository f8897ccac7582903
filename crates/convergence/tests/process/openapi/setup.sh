#!/bin/sh
# Makes a Python with Schemathesis, in target/schemathesis, and prints the program's path (see ../../python.sh).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=$(sh "$here/../../python.sh" "$here" "${SCHEMATHESIS_DIR:-$here/../../../../../target/schemathesis}" --only-binary :all:)
echo "$home/bin/schemathesis"
