#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ensures that the module has BTF: without it no parser could call the module.
# If the headers have no vmlinux or pahole is not installed, Kbuild leaves BTF
# out, with a message that is easily missed.
#
#   btf.sh MODULE.ko KDIR BTF     BTF: the kernel's, used if KDIR has no vmlinux
set -eu
module=$1 kdir=$2 running=$3

fail() {
    echo "kexec_bpf: no BTF for the module: $*" >&2
    rm -f "$module"
    exit 1
}

readelf -S -W "$module" | grep -q '[[:space:]]\.BTF[[:space:]]' && exit 0
grep -qs '^CONFIG_DEBUG_INFO_BTF_MODULES=y' "$kdir/include/config/auto.conf" "$kdir/.config" ||
    fail "the kernel was built without CONFIG_DEBUG_INFO_BTF_MODULES"
command -v pahole >/dev/null || fail "pahole is missing: install the package dwarves"
release=$(cat "$kdir/include/config/kernel.release")
base=$kdir/vmlinux
if [ ! -f "$base" ]; then
    base=$running
    [ -r "$base" ] || fail "$kdir has no vmlinux, and there is no $base: set VMLINUX_BTF"
    [ "$running" != /sys/kernel/btf/vmlinux ] || [ "$release" = "$(uname -r)" ] ||
        fail "$kdir has no vmlinux, and $release is not the running kernel: set VMLINUX_BTF"
fi
LLVM_OBJCOPY=${OBJCOPY:-objcopy} pahole -J --btf_base "$base" "$module" ||
    fail "pahole cannot encode it against $base"
"$kdir/tools/bpf/resolve_btfids/resolve_btfids" -b "$base" "$module" ||
    fail "resolve_btfids cannot link it with $base"
echo "  BTF [M] $module, against $base"
