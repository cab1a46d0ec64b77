#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Checks the kernel module and the BPF programs with one of the kernel's tools.
# Prints the findings and fails, except for those in tests/static-exceptions.
#
#   tests/static.sh checkpatch|sparse|analyzer
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tree=$PWD
cache=$(cd "${CARGO_TARGET_DIR:-target}/vm" && pwd)
tool=${1:-}

# Each of these functions prints its tool's findings as lines FILE:LINE... KIND.
# FILE is relative to bpf/; KIND is a word by which an exception can name the
# finding.

# checkpatch leaves a file of camel-case names in its working directory.
checkpatch() {
    local scripts=$cache/checkpatch/scripts
    [ -x "$scripts/checkpatch.pl" ] || {
        echo "static: $scripts is missing: run tests/provision.sh vm" >&2
        return 1
    }
    local files=()
    for file in bpf/kmod/*.[chS] bpf/*.bpf.[ch] bpf/include/*.h; do
        case $file in *.mod.c) ;; *) files+=("$tree/$file") ;; esac
    done
    mkdir -p "$cache/module"
    cd "$cache/module"
    # Status 1 means findings, a higher one that it could not work. Without a
    # kernel tree it complains in its log.
    local status=0
    "$scripts/checkpatch.pl" --strict --no-tree --no-summary --show-types --terse \
        -f "${files[@]}" >checkpatch.out 2>checkpatch.log || status=$?
    [ "$status" -le 1 ] || {
        cat checkpatch.log >&2
        return 1
    }
    sed -nE 's#^.*/bpf/([^:]*:[0-9]+): (ERROR|WARNING|CHECK):([A-Z_]+): (.*)#\1: \4 [\3]#p' checkpatch.out
}

# build ARGUMENT...: builds the whole module anew.
build() {
    local work=$cache/module/$tool status=0
    rm -rf "$work"
    mkdir -p "$cache/module"
    tests/build-module.sh 6.12 "$tool" "$@" >"$cache/module/$tool.log" 2>&1 || status=$?
    # The path is indented from the second line of an explanation on.
    sed -nE "s#^[^ ]*/module/$tool/(.*(warning|error): .*)#\1#p" "$cache/module/$tool.log" |
        sort -u
    [ "$status" = 0 ] || {
        tail -n 20 "$cache/module/$tool.log" >&2
        return 1
    }
}

case $tool in
checkpatch) found=$(checkpatch) ;;
# sparse names no kind, so the kind is the first two words of its message.
sparse) found=$(build C=2 CHECK=sparse | sed -E 's#: (warning|error): ([^ ]+ [^ ]+).*#& [\2]#') ;;
analyzer) found=$(build W=1 KCFLAGS=-fanalyzer) ;;
*)
    echo "usage: tests/static.sh checkpatch|sparse|analyzer" >&2
    exit 2
    ;;
esac

bad=0
declare -A used=()
while IFS= read -r line; do
    [ -n "$line" ] || continue
    name="$tool ${line%%:*} $(sed -E 's#.*\[([^]]*)\]$#\1#' <<<"$line")"
    if grep -qxF "$name" tests/static-exceptions; then
        used[$name]=yes
    else
        echo "$line"
        bad=1
    fi
done <<<"$found"
while IFS= read -r name; do
    [ -z "${used[$name]:-}" ] || continue
    echo "tests/static-exceptions: no longer found, so remove it: $name"
    bad=1
done < <(grep "^$tool " tests/static-exceptions || true)
exit "$bad"
