#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the program as a distribution does whose Rust has no musl target: in a Debian
# forky that mmdebstrap makes, with its cargo, gcc and musl-tools, offline, by
# packaging/build.sh. The program must be static, within the size's limit, and say what
# this machine's says. Takes root, and fetches about 300 MB once.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
die() { echo "distro-rust: $*" >&2; exit 1; }
# shellcheck source=tests/debian-root.sh
. tests/debian-root.sh

name=x86_64-unknown-linux-musl/release/kexec-bpf
[ -x "$target/$name" ] || die "no $target/$name: run make"
archive=$(system forky-rust forky rustc cargo musl-tools gcc libc6-dev make)
mkdir -p "$target/vm/run"
root=$(mktemp -d "$target/vm/run/distro-rust.XXXXXX")
trap 'rm -rf "$root"' EXIT
tar -xf "$archive" -C "$root"
packaging/tarball.sh tree "$root/root/kexec-bpf"
in_root env CARGO_HOME=/root/cargo CARGO_NET_OFFLINE=true \
    CARGO_BUILD_JOBS="${CARGO_BUILD_JOBS:-$(nproc)}" /root/kexec-bpf/packaging/build.sh

program=$root/root/kexec-bpf/target/$name
if readelf -lW "$program" | grep -q INTERP; then die "it needs a loader"; fi
if readelf -dW "$program" | grep -q NEEDED; then die "it needs a library"; fi
bytes=$(stat -c %s "$program")
[ "$bytes" -lt $((512 * 1024)) ] || die "it has $bytes bytes"
kernel=$(echo "$target"/vm/linux-6.12/boot/vmlinuz-*)
# says PROGRAM: what it prints, and how it ends.
says() {
    local arguments
    for arguments in help "load --help" status "inspect $kernel" "load -n $kernel" \
        "inspect Makefile" "boot --menu"; do
        # shellcheck disable=SC2086  # one word each
        "$1" $arguments 2>&1 || echo "status $?"
    done
}
says "$target/$name" >"$root/ours"
says "$program" >"$root/theirs"
diff "$root/ours" "$root/theirs" || die "it says something else"
echo "distro-rust: $(in_root rustc --version | cut -d ' ' -f 1,2): $bytes bytes: ok"
