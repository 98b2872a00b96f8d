#!/usr/bin/env bash
# Make the virtual environment .venv of this clone ready: `tools/setup.sh demo` or `tools/setup.sh test`.
set -euo pipefail
cd "$(dirname "$0")/.."

goal="${1:?usage: tools/setup.sh demo|test}"

# Qt draws through OpenGL on an X server; a bare Debian has neither.
window_packages=(
    xvfb xauth libgl1 libegl1 libopengl0 libgl1-mesa-dri libxkbcommon-x11-0 libdbus-1-3 libfontconfig1
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
    libxcb-shape0 libxcb-xinerama0 libxcb-xfixes0
)

# Install Debian packages that are missing, or say which line does.
need_packages() {
    command -v dpkg-query >/dev/null || return 0
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local line="apt-get install -y --no-install-recommends ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        echo "System libraries are missing. Please run: sudo $line" >&2
        exit 1
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive $line
}

# The first interpreter that runs and is new enough; a name on the PATH may be a shim that does not.
find_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return 0
        fi
    done
    echo "Python 3.11 or newer is needed and was not found on the PATH." >&2
    return 1
}

case "$goal" in
demo) requirement="." ;;
test)
    requirement=".[cluster,gui,mesh,dev,docs]"
    need_packages "${window_packages[@]}"
    if ! command -v xvfb-run >/dev/null; then
        echo "xvfb-run is needed to test the widgets; please install Xvfb." >&2
        exit 1
    fi
    ;;
*)
    echo "usage: tools/setup.sh demo|test" >&2
    exit 2
    ;;
esac

python="$(find_python)"
if command -v uv >/dev/null; then
    [ -x .venv/bin/python ] || uv venv --python "$python" .venv
    uv pip install --python .venv/bin/python --editable "$requirement"
else
    if [ ! -x .venv/bin/python ]; then
        # Debian keeps ensurepip, which a virtual environment needs, in a package of its own.
        "$python" -c 'import ensurepip' 2>/dev/null || need_packages "$(basename "$python")-venv"
        "$python" -m venv .venv
    fi
    .venv/bin/python -m pip install --quiet --editable "$requirement"
fi
