#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by dracut in the queue of devices. Boots another system when
# rd.kexec_bpf= asks for it, and does not return then.

# The queue runs its jobs again and again.
if [ ! -e /run/kexec-bpf.tried ]; then
    : >/run/kexec-bpf.tried
    # Nothing is wrong when there is no such module.
    modprobe -q kexec_bpf 2>/dev/null
    kexec-bpf hook boot || warn "kexec-bpf: the normal boot goes on"
fi
return 0
