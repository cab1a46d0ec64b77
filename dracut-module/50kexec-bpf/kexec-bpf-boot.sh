#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by dracut as a job of its initqueue. If rd.kexec_bpf= asks for another
# system, boots it and does not return.

# The queue runs its jobs repeatedly; the first run is enough.
if [ ! -e /run/kexec-bpf.tried ]; then
    : >/run/kexec-bpf.tried
    # It is no error if there is no such module.
    modprobe -q kexec_bpf 2>/dev/null
    kexec-bpf hook boot || warn "kexec-bpf: the normal boot goes on"
fi
return 0
