#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by dracut: the queue goes on until kexec-bpf-boot.sh has had its turn.

[ -e /run/kexec-bpf.tried ]
