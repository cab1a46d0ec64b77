#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds Fedora's packages of this working tree, has rpmlint read them, and prints their
# paths. The program is the one that `make` has built.
#
#   packaging/rpm.sh PROGRAM DIRECTORY
set -euo pipefail
export LC_ALL=C

program=$(realpath "$1")
directory=$(realpath -m "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=$(packaging/version.sh)
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)

rm -rf "$directory"
source=$directory/kexec-bpf-$version
mkdir -p "$source"
packaging/tarball.sh files "$source"
tar -C "$directory" -cJf "$source.tar.xz" "kexec-bpf-$version"
rm -r "$source"
spec=$directory/kexec-bpf.spec
{
    sed "s/@VERSION@/$version/" packaging/fedora/kexec-bpf.spec
    # The changelog's own form; what has changed is in CHANGELOG.md.
    printf '\n%%changelog\n* %s kexec-bpf developers <%s> - %s-1\n- See CHANGELOG.md.\n' \
        "$(TZ=UTC0 date -d "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')" \
        kexec-bpf@kexec-bpf.invalid "$version"
} >"$spec"
# --nodeps: only on Fedora does rpm know what is installed. The payload is compressed as
# rpm 4.14 and later read it, whatever this rpm prefers.
rpmbuild -bb --nodeps --target x86_64-linux --define "kexec_bpf_program $program" \
    --define "_topdir $directory" --define "_sourcedir $directory" \
    --define "_rpmdir $directory" --define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
    --define '_buildhost localhost' --define 'clamp_mtime_to_source_date_epoch 1' \
    --define '_binary_payload w19.zstdio' \
    "$spec" >"$directory/build.log" 2>&1 || {
    tail -n 50 "$directory/build.log"
    exit 1
}
rm -rf "$directory"/{BUILD,BUILDROOT,SOURCES,SPECS,SRPMS}
rpmlint --strict --config packaging/fedora/rpmlint.toml "$spec" "$directory"/*.rpm \
    >"$directory/rpmlint.log" 2>&1 || {
    cat "$directory/rpmlint.log"
    exit 1
}
for package in "$directory"/*.rpm; do echo "$package"; done
