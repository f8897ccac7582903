# shellcheck shell=bash
# What run.sh, test.sh and benches/*.sh share: putting on a Debian machine what is missing, and nothing else.
# Sourced, not run; needs `set -euo pipefail`.

# Stops with words that say what to do.
fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# apt-get as root, or through sudo. Whoever can do neither is told the very command.
apt_get() {
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get "$@"
    else
        sudo DEBIAN_FRONTEND=noninteractive apt-get "$@"
    fi
}

# Installs the packages named, unless there are none. The lists are fetched first: a fresh machine has none, and old
# ones name packages that are gone. apt is quiet unless it fails.
install() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "no apt-get here; install what these Debian packages hold: $*"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        fail "missing: $*. There is no sudo here; as root: apt-get update && apt-get install --no-install-recommends $*"
    echo "Installing $* ..."
    local log
    log=$(mktemp)
    if ! { apt_get update && apt_get install --yes --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        fail "apt-get could not install $*"
    fi
    rm -f "$log"
}

# Whether one of Debian's packages is still to be installed, told by what it is for: a program that is already there
# from somewhere else does as well.
lacks() {
    case $1 in
    gcc) ! command -v cc ;;
    g++) ! command -v c++ ;;
    libc6-dev) ! echo '#include <stdlib.h>' | cc -E - ;;
    ca-certificates) [ ! -e /etc/ssl/certs/ca-certificates.crt ] && [ -z "${SSL_CERT_FILE:-}" ] ;;
    python3-venv) ! python3 -c 'import ensurepip, venv' ;;
    haproxy) ! PATH=$PATH:/usr/sbin command -v haproxy ;;
    nginx-light) ! PATH=$PATH:/usr/sbin command -v nginx ;;
    nodejs) ! command -v node ;;
    fonts-dejavu-core) [ ! -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] ;;
    redis-tools) ! command -v redis-check-rdb ;;
    util-linux) ! command -v taskset ;;
    *) ! command -v "$1" ;;
    esac >/dev/null 2>&1
}

# Installs those of the packages named that are not there.
need() {
    local package missing=()
    for package in "$@"; do
        if lacks "$package"; then missing+=("$package"); fi
    done
    install "${missing[@]}"
}

# Cargo, not older than Cargo.toml's rust-version. Where there is none and Debian has rustup (from 13 on), it is
# installed from there; a compiler that is there is yours, and not replaced.
need_cargo() {
    local wanted found
    local how="rustup toolchain install stable --profile minimal --component clippy,rustfmt"
    # rustup's own folder may not be in the path of a shell that was open when it was installed.
    command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    if ! command -v cargo >/dev/null && apt-cache policy rustup 2>/dev/null | grep -q 'Candidate: [^(]'; then
        install rustup
        $how </dev/null
    fi
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    command -v rustup >/dev/null || how="see rustup.rs, then: $how"
    command -v cargo >/dev/null || fail "Rust $wanted or newer is needed, and there is no cargo. To get it: $how"
    found=$(cargo --version 2>/dev/null </dev/null | cut -d ' ' -f 2) || true
    [ -n "$found" ] || fail "cargo --version fails (is the stable toolchain installed?). To get it: $how"
    printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort --version-sort --check=quiet ||
        fail "Rust $wanted or newer is needed, and this is $found. To get it: $how"
}

# Where the neural voice is: an absolute path, for the same reason as that of `target_folder`.
voices_folder() {
    (cd "${from:-.}" && realpath --canonicalize-missing -- "${VOICES_DIR:-$OLDPWD/voices}")
}

# Where cargo is to build: an absolute path, since a relative one is meant from where the caller stood (`from`).
target_folder() {
    (cd "${from:-.}" && realpath --canonicalize-missing -- "${CARGO_TARGET_DIR:-$OLDPWD/target}")
}
