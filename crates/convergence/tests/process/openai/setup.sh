#!/bin/sh
# Makes a Python with OpenAI's own client, in target/openai, and prints its path (see ../../python.sh).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=$(sh "$here/../../python.sh" "$here" "${OPENAI_CLIENT_DIR:-$here/../../../../../target/openai}" --only-binary :all:)
echo "$home/bin/python"
