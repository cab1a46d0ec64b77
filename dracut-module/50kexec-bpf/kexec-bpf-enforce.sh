#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by dracut before anything else. Turns the module's enforce on if that is
# requested; if it fails, turns kexec off. The boot goes on in either case.

kexec-bpf hook enforce || sh /usr/lib/kexec-bpf/not-enforced $?
return 0
