#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Has Debian 13's systemd and udev read the units and the rule as they are installed.
# Whatever either prints is a fault. udevadm of Debian 12 has no verify.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
set=$target/vm/dracut-trixie
[ -e "$set/packages.list" ] || {
    echo "units: no $set: run tests/provision.sh vm" >&2
    exit 1
}
mkdir -p "$target/vm/run"
work=$(mktemp -d "$target/vm/run/units.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Hard links, because copies take time; make install replaces what it writes.
cp -al "$(readlink -f "$set")" "$work/root"
# The units name the program, but nothing runs it here.
make -s install DESTDIR="$work/root" PREFIX=/usr PROGRAM=/bin/true

# in_root COMMAND...: fails if the command does, or prints anything.
in_root() {
    local said unshare=(unshare --mount)
    [ "$(id -u)" = 0 ] || unshare+=(--map-root-user)
    # shellcheck disable=SC2016  # the inner shell expands these
    said=$("${unshare[@]}" sh -ec 'root=$1; shift
        for directory in dev proc; do mount --rbind "/$directory" "$root/$directory"; done
        exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin SYSTEMD_COLORS=0 "$@" 2>&1' \
        sh "$work/root" "$@") || said+="
$*: status $?"
    [ -z "$said" ] || { printf '%s\n' "$said"; return 1; }
}

bad=0
for unit in "$work"/root/usr/lib/systemd/system/kexec-bpf-*.service; do
    in_root systemd-analyze verify --man=no --recursive-errors=no \
        "/usr/lib/systemd/system/${unit##*/}" || bad=1
done
for rule in "$work"/root/usr/lib/udev/rules.d/*-kexec-bpf-*.rules; do
    in_root udevadm verify --no-summary "/usr/lib/udev/rules.d/${rule##*/}" || bad=1
done
exit "$bad"
