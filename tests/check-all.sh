#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole suite of the kernel module on each kernel, and the counts. Hours; what
# make check leaves out. tests/check-all.md has what came of it.
#
#   tests/check-all.sh                  all kernels
#   tests/check-all.sh 6.12-trixie 7 rt debug     only these
#   tests/check-all.sh 7 -- handshake_rules       of that kernel only these tests
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# The module's tests, by their files.
suite=(handshake module_ secure_boot hostile_pe ima_ kernels:: kernel_bugs)
kernels=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    kernels+=("$1")
    shift
done
[ $# -lt 2 ] || suite=("${@:2}")
[ ${#kernels[@]} -gt 0 ] || kernels=(6.12-trixie 7 rt debug)

logs=${CARGO_TARGET_DIR:-target}/check
mkdir -p "$logs"
tests/provision.sh build kernel all || exit 1

status=0
for kernel in "${kernels[@]}"; do
    case $kernel in
    6.12 | 6.12-trixie | 7 | rt) ;;
    debug)
        [ -n "${KEXEC_BPF_KERNEL_SOURCE:-}" ] || tests/provision.sh source || exit 1
        tests/debug-kernel.sh || exit 1
        ;;
    *)
        echo "check-all: no kernel '$kernel': 6.12, 6.12-trixie, 7, rt, debug" >&2
        exit 2
        ;;
    esac
    log=$logs/all-$kernel.log
    start=$SECONDS
    # One guest at a time: a checking kernel needs the processors for itself.
    KEXEC_BPF_TEST_KERNEL=$kernel cargo test --locked --release --no-fail-fast --test vm -- \
        --test-threads=1 "${suite[@]}" >"$log" 2>&1 </dev/null || status=1
    grep -E '^test .* (FAILED|ok)$' "$log"
    count=$(sed -nE 's/^test result: .* ([0-9]+ passed; [0-9]+ failed); .*/\1/p' "$log")
    echo "check-all: $kernel: ${count:-nothing ran}, $((SECONDS - start)) s; whole log: $log"
    case ${count:-0 passed} in '0 passed'*) status=1 ;; esac
done
exit $status
