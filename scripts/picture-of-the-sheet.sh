#!/usr/bin/env bash
# Renews docs/images/sheet.png: the keys tab of the demo spreadsheet that the tests' Google has, in Chromium. Needs the Debian
# packages chromium and fonts-dejavu-core.
set -euo pipefail
cd "$(dirname -- "$(realpath -- "$0")")/.."

# As a spreadsheet looks: the keys tab alone, its cells as wide as their text, the header in bold, no buttons.
style='body{margin:0;font:13px "DejaVu Sans",sans-serif}h1,h2,p,button,form{display:none}
form:has(input[value="api_key"]){display:block;margin:0}table{width:100%}
td,th{border:1px solid #dadce0;height:26px}th{background:#f8f9fa;color:#5f6368}td:nth-child(9),th:nth-child(9){display:none}
input[type=text]{font:inherit;field-sizing:content;min-width:6em;padding:0 .4em}tr:nth-child(2) input{font-weight:bold}
td:has(input[type=checkbox]){text-align:center}'

folder=$(mktemp --directory)
port=9099
cargo run --quiet --package convergence-testkit --bin fake-google -- --port "$port" --credentials "$folder/account.json" --demo >"$folder/log" &
google=$!
trap 'kill "$google"; rm -rf "$folder"' EXIT
until grep --quiet 'Google is at' "$folder/log"; do
    kill -0 "$google"
    sleep 0.1
done
curl --silent --fail --noproxy '*' "http://127.0.0.1:$port/" >"$folder/page.html"
printf '<style>%s</style>' "$style" >>"$folder/page.html"
chromium --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$folder/chromium" --force-device-scale-factor=1.5 \
    --window-size=1080,164 --hide-scrollbars --screenshot=docs/images/sheet.png "file://$folder/page.html" 2>/dev/null
