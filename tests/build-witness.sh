#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds tests/witness, a module that observes and disturbs loads, for one of
# the tests' kernels, outside this tree, and prints its path.
#
#   tests/build-witness.sh KERNEL      KERNEL is the part of a set's name after "linux-"
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$(cd "${CARGO_TARGET_DIR:-$here/target}/vm" && pwd)
kernel=${1:?}
work=$cache/module/witness-$kernel
set=$(readlink -f "$cache/linux-$kernel")
headers=$(dirname "$(echo "$set"/usr/src/*/.config)")

mkdir -p "$work"
exec 8>"$work/.lock"
flock 8
cp -p --update "$here"/tests/witness/* "$work"
case $kernel in
6.12 | debug) run=() ;;
*) run=("$here/tests/toolchain.sh" "$set" "$work" --) ;;
esac
unset MAKEFLAGS MFLAGS
"${run[@]}" make -C "$headers" M="$work" modules >&2
echo "$work/witness.ko"
