# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Parts of the kernel's source: its scripts that check source code, and all of
# it for tests/debug-kernel.sh. Sourced by tests/provision.sh.

# unpack_source ROOT FILE...: unpacks these files of the source archive in ROOT.
unpack_source() {
    local root=$1 packed
    shift
    packed=$(echo "$root"/usr/src/linux-source-*.tar.xz)
    tar -xJf "$packed" -C "$root" --strip-components=1 --no-same-owner "$@"
    rm "$packed"
}

relocate_checkpatch() {
    unpack_source "$1" --wildcards '*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
        '*/scripts/const_structs.checkpatch'
}
relocate_source-6.12() { unpack_source "$1"; }

checkpatch() { one checkpatch bookworm-backports linux-source-6.12; }
source_6_12() { one source-6.12 bookworm-backports linux-source-6.12; }
