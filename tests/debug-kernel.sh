#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the kernel that checks itself (tests/kernel/debug.config: KASAN,
# lockdep, kmemleak, fault injection) from Debian's source, as the set
# linux-debug. Takes an hour on two processors and 5 GB. If stopped, it
# continues where it was.
#
#   tests/debug-kernel.sh
#
# The source is the set source-6.12; KEXEC_BPF_KERNEL_SOURCE names another one.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$(cd "${CARGO_TARGET_DIR:-$here/target}/vm" && pwd)
fragment=$here/tests/kernel/debug.config
source=${KEXEC_BPF_KERNEL_SOURCE:-$(readlink -f "$cache/source-6.12")}
[ -f "$source/Makefile" ] || {
    echo "debug-kernel: no kernel source in $source: run tests/provision.sh source" >&2
    exit 1
}

# As in every other set, the key is made of what the set is made from.
key=$({ head -n 6 "$source/Makefile"; cat "$fragment"; } | sha256sum | cut -c 1-12)
root=$cache/sets/linux-debug-$key
build=$root/build
if [ ! -f "$root/packages.list" ]; then
    mkdir -p "$build" "$root/boot" "$root/usr/src"
    run() { nice -n 10 make -C "$source" O="$build" CC=gcc-12 HOSTCC=gcc-12 "$@"; }
    echo "debug-kernel: building in $root; the log is $root/log"
    {
        run KCONFIG_ALLCONFIG="$fragment" allnoconfig
        # An option whose dependencies are not met is left out silently.
        while IFS= read -r line; do
            grep -qxF "$line" "$build/.config" || {
                echo "debug-kernel: not in the configuration: $line"
                exit 1
            }
        done < <(grep -E '^CONFIG_.*=' "$fragment" | grep -v '=n$')
        run -j"$(nproc)" bzImage modules
        # The module must be built by the same compiler.
        printf 'CC = gcc-12\nHOSTCC = gcc-12\n' >"$build/.kernelvariables"
        release=$(run -s kernelrelease)
        cp "$build/arch/x86/boot/bzImage" "$root/boot/vmlinuz-$release"
        # Kbuild takes only the types from it.
        strip --strip-debug "$build/vmlinux"
        find "$build/" \( -name '*.o' -o -name '*.a' -o -name 'vmlinux.*' \) \
            ! -path "$build/scripts/*" ! -path "$build/tools/*" -delete
        ln -s ../../build "$root/usr/src/linux-headers-$release"
    } >"$root/log" 2>&1 || {
        tail -n 30 "$root/log" >&2
        exit 1
    }
    echo "linux-debug $(ls "$root/boot")" >"$root/packages.list"
fi
ln -sfn "sets/linux-debug-$key" "$cache/linux-debug"
