#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A module of dracut for the script crash; dracut runs hooks only by the name *.sh.
# shellcheck disable=SC2154  # dracut sets moddir
check() { return 0; }
install() { inst_hook pre-mount 99 "$moddir/crash.sh"; }
