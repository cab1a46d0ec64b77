#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fuzz/run.sh TARGET [RUNS]: fuzzes a target with libFuzzer, without cargo-fuzz and without
# a nightly toolchain. What it finds is in fuzz/artifacts, the inputs that it keeps are in
# fuzz/corpus. MAX_LEN, in bytes, bounds the inputs.
set -euo pipefail
target=$1
runs=${2:-10000000}
cd "$(dirname "${BASH_SOURCE[0]}")"
host=x86_64-unknown-linux-gnu
output=${CARGO_TARGET_DIR:-../target}/fuzz

# The passes of cargo-fuzz; RUSTC_BOOTSTRAP is for -Cpasses' names only.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 \
-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
cargo build --quiet --release --locked --target "$host" --target-dir "$output" --bin "$target"

case $target in
initrd) max_len=1200 ;;
gpt) max_len=12800 ;;
superblock) max_len=4097 ;;
mbr) max_len=700 ;;
inflate | grubenv | type1 | thin) max_len=1024 ;;
loader_conf) max_len=256 ;;
*) max_len=16384 ;;
esac
mkdir -p "corpus/$target" artifacts
./seeds.sh "$target" "corpus/$target-seeds"
exec "$output/$host/release/$target" -runs="$runs" -max_len="${MAX_LEN:-$max_len}" -timeout=5 \
    -rss_limit_mb=512 -malloc_limit_mb=64 -print_final_stats=1 \
    -artifact_prefix="artifacts/$target-" \
    "corpus/$target" "corpus/$target-seeds"
