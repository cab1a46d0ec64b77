# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Roots of unpacked packages, in which another suite's programs run. Sourced by
# tests/provision.sh.

# The packages are unpacked but not configured, so this makes what their scripts
# would make, as far as it is needed.
merge_usr() {
    local directory
    for directory in bin sbin lib lib64; do
        mkdir -p "$1/usr/$directory"
        ln -s "usr/$directory" "$1/$directory"
    done
}

configure_initramfs() {
    local root=$1 file
    mkdir -p "$root/tmp" "$root/var/tmp" "$root/proc" "$root/sys" "$root/dev" "$root/run"
    for file in passwd group; do
        cp "$root/usr/share/base-passwd/$file.master" "$root/etc/$file"
    done
    ln -sf mawk "$root/usr/bin/awk"
}

prepare_dracut-bookworm() { merge_usr "$1"; }
prepare_dracut-trixie() { merge_usr "$1"; }
relocate_dracut-bookworm() { configure_initramfs "$1"; }
relocate_dracut-trixie() { configure_initramfs "$1"; }
prepare_initramfs-tools-trixie() { merge_usr "$1"; }
relocate_initramfs-tools-trixie() { configure_initramfs "$1"; }

# dracut SUITE: unpacks dracut, systemd and what both run.
dracut() {
    have "dracut-$1" && return
    update "$1"
    local names
    mapfile -t names < <(closure "$1" dracut-core systemd systemd-sysv udev bash dash mawk zstd \
        coreutils findutils grep gzip sed util-linux libc-bin base-passwd ncurses-bin)
    [ ${#names[@]} -gt 0 ] || die "apt cannot resolve dracut-core in $1"
    fill "dracut-$1" "$1" "${names[@]}"
}

# initramfs_tools SUITE: unpacks initramfs-tools, busybox and what both run.
initramfs_tools() {
    have "initramfs-tools-$1" && return
    update "$1"
    local names
    mapfile -t names < <(closure "$1" initramfs-tools busybox udev bash dash mawk zstd dpkg \
        coreutils findutils grep gzip sed util-linux libc-bin base-passwd)
    [ ${#names[@]} -gt 0 ] || die "apt cannot resolve initramfs-tools in $1"
    fill "initramfs-tools-$1" "$1" "${names[@]}"
}

prepare_toolchain-trixie() { merge_usr "$1"; }
relocate_toolchain-trixie() {
    local root=$1
    ln -sf mawk "$root/usr/bin/awk"
    ln -sf gcc-14 "$root/usr/bin/gcc"
    ln -sf gcc-14 "$root/usr/bin/cc"
    rm -rf "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale
}

# toolchain: unpacks what builds modules for kernels that require newer
# compilers and a newer pahole than this machine may have. tests/toolchain.sh
# runs programs in it. The libraries are for programs in the kernels' header
# packages.
toolchain() {
    have toolchain-trixie && return
    update trixie
    local names
    mapfile -t names < <(closure trixie gcc-14 make pahole bash dash mawk coreutils         diffutils findutils grep sed gzip libc-bin util-linux libelf1t64 libssl3t64 zlib1g)
    [ ${#names[@]} -gt 0 ] || die "apt cannot resolve gcc-14 in trixie"
    fill toolchain-trixie trixie "${names[@]}"
}
