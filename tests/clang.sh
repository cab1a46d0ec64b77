#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Compiles by clang VERSION, of which tests/provision.sh has unpacked the packages (part
# "all"), with its own libraries, which this machine may not have.
#
#   tests/clang.sh VERSION ARGUMENT...
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=${1:?}
shift
set=${CARGO_TARGET_DIR:-$here/target}/vm/clang-$version
[ -d "$set" ] || {
    echo "clang: $set is missing: run tests/provision.sh all" >&2
    exit 1
}
# Where this suite has its libraries.
libraries=$set/lib/x86_64-linux-gnu
[ -d "$libraries" ] || libraries=$set/usr/lib/x86_64-linux-gnu
headers=("$set/usr/lib/llvm-$version/lib/clang"/*/include)
# clang takes the loader, which runs it, for itself, and would look beside that.
exec "$libraries/ld-linux-x86-64.so.2" \
    --library-path "$libraries:$set/usr/lib/x86_64-linux-gnu:$set/usr/lib/llvm-$version/lib" \
    "$set/usr/lib/llvm-$version/bin/clang" -resource-dir "${headers[0]%/include}" "$@"
