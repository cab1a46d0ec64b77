#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by dracut: keeps the queue running until kexec-bpf-boot.sh has run.

[ -e /run/kexec-bpf.tried ]
