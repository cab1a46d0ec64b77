#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the functions of a runtime hook as mkinitcpio's init does: for each one
# it sources the script anew, in its own shell.
#
#   run.sh HOOK    calls of other programs go to the file CALLS

# busybox prefers its own modprobe to one in PATH.
modprobe() {
    echo "modprobe $*" >>"$CALLS"
    return 1
}

# Stands in for sh, which a hook calls when the program fails.
sh() {
    echo "sh $*" >>"$CALLS"
}

for function in run_earlyhook run_hook run_emergencyhook; do
    unset -f "$function"
    # shellcheck disable=SC1090  # the hook under test
    . "$1"
    "$function"
    echo "init goes on after $function"
done
