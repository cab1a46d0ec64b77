#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the kernel module for one of the tests' kernels, outside this tree, and
# prints its path.
#
#   tests/build-module.sh KERNEL [DIRECTORY [ARGUMENT...]]
#
# KERNEL is the part of a set's name after "linux-". DIRECTORY is below
# target/vm/module, and is KERNEL if not given. ARGUMENTs go to make.
# KEXEC_BPF_MODULE_SOURCE names another tree to build from.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$(cd "${CARGO_TARGET_DIR:-$here/target}/vm" && pwd)
kernel=${1:?}
work=$cache/module/${2:-$kernel}
shift $(($# < 2 ? $# : 2))

set=$(readlink -f "$cache/linux-$kernel")
headers=$(dirname "$(echo "$set"/usr/src/*/.config)")
[ -f "$headers/.config" ] || {
    echo "build-module: no headers in $cache/linux-$kernel: run tests/provision.sh vm or all" >&2
    exit 1
}

mkdir -p "$work/kmod" "$work/include"
exec 8>"$work/.lock"
flock 8

# copy DIRECTORY FILE...: copies new files, and removes those that the tree no
# longer has.
copy() {
    local to=$1 old name
    shift
    cp -p --update "$@" "$to"
    for old in "$to"/*.[chS]; do
        name=${old##*/}
        case $name in *.mod.c | '*'*) continue ;; esac
        case " ${*##*/} " in *" $name "*) ;; *) rm "$old" ;; esac
    done
}
cd "${KEXEC_BPF_MODULE_SOURCE:-$here}/bpf"
sources=()
for file in kmod/*.[chS]; do
    case $file in *.mod.c) ;; *) sources+=("$file") ;; esac
done
shopt -s nullglob
copy "$work/kmod" "${sources[@]}" kmod/Kbuild kmod/Makefile kmod/*.sh
copy "$work/include" include/*.h
copy "$work" Makefile bpf.mk ./*.bpf.c ./*.bpf.h

# An outer make's jobs and flags are not meant for the kernel's make.
unset MAKEFLAGS MFLAGS
{
    # Uses this machine's clang: the other root has none.
    make -C "$work"
    case $kernel in
    6.12 | debug) run=() ;;
    *) run=("$here/tests/toolchain.sh" "$set" "$work" --) ;;
    esac
    "${run[@]}" make -j2 -C "$work/kmod" KDIR="$headers" "$@"
} >&2
echo "$work/kmod/kexec_bpf.ko"
