#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the program for a package, where `make` would, also with a Rust that has no musl
# target, as Debian's own: then with core and alloc of the gnu target, which need no libc,
# and with musl's start code and libc.a. That works because the program is no_std, and
# because what it shares with musl by way of the crate libc has the same layout in glibc.
#
#   packaging/build.sh [CARGO-ARGUMENT...]
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

musl=x86_64-unknown-linux-musl
gnu=x86_64-unknown-linux-gnu
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

# makepkg and rpmbuild set what replaces the flags in .cargo/config.toml.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
if [ -d "$(rustc --print sysroot)/lib/rustlib/$musl" ]; then
    exec cargo build --release --locked "$@"
fi

# Debian's, Arch's and Fedora's directories of musl.
for directory in /usr/lib/x86_64-linux-musl /usr/lib/musl/lib /usr/x86_64-linux-musl/lib64; do
    [ ! -e "$directory/rcrt1.o" ] || break
done
[ -e "$directory/rcrt1.o" ] || {
    echo "build.sh: Rust has no target $musl, and there is no musl: install musl-tools" >&2
    exit 1
}
# Without libc.so, which a linker would prefer.
mkdir -p "$target/musl"
ln -sf "$directory"/*.a "$target/musl"

# The first are those of .cargo/config.toml for the musl target. crti.o and crtn.o have
# only _init and _fini, which musl does without.
mapfile -t flags < <(sed -n 's/^ *"\(-C[^"]*\)",$/\1/p' .cargo/config.toml)
[ ${#flags[@]} -gt 0 ]
flags+=(-Ctarget-feature=+crt-static)
for argument in -nostdlib -nostartfiles "$directory/rcrt1.o" "-L$target/musl" \
    -Wl,--no-dynamic-linker; do
    flags+=("-Clink-arg=$argument")
done
export CARGO_ENCODED_RUSTFLAGS
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; echo "${flags[*]}")
cargo build --release --locked --target "$gnu" "$@"
install -D "$target/$gnu/release/kexec-bpf" "$target/$musl/release/kexec-bpf"
