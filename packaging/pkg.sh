#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds Arch Linux's packages of this working tree, checks them, and prints their paths.
# The program is the one that `make` has built. makepkg refuses to run as root; if this
# does, makepkg runs as the user nobody, in a directory of its own.
#
#   packaging/pkg.sh PROGRAM DIRECTORY
set -euo pipefail
export LC_ALL=C

program=$(realpath "$1")
directory=$(realpath -m "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=$(packaging/version.sh)
epoch=$(git log -1 --format=%ct)

rm -rf "$directory"
mkdir -p "$directory"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/files/kexec-bpf-$version" "$work/build/home"
packaging/tarball.sh files "$work/files/kexec-bpf-$version"
tar -C "$work/files" -cJf "$work/build/kexec-bpf-$version.tar.xz" "kexec-bpf-$version"
install -m 755 "$program" "$work/build/kexec-bpf"
sum=$(sha256sum "$work/build/kexec-bpf-$version.tar.xz" | cut -d ' ' -f 1)
sed -e "s/@VERSION@/$version/" -e "s/@SHA256@/$sum/" packaging/arch/PKGBUILD \
    >"$work/build/PKGBUILD"

as_user=()
if [ "$(id -u)" = 0 ]; then
    chmod 711 "$work"
    chown -R nobody "$work/build"
    as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
# --nodeps: only on Arch does makepkg know what is installed.
(
    cd "$work/build"
    "${as_user[@]}" env -i PATH="$PATH" HOME="$work/build/home" LC_ALL=C \
        SOURCE_DATE_EPOCH="$epoch" KEXEC_BPF_PROGRAM="$work/build/kexec-bpf" \
        PACKAGER='kexec-bpf developers <kexec-bpf@kexec-bpf.invalid>' PKGEXT=.pkg.tar.zst \
        makepkg --nodeps --nocolor
) >"$directory/build.log" 2>&1 </dev/null || {
    tail -n 50 "$directory/build.log"
    exit 1
}
cp "$work"/build/*.pkg.tar.zst "$directory"
for package in "$directory"/*.pkg.tar.zst; do
    packaging/arch/check.sh "$package"
    echo "$package"
done
