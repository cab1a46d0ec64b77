#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# size.sh PROGRAM: its size against tests/size-budget, in bytes.
set -euo pipefail

program=$1
budget=$(dirname "${BASH_SOURCE[0]}")/size-budget
limit=$(awk '$1 == "limit" { print $2 }' "$budget")
recorded=$(awk '$1 == "recorded" { print $2 }' "$budget")
tolerance=$(awk '$1 == "tolerance" { print $2 }' "$budget")

size=$(stat -c %s "$program")
echo "size: $size bytes, recorded $recorded, limit $limit"
if command -v zstd >/dev/null; then
    echo "size: $(zstd -19 -q -c "$program" | wc -c) bytes after zstd -19"
fi
if [ "$size" -gt "$limit" ]; then
    echo "size: over the limit by $((size - limit)) bytes" >&2
    exit 1
fi
if [ "$size" -gt $((recorded + tolerance)) ]; then
    echo "size: grown by $((size - recorded)) bytes: worth it? then record it" \
        "in tests/size-budget" >&2
    exit 1
fi
if [ "$size" -lt $((recorded - tolerance)) ]; then
    echo "size: smaller by $((recorded - size)) bytes: record it in" \
        "tests/size-budget" >&2
    exit 1
fi
