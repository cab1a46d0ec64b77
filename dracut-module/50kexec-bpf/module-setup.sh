#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Puts kexec-bpf into the initramfs, with what it needs to read an ESP.
#
# Reads from dracut's configuration (/etc/dracut.conf.d/*.conf):
#
#   kexec_bpf_kdump_image=PATH   a crash image, a UKI, which the initramfs loads
#                                before any driver
#   kexec_bpf_enforce=yes        requests the module's enforce: kexec of verified
#                                images only, or no kexec; a file
#                                /etc/kexec-bpf/enforce on the host does the same
#
# The boot hooks parse nothing: `kexec-bpf hook` reads rd.kexec_bpf* itself.
# Where systemd runs the initramfs, units replace the hooks. They are ordered
# among the initrd's targets, and do not depend on dracut.

# shellcheck disable=SC2154  # dracut sets moddir, initdir, systemdsystemunitdir

# dracut leaves /usr/local, where `make install` goes by default, out of PATH.
kexec_bpf_program() {
    PATH="$PATH:/usr/local/sbin:/usr/local/bin" type -P kexec-bpf
}

# Returns whether the initramfs gets the file that requests enforce. Anything but a
# clear no counts as yes; the program knows the same words on the command line.
kexec_bpf_is_enforced() {
    local file=${dracutsysrootdir-}/etc/kexec-bpf/enforce
    [[ ! -e $file && ! -L $file ]] || return 0
    case ${kexec_bpf_enforce:-no} in 0 | no | false | off) return 1 ;; esac
}

# Called by dracut. The module is included by default: it does nothing at boot unless
# that is requested, and the program is most useful in the shell after a failed boot.
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

# Called by dracut. Unsets hostonly, which would leave out drivers that this host does
# not use at the moment.
installkernel() {
    local type drivers
    read -rd '' -a drivers < <(sed '/^#/d' /usr/lib/kexec-bpf/drivers)
    hostonly='' instmods "${drivers[@]}"
    # And the file systems of this host's kernels and boot entries.
    for type in $(sh /usr/lib/kexec-bpf/filesystems); do
        hostonly='' instmods -s "$type"
    done
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
    # Only needed to load kexec_bpf, so an initramfs without modules can lack it.
    inst_multiple -o modprobe
    inst_script /usr/lib/kexec-bpf/not-enforced
    if kexec_bpf_is_enforced; then
        mkdir -p "$initdir/etc/kexec-bpf"
        : >"$initdir/etc/kexec-bpf/enforce"
    fi
    inst_hook emergency 50 "$moddir/kexec-bpf-emergency.sh"

    while IFS= read -r file; do
        inst "$file"
    done < <(sh /usr/lib/kexec-bpf/programs "${dracutsysrootdir-}")
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
    # The boot's unit is ordered before it; see there.
    inst_multiple -o "$systemdsystemunitdir/cryptsetup-pre.target"
    for unit in initrd.target/kexec-bpf-boot \
        sysinit.target/kexec-bpf-{enforce,kdump-early}; do
        inst_simple "$systemdsystemunitdir/${unit#*/}.service"
        mkdir -p "$initdir$systemdsystemunitdir/${unit%/*}.wants"
        ln -sf "../${unit#*/}.service" "$initdir$systemdsystemunitdir/${unit%/*}.wants/"
    done
}

install_hooks() {
    # The first hooks of all, in the order of their names: before any driver that
    # could crash is loaded.
    inst_hook cmdline 00 "$moddir/kexec-bpf-enforce.sh"
    inst_hook cmdline 00 "$moddir/kexec-bpf-kdump.sh"
    # The first job after the devices that are present have been found: before a
    # passphrase is asked for, and before root is mounted or found to be missing.
    # `finished` keeps the queue running until then; dracut_need_initqueue makes
    # dracut start it.
    inst_hook initqueue/settled 00 "$moddir/kexec-bpf-boot.sh"
    inst_hook initqueue/finished 00 "$moddir/kexec-bpf-finished.sh"
    dracut_need_initqueue
}
