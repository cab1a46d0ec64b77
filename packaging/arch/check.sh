#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Looks for what namcap, which Debian does not have, would complain about: files in wrong
# places, with wrong modes or owners, paths of the machine that built the package, programs
# that need a library, and a missing licence. Anything that is printed is a fault.
#
#   packaging/arch/check.sh PACKAGE
set -euo pipefail
export LC_ALL=C

package=$1
bad=0
fault() {
    echo "check: ${package##*/}: $*"
    bad=1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bsdtar -xpf "$package" -C "$work"
name=$(sed -n 's/^pkgname = //p' "$work/.PKGINFO")
# The builder's directory and checksums of the packages that it had; not for this check.
for file in .PKGINFO .MTREE .BUILDINFO; do
    [ -s "$work/$file" ] || fault "no $file"
    rm -f "$work/$file"
done

while read -r mode owner path; do
    path=${path%/}
    case $path in
    usr/local* | usr/lib64* | usr/sbin* | usr/etc*) fault "wrong place: $path" ;;
    usr | usr/* | etc | etc/kexec-bpf*) ;;
    *) fault "wrong place: $path" ;;
    esac
    case $mode in
    drwxr-xr-x | -rwxr-xr-x | -rw-r--r--) ;;
    *) fault "mode $mode: $path" ;;
    esac
    case $owner in
    root/root | 0/0) ;;
    *) fault "owner $owner: $path" ;;
    esac
done < <(bsdtar -tvf "$package" | awk '$9 !~ /^\./ { print $1, $3 "/" $4, $9 }')

[ -s "$work/usr/share/licenses/$name/LICENSE" ] || fault "no licence"
[ ! -e "$work/usr/src" ] || [ -s "$(echo "$work"/usr/src/*/dkms.conf)" ] || fault "no dkms.conf"
while IFS= read -r file; do
    if grep -qaE '/(build|home|root|tmp|work)/[^ ]*kexec-bpf-[0-9]|/\.cargo/' "$file"; then
        fault "a path of the builder: ${file#"$work/"}"
    fi
    case $file in
    */usr/share/man/*) [[ $file == *.gz ]] || fault "not compressed: ${file#"$work/"}" ;;
    esac
    # What is in an ELF file decides, not its name.
    if cmp -s -n 4 "$file" <(printf '\177ELF'); then
        ! readelf -dW "$file" | grep -q '(NEEDED)' || fault "needs a library: ${file#"$work/"}"
        ! readelf -lW "$file" | grep -q INTERP || fault "needs a loader: ${file#"$work/"}"
        ! readelf -SW "$file" | grep -q ' \.symtab ' || fault "not stripped: ${file#"$work/"}"
    fi
done < <(find "$work" -type f)
exit "$bad"
