#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what a make target needs and says why; does nothing when all is here.
#
#   tests/provision.sh STAGE...      build, kernel, demo, vm, bench
#   tests/provision.sh --refresh STAGE...   take today's package versions
#
# Programs that run on this machine come from its own package sources. What
# only goes into guests is unpacked under target/vm by apt with a state of its
# own: no apt configuration, package database or key of the machine changes.
#
#   target/vm/SET          link to the unpacked packages of a set
#   target/vm/sets/SET-KEY the packages; KEY is made of their versions
#   target/vm/sets/SET-KEY/packages.list   NAME VERSION, a line each
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${CARGO_TARGET_DIR:-$here/target}/vm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
refresh=no

say() { echo "provision: $*"; }
die() { echo "provision: $*" >&2; exit 1; }

# Package and reason.
build_packages="
gcc            links the program, and programs that run during the build
libc6-dev      what gcc needs to link
make           runs the Makefile
linux-libc-dev kernel headers: a test compares the interface with them
"
kernel_packages="
gcc-12         builds the kernel module: the compiler that built the kernel
make           builds the kernel module
clang          compiles the BPF programs
llvm           strips the BPF programs
libbpf-dev     headers of the BPF programs
dwarves        writes the kernel module's type information
"
demo_packages="
qemu-system-x86       runs the guests
python3               runs ukify
python3-pefile        ukify reads and writes PE files with it
python3-cryptography  ukify imports it
"
vm_packages="
musl-tools            compiles the floor program that only calls the kernel
sbsigntool            signs test images
openssl               unlocks the test firmware's signing key
mtools                fills FAT file systems of guests' disks
gdisk                 partitions guests' disks
xz-utils              unpacks drivers for guests
e2fsprogs             makes ext4 file systems of guests' disks
zstd                  compresses initrds
xz-utils              compresses initrds, unpacks the kernel's own modules
shellcheck            checks the shell scripts
"

# --- programs of this machine ------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "'$*' needs root, and there is no sudo: run it yourself"
    fi
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ]; }

