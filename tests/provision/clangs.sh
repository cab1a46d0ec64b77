# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# clang in each version that Debian has beside this machine's own, to compile BPF
# programs. tests/clang.sh runs it. Sourced by tests/provision.sh.

# clang SUITE VERSION: unpacks the compiler, its own headers and its libraries.
clang() {
    have "clang-$2" && return
    update "$1"
    local library names
    library=$(stands_for "$1" "clang-$2" libclang-cpp)
    read -ra names <<<"$(libraries "$1" "$library")"
    fill "clang-$2" "$1" "clang-$2" "$library" "libclang-common-$2-dev" "${names[@]}"
}

clangs() {
    clang bookworm 14
    clang bookworm 15
    clang bookworm 16
    clang trixie 17
    clang trixie 18
    clang trixie 19
}
