#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what a make target needs, and says why. Does nothing if all is
# installed.
#
#   tests/provision.sh STAGE...      build, kernel, demo, vm, all, deb, rpm, pkg, source
#   tests/provision.sh --refresh STAGE...   take today's package versions
#
# Programs that run on this machine come from its own package sources. What is
# used only in guests is unpacked under target/vm by apt with its own state: no
# apt configuration, package database or key of this machine changes.
#
#   target/vm/SET          link to the unpacked packages of a set
#   target/vm/sets/SET-KEY the packages; KEY is a hash of their versions
#   target/vm/sets/SET-KEY/packages.list   a line NAME VERSION for each
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${CARGO_TARGET_DIR:-$here/target}/vm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
refresh=no

say() { echo "provision: $*"; }
die() { echo "provision: $*" >&2; exit 1; }

stages='build, kernel, demo, vm, all, deb, rpm, pkg or source'

# Packages, each with the reason for it.
build_packages="
gcc            links the program, and programs that run during the build
libc6-dev      what gcc needs to link
make           runs the Makefile
linux-libc-dev kernel headers: a test compares the interface with them
"
kernel_packages="
gcc-12         builds the kernel module: the compiler that built the kernel
make           builds the kernel module
clang          compiles the BPF programs
llvm           strips the BPF programs
libbpf-dev     headers of the BPF programs
dwarves        writes the kernel module's type information
"
demo_packages="
qemu-system-x86       runs the guests
python3               runs ukify
python3-pefile        ukify reads and writes PE files with it
python3-cryptography  ukify imports it
mtools                fills FAT file systems of guests' disks
gdisk                 partitions guests' disks
xz-utils              unpacks drivers for guests
"
deb_packages="
dpkg-dev      builds Debian packages
debhelper     does the steps of that build
dh-dkms       installs the module's source as DKMS wants it
lintian       reads the packages
"
rpm_packages="
rpm      builds Fedora's packages
rpmlint  reads them
"
pkg_packages="
makepkg                 builds Arch Linux's packages
pacman-package-manager  makepkg does not start without it
libarchive-tools        unpacks and packs for makepkg
zstd                    compresses the packages
binutils                reads the program, to check it
"
source_packages="
gcc-12       builds the kernel that checks itself
make         builds it
flex         its configuration is read by programs that are built first
bison        the same
bc           the kernel's build computes a header with it
libelf-dev   the kernel's build has programs that read object files
libssl-dev   the kernel's build signs
openssl      the kernel's build makes a key
dwarves      writes the kernel's type information
zstd         compresses the kernel
"
vm_packages="
musl-tools            compiles the floor program that only calls the kernel
sbsigntool            signs test images
openssl               unlocks the test firmware's signing key
ima-evm-utils         signs files for IMA
swtpm                 is the guests' TPM
e2fsprogs             makes ext4 file systems of guests' disks
xfsprogs              makes XFS file systems of guests' disks
btrfs-progs           makes btrfs file systems of guests' disks
f2fs-tools            makes F2FS file systems of guests' disks
exfatprogs            makes exFAT file systems of guests' disks
erofs-utils           makes erofs file systems of guests' disks
squashfs-tools        makes squashfs file systems of guests' disks
fdisk                 writes MBR tables to guests' disks
zstd                  compresses initrds
lz4                   compresses initrds
lzop                  compresses initrds
xz-utils              compresses initrds, unpacks the kernel's own modules
tmux                  is the terminal of a guest's serial console
zsh                   runs the completion for zsh
fish                  runs the completion for fish
shellcheck            checks the shell scripts
sparse                checks the kernel module's C code
perl                  runs the kernel's checkpatch
"
all_packages="
libelf-dev    libbpf reads object files with it, in tests/libbpf
pkgconf       tells what libelf needs
mmdebstrap    makes the systems of distro-rust, dkms, packages and systems
"

# --- programs of this machine ------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "'$*' needs root, and there is no sudo: run it yourself"
    fi
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ]; }

install_missing() {
    local name why missing=()
    while read -r name why; do
        [ -n "$name" ] || continue
        if ! installed "$name"; then
            say "installing $name: $why"
            missing+=("$name")
        fi
    done <<<"$1"
    [ ${#missing[@]} -gt 0 ] || return 0
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends "${missing[@]}"
}

rust() {
    command -v cargo >/dev/null || die \
        "cargo is not in PATH. Install Rust 1.93 or later (rustup is the" \
        "usual way), or add its directory to PATH."
    local target=x86_64-unknown-linux-musl root
    root=$(cd "$here" && rustc --print sysroot)
    [ ! -d "$root/lib/rustlib/$target" ] || return 0
    command -v rustup >/dev/null || die \
        "Rust has no $target target, and there is no rustup to add it."
    say "adding Rust's $target target: the binary is static"
    (cd "$here" && rustup target add "$target")
}

# --- packages of any suite, unpacked under target/vm --------------------------

# shellcheck source=tests/provision/packages.sh
. "$here/tests/provision/packages.sh"
# shellcheck source=tests/provision/kernels.sh
. "$here/tests/provision/kernels.sh"
# shellcheck source=tests/provision/roots.sh
. "$here/tests/provision/roots.sh"
# shellcheck source=tests/provision/sources.sh
. "$here/tests/provision/sources.sh"
# shellcheck source=tests/provision/clangs.sh
. "$here/tests/provision/clangs.sh"

stage() {
    case $1 in
    build)
        install_missing "$build_packages"
        rust
        ;;
    kernel)
        install_missing "$kernel_packages"
        kernel_6_12
        ;;
    demo)
        install_missing "$demo_packages"
        kernel_6_12
        one busybox bookworm busybox-static
        one stub-trixie trixie systemd-boot-efi
        one ukify trixie systemd-ukify
        ;;
    vm)
        stage demo
        install_missing "$vm_packages"
        kernel_6_1
        kernel_6_12_trixie
        kernel_7
        toolchain
        checkpatch
        one ovmf bookworm ovmf
        one stub-bookworm bookworm systemd-boot-efi
        one stub-forky forky systemd-boot-efi
        with_libraries btrfs trixie btrfs-progs zlib1g
        with_libraries makedumpfile trixie makedumpfile zlib1g
        with_libraries kexec-tools forky kexec-tools
        with_libraries bootctl forky libsystemd-shared systemd-boot-tools
        with_libraries systemctl forky libsystemd-shared systemd
        with_libraries libmount forky libmount1
        dracut bookworm
        dracut trixie
        initramfs_tools trixie
        ;;
    all)
        stage vm
        install_missing "$all_packages"
        kernel_rt
        clangs
        ;;
    deb) install_missing "$deb_packages" ;;
    rpm) install_missing "$rpm_packages" ;;
    pkg) install_missing "$pkg_packages" ;;
    source)
        install_missing "$source_packages"
        source_6_12
        ;;
    *) die "unknown stage '$1': $stages" ;;
    esac
}

[ "${1:-}" != --refresh ] || { refresh=yes; shift; }
[ $# -gt 0 ] || die "name a stage: $stages"
if [ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ]; then
    [ "$*" = build ] || die "guests require Debian 12 or 13 on amd64"
    say "this is not Debian on amd64: install the packages yourself (see README.md)"
    exit 0
fi
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
# Removes what an earlier run left when it was stopped; no other run is under
# way.
rm -rf "$cache"/work.*
for wanted; do
    stage "$wanted"
done
