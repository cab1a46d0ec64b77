#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds Debian packages of this working tree, has lintian read them, and prints their
# paths. The program is the one that `make` has built.
#
#   packaging/deb.sh PROGRAM DIRECTORY
set -euo pipefail
export LC_ALL=C

program=$(realpath "$1")
directory=$(realpath -m "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=$(packaging/version.sh)

rm -rf "$directory"
work=$directory/kexec-bpf-$version
mkdir -p "$work"
packaging/tarball.sh files "$work"
cp -r packaging/debian "$work/debian"
mkdir "$work/debian/source"
echo '3.0 (native)' >"$work/debian/source/format"
# The changelog's own form; what has changed is in CHANGELOG.md.
cat >"$work/debian/changelog" <<EOT
kexec-bpf ($version) unstable; urgency=medium

  * See CHANGELOG.md.

 -- kexec-bpf developers <kexec-bpf@kexec-bpf.invalid>  $(git log -1 --format=%cD)
EOT
(
    cd "$work"
    KEXEC_BPF_PROGRAM=$program dpkg-buildpackage -b -us -uc
) >"$directory/build.log" 2>&1 || {
    tail -n 50 "$directory/build.log"
    exit 1
}
# An override may be for another version of lintian.
lintian --pedantic --suppress-tags unused-override --fail-on error,warning,info,pedantic "$directory"/*.changes
for package in "$directory"/*.deb; do echo "$package"; done
