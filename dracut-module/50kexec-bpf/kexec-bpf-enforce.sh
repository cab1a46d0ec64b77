#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by dracut before all else. Turns the module's enforce on where that is
# asked for, or else kexec off; the boot goes on.

kexec-bpf hook enforce || sh /usr/lib/kexec-bpf/not-enforced $?
return 0
