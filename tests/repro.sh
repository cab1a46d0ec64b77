#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the program a second time as a packager does: in another directory, with an
# empty CARGO_HOME, offline, from vendored crates. It must be the program that `make` has
# built here, byte for byte, and must not name a directory of either build.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=x86_64-unknown-linux-musl/release/kexec-bpf
here=${CARGO_TARGET_DIR:-target}/$name
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release --locked
packaging/tarball.sh tree "$work/elsewhere/kexec-bpf"
# rustup keeps its own things in CARGO_HOME only by default.
export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
(
    unset CARGO_TARGET_DIR
    cd "$work/elsewhere/kexec-bpf"
    CARGO_HOME=$work/cargo CARGO_NET_OFFLINE=true cargo build --quiet --release --locked
)
there=$work/elsewhere/kexec-bpf/target/$name

bad=0
if ! cmp "$here" "$there"; then
    echo "repro: the two programs differ"
    bad=1
fi
for program in "$here" "$there"; do
    for directory in "$work" "$PWD" "${CARGO_HOME:-$HOME/.cargo}" vendor/ /registry/; do
        if grep -qaF -e "$directory" "$program"; then
            echo "repro: $program has the path $directory"
            bad=1
        fi
    done
done
sha256sum "$here"
exit "$bad"
