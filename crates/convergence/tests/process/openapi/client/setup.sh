#!/bin/sh
# Puts the tools that make a typed client of an OpenAPI document into target/openapi-client, and prints the folder.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec sh "$here/../../../npm.sh" "$here" "${OPENAPI_CLIENT_DIR:-$here/../../../../../../target/openapi-client}"