install_missing() {
    local name why missing=()
    while read -r name why; do
        [ -n "$name" ] || continue
        if ! installed "$name"; then
            say "installing $name: $why"
            missing+=("$name")
        fi
    done <<<"$1"
    [ ${#missing[@]} -gt 0 ] || return 0
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends "${missing[@]}"
}

rust() {
    command -v cargo >/dev/null || die \
        "cargo is not in PATH. Install Rust 1.93 or later (rustup is the" \
        "usual way), or add its folder to PATH."
    local target=x86_64-unknown-linux-musl root
    root=$(cd "$here" && rustc --print sysroot)
    [ ! -d "$root/lib/rustlib/$target" ] || return 0
    command -v rustup >/dev/null || die \
        "Rust has no $target target, and there is no rustup to add it."
    say "adding Rust's $target target: the binary is static"
    (cd "$here" && rustup target add "$target")
}

# --- packages of any suite, unpacked under target/vm --------------------------

# The archive that this machine uses for Debian itself.
# shellcheck disable=SC2016  # apt expands these names, not the shell
mirror() {
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# apt SUITE COMMAND...: apt with its state under target/vm and one source only.
apt() {
    local suite=$1 state=$cache/apt/$1 command=$2
    shift 2
    "$command" -q -o Dir::State="$state/state" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist="$state/sources.list" \
        -o Dir::Etc::sourceparts=- -o Dir::Etc::preferences=- \
        -o Dir::Etc::preferencesparts=- -o APT::Sandbox::User=root \
        -o APT::Architecture=amd64 -o APT::Architectures=amd64 \
        -o Acquire::Languages=none "$@"
}

declare -A updated=()
update() {
    local suite=$1 state=$cache/apt/$1 uri
    [ -z "${updated[$suite]:-}" ] || return 0
    [ -r "$keyring" ] || die "no $keyring: install debian-archive-keyring"
    uri=$(mirror)
    if [ -z "$uri" ]; then
        as_root apt-get -q update
        uri=$(mirror)
    fi
    [ -n "$uri" ] || die "this machine's apt sources name no Debian archive"
    mkdir -p "$state/state/lists/partial" "$state/cache/archives/partial"
    : >"$state/status"
    echo "deb [signed-by=$keyring] $uri $suite main" >"$state/sources.list"
    say "reading the package lists of $suite"
    apt "$suite" apt-get update >"$state/update.log" 2>&1 || {
        cat "$state/update.log" >&2
        die "cannot read the package lists of $suite"
    }
    updated[$suite]=yes
}

# field SUITE PACKAGE FIELD: that field of the newest version.
field() {
    apt "$1" apt-cache show --no-all-versions "$2" 2>/dev/null |
        sed -n "s/^$3: //p" | head -n 1
}

# Package that a metapackage stands for: its first versioned dependency whose
# name begins with PREFIX.
stands_for() {
    local suite=$1 package=$2 prefix=$3
    field "$suite" "$package" Depends | tr ',' '\n' | sed 's/^ *//; s/ .*//' |
        grep -m 1 "^$prefix" || die "$package in $suite depends on no $prefix*"
}

# libraries SUITE PACKAGE...: the library packages that these depend on.
libraries() {
    local suite=$1 todo next seen=' '
    shift
    todo="$*"
    while [ -n "$todo" ]; do
        next=''
        for package in $todo; do
            case $seen in *" $package "*) continue ;; esac
            seen+="$package "
            next+=" $(field "$suite" "$package" Depends | tr ',' '\n' |
                sed 's/^ *//; s/[ :].*//' | grep '^lib' | tr '\n' ' ' || true)"
        done
        todo=$next
    done
    for package; do seen=${seen/ $package / }; done
    echo "$seen"
}

# closure SUITE PACKAGE...: these and all that apt would install for them.
# Essential packages are depended on by none: name those that are needed.
closure() {
    local suite=$1
    shift
    apt "$suite" apt-get -s -y --no-install-recommends install "$@" 2>/dev/null |
        awk '$1 == "Inst" { print $2 }'
}

# fill SET SUITE PACKAGE...: unpacks the packages together and names them SET.
fill() {
    local set=$1 suite=$2 package list key
    shift 2
    list=$(apt "$suite" apt-cache show --no-all-versions "$@" 2>/dev/null |
        awk '$1 == "Package:" { name = $2 } $1 == "Version:" { print name, $2 }')
    [ "$(wc -l <<<"$list")" = $# ] || die "$suite has not all of: $*"
    list+=$'\n'
    key=$(sha256sum <<<"$list" | cut -c 1-12)
    local done=$cache/sets/$set-$key
    if [ ! -d "$done" ]; then
        local work=$cache/work.$$
        rm -rf "$work"
        mkdir -p "$work/deb" "$work/root" "$cache/sets"
        say "unpacking $set: ${list%%$'\n'*} from $suite, $# packages"
        (cd "$work/deb" && apt "$suite" apt-get download "$@") >"$work/log" 2>&1 || {
            cat "$work/log" >&2
            die "cannot download $* from $suite"
        }
        if [ "$(type -t "prepare_$set" || true)" = function ]; then
            "prepare_$set" "$work/root"
        fi
        for package in "$work"/deb/*.deb; do
            # A folder that one package has and another has as a link (merged
            # /usr) must not stop tar: links that exist as folders are followed.
            dpkg-deb --fsys-tarfile "$package" |
                tar -x -C "$work/root" --no-same-owner --keep-directory-symlink
        done
        if [ "$(type -t "relocate_$set" || true)" = function ]; then
            "relocate_$set" "$work/root" "$done"
        fi
        printf '%s' "$list" >"$work/root/packages.list"
        mv -T "$work/root" "$done"
        rm -rf "$work"
    fi
    ln -sfn "sets/$set-$key" "$cache/$set.$$"
    mv -T "$cache/$set.$$" "$cache/$set"
}

# The header packages name each other by absolute path.
relocate_linux-6.12() {
    local root=$1 final=$2 link to
    grep -rlIE '/usr/(src/linux-headers|lib/linux-kbuild)-' "$root"/usr/src/*/Makefile \
        "$root"/usr/src/*/.kernelvariables 2>/dev/null |
        xargs -r sed -i -E "s#(^|[^[:alnum:]./])/usr/(src/linux-headers|lib/linux-kbuild)-#\1$final/usr/\2-#g"
    while IFS= read -r -d '' link; do
        to=$(readlink "$link")
        case $to in /*) ln -sfn "$final$to" "$link" ;; esac
    done < <(find "$root" -type l -print0)
}

# A root to run dracut in. Packages are unpacked, not configured, so what their
# scripts make and dracut needs is made here.
merge_usr() {
    local folder
    for folder in bin sbin lib lib64; do
        mkdir -p "$1/usr/$folder"
        ln -s "usr/$folder" "$1/$folder"
    done
}

configure_dracut() {
    local root=$1 file
    mkdir -p "$root/tmp" "$root/var/tmp" "$root/proc" "$root/sys" "$root/dev" "$root/run"
    for file in passwd group; do
        cp "$root/usr/share/base-passwd/$file.master" "$root/etc/$file"
    done
    ln -sf mawk "$root/usr/bin/awk"
}

prepare_dracut-bookworm() { merge_usr "$1"; }
prepare_dracut-trixie() { merge_usr "$1"; }
relocate_dracut-bookworm() { configure_dracut "$1"; }
relocate_dracut-trixie() { configure_dracut "$1"; }

have() { [ "$refresh" = no ] && [ -e "$cache/$1/packages.list" ]; }

kernel_6_12() {
    have linux-6.12 && return
    local suite=bookworm-backports image headers
    update "$suite"
    image=$(stands_for "$suite" linux-image-amd64 linux-image-)
    headers=linux-headers-${image#linux-image-}
    fill linux-6.12 "$suite" "$image" "$headers" \
        "$(stands_for "$suite" "$headers" linux-headers-)" \
        "$(stands_for "$suite" "$headers" linux-kbuild-)"
}

kernel_6_1() {
    have linux-6.1 && return
    update bookworm
    fill linux-6.1 bookworm "$(stands_for bookworm linux-image-amd64 linux-image-)"
}

# one SET SUITE PACKAGE...: a set whose packages keep their names.
one() {
    have "$1" && return
    update "$2"
    fill "$@"
}

# with_libraries SET SUITE PACKAGE [MORE]...: a set of a package and its
# libraries, and of more packages as they are.
with_libraries() {
    have "$1" && return
    update "$2"
    local names
    read -ra names <<<"$(libraries "$2" "$3")"
    fill "$1" "$2" "${@:3}" "${names[@]}"
}

# dracut SUITE: dracut, systemd and what both run.
dracut() {
    have "dracut-$1" && return
    update "$1"
    local names
    mapfile -t names < <(closure "$1" dracut-core systemd systemd-sysv udev bash dash mawk zstd \
        coreutils findutils grep gzip sed util-linux libc-bin base-passwd ncurses-bin)
    [ ${#names[@]} -gt 0 ] || die "apt cannot resolve dracut-core in $1"
    fill "dracut-$1" "$1" "${names[@]}"
}

stage() {
    case $1 in
    build)
        install_missing "$build_packages"
        rust
        ;;
    kernel)
        install_missing "$kernel_packages"
        kernel_6_12
        ;;
    demo)
        install_missing "$demo_packages"
        kernel_6_12
        one busybox bookworm busybox-static
        one stub-trixie trixie systemd-boot-efi
        one ukify trixie systemd-ukify
        ;;
    vm)
        stage demo
        install_missing "$vm_packages"
        kernel_6_1
        one ovmf bookworm ovmf
        one stub-bookworm bookworm systemd-boot-efi
        one stub-forky forky systemd-boot-efi
        with_libraries makedumpfile trixie makedumpfile zlib1g
        dracut bookworm
        dracut trixie
        ;;
    bench)
        stage vm
        with_libraries kexec-tools forky kexec-tools
        with_libraries systemctl forky libsystemd-shared systemd
        ;;
    *) die "unknown stage '$1': build, kernel, demo, vm or bench" ;;
    esac
}

[ "${1:-}" != --refresh ] || { refresh=yes; shift; }
[ $# -gt 0 ] || die "name a stage: build, kernel, demo, vm or bench"
if [ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ]; then
    [ "$*" = build ] || die "the guests need Debian 12 or 13 on amd64"
    say "not Debian on amd64: see to the packages yourself (README)"
    exit 0
fi
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
# What an earlier run left when it was stopped; no other run is under way now.
rm -rf "$cache"/work.*
for wanted; do
    stage "$wanted"
done
