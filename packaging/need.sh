#!/bin/sh
# need.sh LIST: makes sure that the programs in LIST (command, Debian package, why) are there.
# Installs what is missing when run as root on Debian, otherwise names it and fails.
set -eu

missing=""
while read -r command package why; do
    case "$command" in "" | "#"*) continue ;; esac
    command -v "$command" >/dev/null 2>&1 || missing="$missing $package"
done <"$1"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "==> installing system packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 -- the list is meant to be split into words
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "missing system packages:$missing; as root run: apt-get install$missing" >&2
    exit 1
fi
