#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs a command with the programs of Debian 13 (set toolchain-trixie: gcc-14,
# pahole, make), for kernels that this machine's cannot build modules for.
#
#   tests/toolchain.sh DIRECTORY... -- COMMAND...
#
# The command sees the directories at their own paths, and nothing else of this
# machine's files. Requires root or user namespaces.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${CARGO_TARGET_DIR:-$here/target}/vm
set=$(readlink -f "$cache/toolchain-trixie")
[ -d "$set" ] || {
    echo "toolchain: $cache/toolchain-trixie is missing: run tests/provision.sh vm" >&2
    exit 1
}

# A separate root, so that the unpacked packages need no mount points.
# shellcheck disable=SC2016  # it is the other shell that expands these names
enter='
set=$1; shift
root=$(mktemp -d)
mount -t tmpfs root "$root"
mkdir "$root/usr" "$root/tmp" "$root/proc" "$root/dev"
mount --bind "$set/usr" "$root/usr"
cp -a "$set/etc" "$set/bin" "$set/sbin" "$set/lib" "$set/lib64" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    shift
done
shift
trap "umount -l \"$root\"; rmdir \"$root\"" EXIT
chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin LC_ALL=C "$@"
'
map=()
[ "$(id -u)" = 0 ] || map=(--map-root-user)
exec unshare --mount "${map[@]}" bash -ec "$enter" bash "$set" "$@"
