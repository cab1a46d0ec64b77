#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds tests/witness, a module that looks at loads and disturbs them, for one of the
# tests' kernels, away from the tree, and prints its path.
#
#   tests/build-witness.sh KERNEL      what a set's name has after "linux-"
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
