#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the module in Debian systems that mmdebstrap makes, as root: in a Debian 13 with
# nothing but what README names, then there by DKMS from the packages, which are installed,
# upgraded and purged; and in a Debian 12, whose DKMS must leave out its Linux 6.1, but
# build for a kernel of bookworm-backports that comes later. Needs target/deb, which make
# deb fills, and fetches about 600 MB once.
#
#   tests/dkms.sh [trixie|bookworm]
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
die() { echo "dkms: $*" >&2; exit 1; }
ok() { echo "dkms: $*: ok"; }
# shellcheck source=tests/debian-root.sh
. tests/debian-root.sh

packages=("$target"/deb/kexec-bpf_*.deb "$target"/deb/kexec-bpf-dkms_*.deb)
[ -f "${packages[1]}" ] || die "no packages in $target/deb: run make deb"
version=$(packaging/version.sh)
mkdir -p "$target/vm/run"
root=$(mktemp -d "$target/vm/run/dkms.XXXXXX")
trap 'rm -rf "$root"' EXIT

apt_get() { in_root apt-get -q -y --no-install-recommends -o Acquire::Retries=5 "$@"; }

# Prints all files but those that any package installation changes.
files() {
    (cd "$root" && find . -xdev ! -type d ! -path './var/*' ! -path './tmp/*' \
        ! -path './usr/lib/modules/*/modules.*' ! -path './etc/ld.so.cache' \
        ! -path './boot/initrd.img-*' | sort)
}

# expect_module RELEASE: DKMS has built the module for this kernel only, and signed it.
expect_module() {
    local found
    found=$(cd "$root/usr/lib/modules" && find . -name 'kexec_bpf.ko*')
    [ "${found%.ko*}" = "./$1/updates/dkms/kexec_bpf" ] || die "modules: '$found', not for $1"
    [ "$(in_root modinfo -k "$1" -F signer kexec_bpf)" = "DKMS module signing key" ] ||
        die "the module for $1 is not signed"
    [ "$(in_root modinfo -k "$1" -F version kexec_bpf)" ] || die "no version"
}

# in_initramfs RELEASE: whether the initramfs has the module.
in_initramfs() {
    in_root lsinitramfs "/boot/initrd.img-$1" >"$root/tmp/list"
    grep -q '/kexec_bpf\.ko' "$root/tmp/list"
}

trixie() {
    local names release minimal archive next
    names=$(sed -n 's/^ *sudo apt install \(.* linux-headers-amd64\)$/\1/p' README.md)
    [ -n "$names" ] || die "README names no packages for the module"
    # shellcheck disable=SC2086  # one word each
    minimal=$(system debian-13-module trixie $names)
    tar -xf "$minimal" -C "$root"
    release=$(basename "$(echo "$root"/usr/lib/modules/*)")
    cp -r bpf "$root/root/bpf"
    rm -f "$root"/root/bpf/*.o "$root"/root/bpf/kmod/*.{o,ko,parser}
    in_root make -C /root/bpf/kmod KDIR="/lib/modules/$release/build"
    [ -f "$root/root/bpf/kmod/kexec_bpf.ko" ] || die "no module"
    rm -r "$root/root/bpf"
    ok "README's packages build the module for $release; cc is $(in_root readlink -f /usr/bin/cc)"

    # openssl: DKMS makes a key with it, if there is none.
    archive=$target/vm/debian-13-dkms.tar
    if [ ! -e "$archive" ]; then
        apt_get install dkms openssl
        tar -C "$root" -cf "$archive.new" .
        mv "$archive.new" "$archive"
    else
        tar -xf "$archive" -C "$root"
    fi
    files >"$target/vm/run/dkms.before"

    # The program alone, and then the module: the initramfs is made anew for each.
    cp "${packages[0]}" "$root/tmp/program.deb"
    cp "${packages[1]}" "$root/tmp/module.deb"
    apt_get install /tmp/program.deb
    ! in_initramfs "$release" || die "a module before it is installed"
    apt_get install /tmp/module.deb
    expect_module "$release"
    in_initramfs "$release" || die "the initramfs lacks the module"
    ok "install, $(in_root dkms --version): $(in_root dkms status kexec_bpf)"

    # The next version, which is the same module.
    next=$root/tmp/next
    dpkg-deb -R "${packages[1]}" "$next"
    sed -i "s/\b$version\b/$version.1/g" "$next"/DEBIAN/{control,postinst,prerm} \
        "$next"/usr/src/*/dkms.conf
    mv "$next/usr/src/kexec_bpf-$version" "$next/usr/src/kexec_bpf-$version.1"
    rm "$next/DEBIAN/md5sums"
    dpkg-deb -b "$next" "$root/tmp/next.deb" >/dev/null
    rm -r "$next"
    apt_get install /tmp/next.deb
    expect_module "$release"
    [ "$(in_root dkms status | cut -d , -f 1)" = "kexec_bpf/$version.1" ] ||
        die "after the upgrade: $(in_root dkms status)"
    ok "upgrade: $(in_root dkms status kexec_bpf)"

    apt_get remove kexec-bpf-dkms
    ! in_initramfs "$release" || die "the initramfs still has the module"
    apt_get purge kexec-bpf kexec-bpf-dkms
    rm -r "$root"/tmp/*
    files >"$target/vm/run/dkms.after"
    diff "$target/vm/run/dkms.before" "$target/vm/run/dkms.after" || die "these files are left"
    [ -z "$(in_root dkms status)" ] || die "DKMS still has $(in_root dkms status)"
    [ ! -e "$root/var/lib/dkms/kexec_bpf" ] || die "/var/lib/dkms/kexec_bpf is left"
    ok "remove and purge"
}

bookworm() {
    local old new archive
    archive=$(system debian-12-dkms bookworm dkms openssl clang llvm libbpf-dev dwarves \
        linux-headers-amd64)
    tar -xf "$archive" -C "$root"
    old=$(basename "$(echo "$root"/usr/src/linux-headers-6.1.*-amd64)")
    old=${old#linux-headers-}
    cp "${packages[@]}" "$root/tmp"
    apt_get install "/tmp/${packages[0]##*/}" "/tmp/${packages[1]##*/}"
    [ -z "$(find "$root/usr/lib/modules" -name 'kexec_bpf*')" ] || die "a module for $old"
    ok "Linux $old is left out, $(in_root dkms --version)"

    source_line bookworm-backports >"$root/etc/apt/sources.list.d/backports.list"
    apt_get update
    new=$(in_root apt-cache depends -t bookworm-backports linux-headers-amd64 |
        sed -n 's/^ *Depends: linux-headers-\(6\.[^ ]*\)$/\1/p' | tail -n 1)
    apt_get install "linux-headers-$new"
    expect_module "$new"
    ok "a kernel that comes later: $(in_root dkms status kexec_bpf)"
}

parts=("$@")
[ $# -gt 0 ] || parts=(trixie bookworm)
for part in "${parts[@]}"; do
    "$part"
    find "$root" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
done
