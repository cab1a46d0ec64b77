#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Puts kexec-bpf into the initramfs, and what it needs to read an ESP.
#
# Of dracut's configuration (/etc/dracut.conf.d/*.conf) this is read:
#
#   kexec_bpf_kdump_image=PATH   a capture kernel, a UKI, to be loaded in the
#                                initramfs's first moments
#   kexec_bpf_enforce=yes        asks for the module's enforce: kexec of verified
#                                images only, or no kexec; so does the host's own
#                                /etc/kexec-bpf/enforce
#
# The boot hooks parse nothing: `kexec-bpf hook` reads rd.kexec_bpf* itself.
# Where systemd runs the initramfs, units take the hooks' place. They are
# ordered among initrd targets, and know nothing of dracut.

# shellcheck disable=SC2154  # dracut sets moddir, initdir, systemdsystemunitdir

# dracut leaves /usr/local, where `make install` goes by default, out of PATH.
kexec_bpf_program() {
    PATH="$PATH:/usr/local/sbin:/usr/local/bin" type -P kexec-bpf
}

# Whether the image is to ask for enforce, as a file in it. What is no clear no is
# taken for yes; the program knows the same words on the command line.
kexec_bpf_is_enforced() {
    local file=${dracutsysrootdir-}/etc/kexec-bpf/enforce
    [[ ! -e $file && ! -L $file ]] || return 0
    case ${kexec_bpf_enforce:-no} in 0 | no | false | off) return 1 ;; esac
}

# Called by dracut: in by default. Nothing is done at boot unless the kernel's
# command line asks, and a shell after a failed boot is where it is missed most.
check() {
    kexec_bpf_program >/dev/null || {
        dinfo "dracut module 'kexec-bpf' is left out: there is no kexec-bpf"
        ! kexec_bpf_is_enforced ||
            derror "kexec-bpf: enforce is requested, but will not be turned on"
        return 1
    }
    return 0
}

# Called by dracut.
depends() {
    return 0
}

# Called by dracut. Without hostonly, which would leave out what this host does
# not use at the moment: the ESP is often not mounted, and entries may lie on a
# stick. instmods skips a module that this kernel has not.
installkernel() {
    # FAT, with the code page and the character sets that kernels are built to
    # take by default; what XBOOTLDR mostly is; EFI variables.
    hostonly='' instmods vfat nls_cp437 nls_iso8859-1 nls_ascii nls_utf8 ext4 efivarfs
    hostonly='' instmods sd_mod ahci ata_piix nvme mmc_block sdhci_pci sdhci_acpi \
        virtio_pci virtio_blk virtio_scsi usb_storage uas ehci_pci xhci_pci
    if kexec_bpf_is_enforced; then
        hostonly='' instmods -c -s kexec_bpf ||
            derror "kexec-bpf: no module kexec_bpf: hook enforce will turn kexec off"
    else
        hostonly='' instmods kexec_bpf
    fi
}

# Called by dracut.
install() {
    local file
    inst_binary "$(kexec_bpf_program)" /usr/bin/kexec-bpf
    # Only for kexec_bpf; an initramfs without modules goes without.
    inst_multiple -o modprobe
    inst_script /usr/lib/kexec-bpf/not-enforced
    if kexec_bpf_is_enforced; then
        mkdir -p "$initdir/etc/kexec-bpf"
        : >"$initdir/etc/kexec-bpf/enforce"
    fi
    inst_hook emergency 50 "$moddir/kexec-bpf-emergency.sh"

    for file in "${dracutsysrootdir-}"/etc/kexec-bpf/pre-exec.d/*; do
        if [[ -f $file && -x $file ]]; then inst "${file#"${dracutsysrootdir-}"}"; fi
    done
    if [[ ${kexec_bpf_kdump_image-} ]]; then
        inst_simple "$kexec_bpf_kdump_image" /etc/kexec-bpf/kdump.efi ||
            derror "kexec_bpf_kdump_image: cannot read $kexec_bpf_kdump_image"
    fi

    if dracut_module_included systemd; then
        install_units
    else
        install_hooks
    fi
}

install_units() {
    local unit
    for unit in initrd.target/kexec-bpf-boot \
        sysinit.target/kexec-bpf-{enforce,kdump-early}; do
        inst_simple "$systemdsystemunitdir/${unit#*/}.service"
        mkdir -p "$initdir$systemdsystemunitdir/${unit%/*}.wants"
        ln -sf "../${unit#*/}.service" "$initdir$systemdsystemunitdir/${unit%/*}.wants/"
    done
}

install_hooks() {
    # The first hooks of all, in the order of their names: a driver that crashes is
    # loaded later.
    inst_hook cmdline 00 "$moddir/kexec-bpf-enforce.sh"
    inst_hook cmdline 00 "$moddir/kexec-bpf-kdump.sh"
    # The first job once the devices that are there have been found: before a
    # passphrase is asked for, and before root is mounted, or missed. `finished`
    # keeps the queue alive until then, and need-initqueue starts it at all.
    inst_hook initqueue/settled 00 "$moddir/kexec-bpf-boot.sh"
    inst_hook initqueue/finished 00 "$moddir/kexec-bpf-finished.sh"
    dracut_need_initqueue
}
