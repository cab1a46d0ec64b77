#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs, upgrades, removes and purges the package kexec-bpf in a Debian that mmdebstrap
# makes, as root: without a question, with the initramfs made anew each time, and with
# nothing left in the end. Then, in a Debian 13, Fedora's and Arch's package in the same
# way, with this machine's rpm and pacman. Needs target/deb, target/rpm and target/pkg, and
# what tests/provision.sh all installs.
#
#   tests/packages.sh [trixie|bookworm|forky|trixie-dracut|forky-dracut]
#
# kexec-bpf-dkms is not installed here: a compiler and kernel headers would be 1 GB.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

suite=${1:-trixie}
generator=initramfs-tools
case $suite in *-dracut) generator=dracut ;; esac
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
die() { echo "packages: $*" >&2; exit 1; }
package=$(echo "$target"/deb/kexec-bpf_*_amd64.deb)
rpm=$(echo "$target"/rpm/kexec-bpf-[0-9]*.rpm)
pkg=$(echo "$target"/pkg/kexec-bpf-[0-9]*.pkg.tar.zst)
for file in "$package" "$rpm" "$pkg"; do
    [ -f "$file" ] || die "no $file: run make deb rpm pkg"
done
set=$(readlink -f "$target/vm/linux-6.12")
release=$(basename "$(echo "$set"/lib/modules/*)")

# shellcheck source=tests/debian-root.sh
. tests/debian-root.sh
# linux-base tells dracut's package the kernels that there are.
case $generator in
initramfs-tools) packages=(initramfs-tools busybox) ;;
dracut) packages=(dracut linux-base) ;;
esac
minimal=$(system "packages-$suite" "${suite%-dracut}" "${packages[@]}" zstd systemd)

mkdir -p "$target/vm/run"
root=$(mktemp -d "$target/vm/run/packages.XXXXXX")
trap 'rm -rf "$root"' EXIT
tar -xf "$minimal" -C "$root"
mkdir -p "$root/usr/lib/modules"
cp -al "$set/lib/modules/$release" "$root/usr/lib/modules/"
cp "$set/boot/config-$release" "$set/boot/vmlinuz-$release" "$root/boot/"

# Prints all files but those that any package installation changes.
files() {
    (cd "$root" && find . -xdev ! -type d ! -path './var/*' ! -path './usr/lib/modules/*' \
        ! -path './etc/ld.so.cache' ! -path './boot/initrd.img-*' | sort)
}

# expect yes|no WORD: whether the initramfs has the program.
expect() {
    local found=no
    if has_program "/boot/initrd.img-$release"; then found=yes; fi
    [ "$found" = "$1" ] || die "$2: is the program in the initramfs? $found, not $1"
    echo "packages: $suite: $2: ok"
}

# nothing_left WORD: fails if there is a file that was not there at the start.
nothing_left() {
    rm -r "$root"/tmp/*
    files >"$target/vm/run/packages.after"
    diff "$target/vm/run/packages.before" "$target/vm/run/packages.after" ||
        die "$1: these files are left"
    local left
    left=$(cd "$root" && find etc usr -xdev -name '*kexec?bpf*' ! -path 'usr/lib/modules/*')
    [ -z "$left" ] || die "$1: these are left: $left"
    echo "packages: $suite: $1: ok"
}

# Prints how many links enable units of the package.
links() { find "$root/etc/systemd" -name 'kexec-bpf-*' -type l | wc -l; }

in_root depmod "$release"
case $generator in
initramfs-tools) in_root update-initramfs -c -k "$release" >/dev/null ;;
dracut) in_root /etc/kernel/postinst.d/dracut "$release" >/dev/null 2>&1 ;;
esac
files >"$target/vm/run/packages.before"
expect no "a system without the package"

cp "$package" "$root/tmp/first.deb"
in_root apt-get -q install -y /tmp/first.deb
expect yes "install"
in_root kexec-bpf help >/dev/null

# The next version, which is the same program.
dpkg-deb -R "$package" "$root/tmp/next"
sed -i 's/^Version: .*/&+1/' "$root/tmp/next/DEBIAN/control"
dpkg-deb -b "$root/tmp/next" "$root/tmp/second.deb" >/dev/null
echo '#!/bin/sh' >"$root/etc/kexec-bpf/pre-exec.d/10-mine"
in_root apt-get -q install -y /tmp/second.deb
expect yes "upgrade"

in_root apt-get -q remove -y kexec-bpf
expect no "remove"
[ -e "$root/etc/kexec-bpf/pre-exec.d/10-mine" ] || die "the administrator's file is gone"
rm "$root/etc/kexec-bpf/pre-exec.d/10-mine"

in_root apt-get -q install -y /tmp/first.deb
in_root apt-get -q purge -y kexec-bpf
nothing_left "purge"
[ "$suite" = trixie ] || exit 0

# rpm and pacman do not know what Debian's packages have installed. Both run the scripts of
# a package in the system.
with_rpm() { rpm --force-debian --root "$root" --dbpath /tmp/rpm --nodeps --nosignature "$@"; }
with_rpm -i "$rpm"
in_root kexec-bpf help >/dev/null
in_root systemctl -q enable kexec-bpf-kdump kexec-bpf-enforce
[ "$(links)" = 2 ] || die "the units are not enabled"
with_rpm -U --replacepkgs "$rpm"
[ "$(links)" = 2 ] || die "an upgrade has disabled the units"
with_rpm -e kexec-bpf
nothing_left "rpm"

printf '[options]\nSigLevel = Never\n' >"$root/tmp/pacman.conf"
mkdir "$root/tmp/pacman"
with_pacman() {
    pacman --root "$root" --dbpath "$root/tmp/pacman" --config "$root/tmp/pacman.conf" \
        --noconfirm --nodeps --nodeps "$@" >"$root/tmp/log" 2>&1 </dev/null ||
        die "pacman $*: $(cat "$root/tmp/log")"
}
with_pacman -U "$pkg"
in_root kexec-bpf help >/dev/null
with_pacman -U "$pkg"
with_pacman -R kexec-bpf
nothing_left "pacman"
