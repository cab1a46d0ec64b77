# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian's stock kernels for guests, with the headers to build modules. Sourced
# by tests/provision.sh.

# Directories with 100 MB of drivers, for kernels whose guests need none.
readonly no_drivers='./lib/modules ./usr/lib/modules'

# kernel SET SUITE METAPACKAGE: unpacks the image that METAPACKAGE stands for
# and its headers.
kernel() {
    have "$1" && return
    local set=$1 suite=$2 image release headers packages
    update "$suite"
    image=$(stands_for "$suite" "$3" linux-image-)
    release=${image#linux-image-}
    headers=linux-headers-$release
    packages=("$image")
    # Since 7.0 the image package is empty. Of the packages it depends on, these
    # have the kernel and its configuration; the one with the drivers is left
    # out.
    if [ -n "$(field "$suite" "linux-binary-$release" Version)" ]; then
        packages=("linux-binary-$release" "linux-base-$release")
    fi
    fill "$set" "$suite" "${packages[@]}" "$headers" \
        "$(stands_for "$suite" "$headers" linux-headers-)" \
        "$(stands_for "$suite" "$headers" linux-kbuild-)"
}

kernel_6_12() { kernel linux-6.12 bookworm-backports linux-image-amd64; }
kernel_6_12_trixie() { kernel linux-6.12-trixie trixie linux-image-amd64; }
kernel_7() { kernel linux-7 trixie-backports linux-image-amd64; }
kernel_rt() { kernel linux-rt trixie linux-image-rt-amd64; }

kernel_6_1() {
    have linux-6.1 && return
    update bookworm
    fill linux-6.1 bookworm "$(stands_for bookworm linux-image-amd64 linux-image-)"
}

# relocate_headers ROOT FINAL: the header packages refer to each other by
# absolute paths, which this turns into paths below FINAL.
relocate_headers() {
    local root=$1 final=$2 link to
    grep -rlIE '/usr/(src/linux-headers|lib/linux-kbuild)-' "$root"/usr/src/*/Makefile \
        "$root"/usr/src/*/.kernelvariables 2>/dev/null |
        xargs -r sed -i -E "s#(^|[^[:alnum:]./])/usr/(src/linux-headers|lib/linux-kbuild)-#\1$final/usr/\2-#g"
    while IFS= read -r -d '' link; do
        to=$(readlink "$link")
        case $to in /*) ln -sfn "$final$to" "$link" ;; esac
    done < <(find "$root" -type l -print0)
}

relocate_linux-6.12() { relocate_headers "$@"; }
relocate_linux-6.12-trixie() { relocate_headers "$@"; }
relocate_linux-7() { relocate_headers "$@"; }
relocate_linux-rt() { relocate_headers "$@"; }
omit_linux-6.12-trixie() { echo "$no_drivers"; }
omit_linux-rt() { echo "$no_drivers"; }
