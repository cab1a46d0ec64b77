#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs the package kexec-bpf in whole Debian systems that mmdebstrap makes, as root:
# apt takes it from a directory, and the system's own update-initramfs or dracut makes the
# initrd. Then tests/vm/systems.rs boots each in guests: `cargo test --test vm systems::`.
# Needs target/deb, which make deb fills, and what tests/provision.sh all installs, and fetches
# about 300 MB for each system once.
#
#   tests/systems.sh                        all systems
#   tests/systems.sh trixie-dracut          only these
#   tests/systems.sh trixie-dracut -- menu  and of the tests only those with this name
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
die() { echo "systems: $*" >&2; exit 1; }
# shellcheck source=tests/debian-root.sh
. tests/debian-root.sh

# SUITE-GENERATOR; dracut-scripts is dracut's initrd without systemd.
all=(forky-dracut forky-initramfs-tools trixie-dracut-scripts forky-dracut-scripts
    bookworm-initramfs-tools trixie-dracut trixie-initramfs-tools)
systems=() tests=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    systems+=("$1")
    shift
done
[ $# -lt 2 ] || tests=("${@:2}")
[ ${#systems[@]} -gt 0 ] || systems=("${all[@]}")
package=$(echo "$target"/deb/kexec-bpf_*_amd64.deb)
[ -f "$package" ] || die "no $package: run make deb"

# The UUID of the LUKS container, which tests/vm/systems.rs knows, too.
container=01234567-89ab-cdef-0123-456789abcdef

# The initrd of the system in root.
initrd() { echo "$root"/boot/initrd.img-*; }

# Makes a crash image of the system's kernel, and of an initrd without our package.
crash_image() {
    /usr/bin/python3 "$target/vm/ukify/usr/bin/ukify" build \
        --stub "$target/vm/stub-trixie/usr/lib/systemd/boot/efi/linuxx64.efi.stub" \
        --linux "$(echo "$root"/boot/vmlinuz-*)" --initrd "$(initrd)" --os-release ID=capture \
        --cmdline 'console=ttyS0 panic=-1 rw root=LABEL=root nr_cpus=1 is=capture' \
        --output "$root/boot/kdump.efi" >&2
}

# configure GENERATOR: what an administrator would do, and what the tests need.
configure() {
    echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
    install -m 755 tests/systems/report "$root/usr/local/sbin/report"
    install -m 644 tests/systems/report.service "$root/etc/systemd/system/report.service"
    in_root systemctl -q enable report
    install -d "$root/etc/kexec-bpf/pre-exec.d"
    # The initrd has bash for this only.
    printf '#!/usr/bin/env bash\necho "@@ teardown" >/dev/ttyS1\n' >"$root/etc/kexec-bpf/pre-exec.d/10-say"
    chmod 755 "$root/etc/kexec-bpf/pre-exec.d/10-say"
    crash_image
    case $1 in
    initramfs-tools)
        echo 'kexec_bpf_kdump_image=/boot/kdump.efi' >"$root/etc/initramfs-tools/conf.d/kexec-bpf"
        install -m 755 tests/systems/crash "$root/etc/initramfs-tools/scripts/init-premount/zz-crash"
        ;;
    dracut*)
        echo 'kexec_bpf_kdump_image=/boot/kdump.efi' >"$root/etc/dracut.conf.d/kexec-bpf.conf"
        # In a chroot, forky's dracut does not see that root will be encrypted.
        case $1 in
        dracut) echo 'add_dracutmodules+=" systemd-cryptsetup "' ;;
        dracut-scripts) printf '%s\n' 'omit_dracutmodules+=" systemd "' 'add_dracutmodules+=" crypt "' ;;
        esac >"$root/etc/dracut.conf.d/test.conf"
        install -D -m 755 tests/systems/module-setup.sh \
            "$root/usr/lib/dracut/modules.d/99test/module-setup.sh"
        install -m 755 tests/systems/crash "$root/usr/lib/dracut/modules.d/99test/crash.sh"
        ;;
    esac
}

# encrypt: makes a LUKS container of the root file system; the passphrase is "secret".
encrypt() {
    cp --sparse=always "$made/root.img" "$root/tmp/root.img"
    # The data move to make room for the header.
    truncate -s +32M "$root/tmp/root.img"
    printf secret >"$root/tmp/key"
    in_root cryptsetup reencrypt --encrypt --type luks2 --reduce-device-size 32M --batch-mode \
        --uuid "$container" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file /tmp/key \
        /tmp/root.img
    mv "$root/tmp/root.img" "$made/crypt-root.img"
    rm "$root/tmp/key"
}

# install_system NAME: leaves in $made what the guests need.
install_system() {
    local suite=${1%%-*} generator=${1#*-} size
    local packages=(systemd-sysv udev dbus linux-image-amd64 zstd cryptsetup-bin makedumpfile)
    case $generator in
    initramfs-tools) packages+=(initramfs-tools busybox cryptsetup-initramfs kdump-tools) ;;
    # Forky has switch_root, which dracut needs without systemd, in util-linux-extra.
    dracut*) packages+=(dracut cryptsetup systemd-cryptsetup util-linux-extra) ;;
    *) die "no system '$1': ${all[*]}" ;;
    esac
    tar -xf "$(system "systems-${1%-scripts}" "$suite" "${packages[@]}")" -C "$root"
    configure "$generator"
    install -D -t "$root/tmp/packages" "$package"
    in_root apt-get -q -y --no-install-recommends install "/tmp/packages/${package##*/}"
    rm -r "$root/tmp/packages"
    # A generator that fails leaves the old one, and apt content.
    has_program "/boot/$(basename "$(initrd)")" || die "$1: the initrd lacks the program"
    cp "$(echo "$root"/boot/vmlinuz-*)" "$made/vmlinuz"
    cp "$(initrd)" "$made/initrd.img"
    size=$(du -sm "$root" | cut -f 1)
    rm -f "$made/root.img"
    /sbin/mkfs.ext4 -q -L root -E lazy_itable_init=0,lazy_journal_init=0 -d "$root" \
        "$made/root.img" "$((size * 5 / 4 + 200))M"
    # The same system where root is encrypted; in dracut's initrd a generator takes the
    # container from the command line.
    if [ "$generator" = initramfs-tools ]; then
        echo "cryptroot UUID=$container none luks,initramfs" >>"$root/etc/crypttab"
        in_root update-initramfs -u
    fi
    encrypt
    cp "$(initrd)" "$made/crypt.img"
}

# boot NAME: runs the tests that concern the system.
boot() {
    local names=(chain empty_esp menu_before early_kdump)
    case $1 in *-initramfs-tools) names+=(kdump_tools modules_dep) ;; esac
    [ ${#tests[@]} = 0 ] || names=("${tests[@]}")
    KEXEC_BPF_TEST_SYSTEM=$target/vm/systems/$1 cargo test --locked --release --no-fail-fast \
        --test vm -- --test-threads=1 "${names[@]/#/systems::long_}"
}

root='' status=0
trap 'rm -rf "$root"' EXIT
mkdir -p "$target/vm/run"
for name in "${systems[@]}"; do
    root=$(mktemp -d "$target/vm/run/systems.XXXXXX")
    chmod 755 "$root"
    made=$target/vm/systems/$name
    mkdir -p "$made"
    # If it fails, the other systems are tested nevertheless. As a job, because a function
    # whose result is tested does not end with its first command that fails.
    install_system "$name" &
    if wait $!; then
        echo "systems: $name: installed"
        boot "$name" || status=1
    else
        echo "systems: $name: not installed"
        status=1
    fi
    rm -rf "$root"
done
exit $status
