#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by dracut before its emergency shell.

echo
echo "kexec-bpf can boot another system from here:"
echo "    kexec-bpf list           lists boot entries; kexec-bpf boot ENTRY boots one"
return 0
