#!/bin/sh
# need-python.sh PYTHON: makes sure that PYTHON is 3.11 or newer and can make virtual environments.
set -eu

if ! command -v "$1" >/dev/null 2>&1; then
    echo "no Python found; as root run: apt-get install python3 python3-venv" >&2
    exit 1
fi
if ! "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$1 is $("$1" -V 2>&1), Predvid needs 3.11 or newer: install it and run: make PYTHON=/path/to/python3.11 ..." >&2
    exit 1
fi
"$1" -c 'import ensurepip, venv' 2>/dev/null && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "==> installing the system package python3-venv"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
else
    echo "$1 cannot make virtual environments; as root run: apt-get install python3-venv" >&2
    exit 1
fi
