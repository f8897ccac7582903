#!/bin/sh
# Puts what drives Chromium into target/browser, and prints the folder. Needs the Debian packages chromium and fonts-dejavu-core, too.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec sh "$here/../npm.sh" "$here" "${BROWSER_DIR:-$here/../../../../target/browser}"
