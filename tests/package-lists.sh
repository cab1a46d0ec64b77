#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Compares what is in the packages for Debian, Fedora and Arch Linux with what make list
# prints and packaging/README.md agrees: each path, its mode, and the contents of what is
# not compressed. And make uninstall leaves nothing that make install has installed. Needs
# target/deb, target/rpm and target/pkg.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
program=$target/x86_64-unknown-linux-musl/release/kexec-bpf
mkdir -p "$target/vm/run"
work=$(mktemp -d "$target/vm/run/lists.XXXXXX")
trap 'rm -rf "$work"' EXIT
bad=0

# one PATTERN: prints the only file that matches.
one() {
    local found
    mapfile -t found < <(compgen -G "$target/$1")
    if [ ${#found[@]} != 1 ] || [ ! -f "${found[0]}" ]; then
        echo "package-lists: not one $1 in $target: make deb rpm pkg" >&2
        exit 1
    fi
    echo "${found[0]}"
}

# unpack PACKAGE DIRECTORY: without what only the package manager reads.
unpack() {
    mkdir -p "$2"
    case $1 in
    *.deb) dpkg-deb -x "$1" "$2" ;;
    *) bsdtar -xpf "$1" -C "$2" --exclude '^.[A-Z]*' ;;
    esac
}

# list ROOT: prints all files and the directories that nobody else has, as make list does;
# what may be compressed as if it were not.
list() {
    (
        cd "$1"
        find . \( -type d \( -path '*kexec?bpf*' -o -name pre-exec.d \) -printf 'dir /%P\n' \) \
            -o \( -type f -printf '%m /%P\n' \) -o \( -type l -printf 'link /%P\n' \)
    ) | sed -E '/share.(man|doc)/s/\.gz$//' | sort
}

# compare NAME WANTED FOUND
compare() {
    if diff -u "$2" "$3"; then
        echo "package-lists: $1: $(wc -l <"$3") lines: ok"
    else
        echo "package-lists: $1: not what was agreed"
        bad=1
    fi
}

# program NAME LAYOUT PACKAGE [LINE...]: the lines are what only this package has.
program() {
    local name=$1 layout=$2 package=$3 file
    shift 3
    local root=$work/$name
    unpack "$package" "$root"
    {
        make -s --no-print-directory list LAYOUT="$layout" PREFIX=/usr
        if [ $# -gt 0 ]; then printf '%s\n' "$@"; fi
    } | sort >"$root.wanted"
    list "$root" >"$root.found"
    compare "$name" "$root.wanted" "$root.found"
    # And the files are those that make install installs.
    make -s --no-print-directory install DESTDIR="$root.installed" LAYOUT="$layout" \
        PREFIX=/usr PROGRAM="$program"
    while IFS= read -r file; do
        if [ -e "$root/$file" ]; then
            cmp "$root.installed/$file" "$root/$file" || bad=1
        else
            zcat "$root/$file.gz" | cmp "$root.installed/$file" - || bad=1
        fi
    done < <(cd "$root.installed" && find . -type f)
    uninstall "$root.installed" LAYOUT="$layout" PREFIX=/usr
}

# uninstall ROOT [VARIABLE...]: after make uninstall there is nothing but a file of others.
uninstall() {
    local root=$1 mine=/etc/kexec-bpf/pre-exec.d/10-mine left
    shift
    touch "$root$mine"
    make -s --no-print-directory uninstall DESTDIR="$root" PROGRAM="$program" "$@"
    left=$(cd "$root" && find . ! -type d -o -path '*kexec?bpf*' ! -path './etc/*' | sort)
    if [ "$left" = ".$mine" ]; then
        echo "package-lists: make uninstall${*:+ $*}: ok"
    else
        echo "package-lists: make uninstall${*:+ $*}: left: $left"
        bad=1
    fi
}

# module NAME PACKAGE: what is in /usr/src is what install-dkms installs.
module() {
    unpack "$2" "$work/$1"
    list "$work/$1/usr/src" >"$work/$1.found"
    compare "$1" "$work/module.wanted" "$work/$1.found"
    diff -r "$work/module/usr/src" "$work/$1/usr/src" || bad=1
}

doc=/usr/share/doc/kexec-bpf
program debian debian "$(one 'deb/kexec-bpf_*.deb')" "644 $doc/changelog" \
    "644 $doc/changelog.Debian" "644 $doc/copyright" \
    '644 /usr/share/lintian/overrides/kexec-bpf'
program fedora fedora "$(one 'rpm/kexec-bpf-[0-9]*.rpm')"
program arch arch "$(one 'pkg/kexec-bpf-[0-9]*.pkg.tar.zst')"

# And without a package's layout.
make -s --no-print-directory install DESTDIR="$work/local" PROGRAM="$program"
uninstall "$work/local"

make -s -C bpf/kmod install-dkms DESTDIR="$work/module" >/dev/null
list "$work/module/usr/src" >"$work/module.wanted"
module debian-dkms "$(one 'deb/kexec-bpf-dkms_*.deb')"
module fedora-dkms "$(one 'rpm/kexec-bpf-dkms-*.rpm')"
module arch-dkms "$(one 'pkg/kexec-bpf-dkms-*.pkg.tar.zst')"
exit "$bad"
