#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs what make check leaves out, takes hours, and prints the counts.
# tests/check-all.md has the results. The parts:
#
#   more     the tests whose names begin with more_: further cases of what make check tests
#   6.12-trixie 7 rt debug   all tests of the kernel module on that kernel, more_ included
#   bugs     the kernel's own bugs
#   oom      loaders that race with the OOM killer; 200 fast loads with unpacked initrds
#   count    the instructions of fast loads, with unpacked initrds, and of handshakes; the
#            memory of a load
#   unpack   boots with each kind of initrd, packed and unpacked
#   jumps    fast loads of large initrds, by each route and firmware
#   entries  systemd-boot's entries with all settings
#   libbpf   parsers and test programs, as each clang compiles them, by libbpf and by us
#   packages the packages: what is in them, and the program's in a system; takes root
#   distro-rust   a build by Debian forky's Rust; takes root
#   dkms     the module's package in systems, built by DKMS; takes root
#   systems  whole Debian systems, installed and booted; takes root
#
#   tests/check-all.sh                  all parts
#   tests/check-all.sh more entries     only these
#   tests/check-all.sh 7 -- handshake_rules       only these tests on that kernel
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# The module's tests, by the names of their files.
suite=(handshake module_ secure_boot hostile_pe ima_ --skip ::long_)
all=(more 6.12-trixie 7 rt debug bugs oom count unpack jumps entries libbpf packages dkms
    distro-rust systems)
parts=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    parts+=("$1")
    shift
done
[ $# -lt 2 ] || suite=("${@:2}")
[ ${#parts[@]} -gt 0 ] || parts=("${all[@]}")

logs=${CARGO_TARGET_DIR:-target}/check
mkdir -p "$logs"
tests/provision.sh build kernel all || exit 1

status=0
for part in "${parts[@]}"; do
    kernel=$part
    tests=("${suite[@]}")
    case $part in
    6.12 | 6.12-trixie | 7 | rt) ;;
    debug)
        [ -n "${KEXEC_BPF_KERNEL_SOURCE:-}" ] || tests/provision.sh source || exit 1
        tests/debug-kernel.sh || exit 1
        ;;
    more) kernel=6.12 tests=(::more_) ;;
    bugs) kernel=6.12 tests=(kernel_bugs) ;;
    oom) kernel=6.12 tests=(module_late::long_ module_fast_faults::long_) ;;
    count) kernel=6.12 tests=({module_fast,module_unpack,handshake}_count::long_) ;;
    unpack) kernel=6.12 tests=(module_unpack_boot::long_) ;;
    # Some rows boot Linux 7 in any case.
    jumps) kernel=6.12 tests=(jump_matrix) ;;
    entries) kernel=6.12 tests=(sd_boot::long_) ;;
    libbpf) kernel=6.12 tests=(libbpf::long_) ;;
    packages)
        { make -s deb rpm pkg && tests/package-lists.sh && tests/packages.sh &&
            tests/packages.sh bookworm && tests/packages.sh forky &&
            tests/packages.sh trixie-dracut && tests/packages.sh forky-dracut; } \
            >"$logs/all-packages.log" 2>&1 </dev/null || status=1
        grep -E '^package(-list)?s: ' "$logs/all-packages.log"
        continue
        ;;
    dkms)
        { make -s deb && tests/dkms.sh; } >"$logs/all-dkms.log" 2>&1 </dev/null || status=1
        grep '^dkms: .*: ok$' "$logs/all-dkms.log"
        continue
        ;;
    systems)
        { make -s deb && tests/systems.sh; } >"$logs/all-systems.log" 2>&1 </dev/null || status=1
        grep -E '^systems: |^test .* (FAILED|ok)$' "$logs/all-systems.log"
        continue
        ;;
    distro-rust)
        { make -s && tests/distro-rust.sh; } >"$logs/all-$part.log" 2>&1 </dev/null || status=1
        grep '^distro-rust: ' "$logs/all-$part.log"
        continue
        ;;
    *)
        echo "check-all: no part '$part': 6.12 ${all[*]}" >&2
        exit 2
        ;;
    esac
    log=$logs/all-$part.log
    start=$SECONDS
    # One guest at a time: a kernel with debugging aids needs all processors.
    KEXEC_BPF_TEST_KERNEL=$kernel cargo test --locked --release --no-fail-fast --test vm -- \
        --test-threads=1 "${tests[@]}" >"$log" 2>&1 </dev/null || status=1
    grep -E '^test .* (FAILED|ok)$' "$log"
    count=$(sed -nE 's/^test result: .* ([0-9]+ passed; [0-9]+ failed); .*/\1/p' "$log")
    echo "check-all: $part: ${count:-nothing ran}, $((SECONDS - start)) s; whole log: $log"
    case ${count:-0 passed} in '0 passed'*) status=1 ;; esac
done
exit $status
