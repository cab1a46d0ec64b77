#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Holds the kernel module and the BPF programs against one of the kernel's tools.
# Prints what it finds and fails, but for what tests/static-exceptions has.
#
#   tests/static.sh checkpatch|sparse|analyzer
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tree=$PWD
cache=$(cd "${CARGO_TARGET_DIR:-target}/vm" && pwd)
tool=${1:-}

# Each of these prints what its tool says in lines of FILE:LINE... KIND, FILE
# below bpf/; KIND is a word by which an exception can name it.

# It leaves a file of names where it is run.
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
    # 1 is for findings; more is for what it could not do. It misses a kernel's tree.
    local status=0
    "$scripts/checkpatch.pl" --strict --no-tree --no-summary --show-types --terse \
        -f "${files[@]}" >checkpatch.out 2>checkpatch.log || status=$?
    [ "$status" -le 1 ] || {
        cat checkpatch.log >&2
        return 1
    }
    sed -nE 's#^.*/bpf/([^:]*:[0-9]+): (ERROR|WARNING|CHECK):([A-Z_]+): (.*)#\1: \4 [\3]#p' checkpatch.out
}

# build ARGUMENT...: the whole of the module anew.
build() {
    local work=$cache/module/$tool status=0
    rm -rf "$work"
    mkdir -p "$cache/module"
    tests/build-module.sh 6.12 "$tool" "$@" >"$cache/module/$tool.log" 2>&1 || status=$?
    # From the second line of an explanation on, the path is indented.
    sed -nE "s#^[^ ]*/module/$tool/(.*(warning|error): .*)#\1#p" "$cache/module/$tool.log" |
        sort -u
    [ "$status" = 0 ] || {
        tail -n 20 "$cache/module/$tool.log" >&2
        return 1
    }
}

case $tool in
checkpatch) found=$(checkpatch) ;;
# sparse names no kind: what it complains of is the kind.
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
    echo "tests/static-exceptions: nothing is found any more for: $name"
    bad=1
done < <(grep "^$tool " tests/static-exceptions || true)
exit "$bad"
