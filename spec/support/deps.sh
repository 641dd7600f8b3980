#!/bin/sh
# Installs what building and testing needs from Debian's packages, when that is
# possible without asking; otherwise says exactly what to type. More packages
# may be named as arguments.
set -eu

need="gcc libc6-dev lua5.4 liblua5.4-dev lua-busted pkg-config netbase python3 strace libbluetooth-dev libwslay-dev nettle-dev python3-websockets lua-zlib lua-cjson media-types curl"
missing=""

command -v dpkg-query >/dev/null 2>&1 || exit 0
for package in $need "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Missing packages. Please run:" >&2
    echo "    sudo apt-get install$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q >/dev/null
$as_root apt-get install -q -y --no-install-recommends $missing >/dev/null
