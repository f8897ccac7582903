#!/bin/sh
# Puts checkers of Dockerfiles, Compose files and Kubernetes manifests into target/deploy (60 MB), and prints the folder of
# their programs (see ../python.sh).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=$(sh "$here/../python.sh" "$here" "${DEPLOY_DIR:-$here/../../../../target/deploy}" --only-binary :all:)
echo "$home/bin"
