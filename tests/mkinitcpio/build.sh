#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs a build hook of mkinitcpio. In place of mkinitcpio's documented functions
# there are stand-ins, which print what would be in the image, and check their
# arguments as the real ones do.
#
#   build.sh ROOT HOOK    ROOT stands for /; MODULES are the kernel's modules
#
# Spec: mkinitcpio(8), "About build hooks"; mkinitcpio.conf(5).
set -uo pipefail
root=$1
hook=$2

# A hook may call only what the specification has. It does not matter here what
# mkinitcpio does with other commands.
command_not_found_handle() {
    echo "unknown $*"
    return 127
}

error() {
    # shellcheck disable=SC2059  # as mkinitcpio calls it: a format comes first
    echo "error $(printf "$@")"
}

map() {
    local function=$1 argument status=0
    shift
    for argument; do "$function" "$argument" || status=1; done
    return "$status"
}

add_module() {
    local name=${1%\?} module
    for module in $MODULES; do
        [[ $module != "$name" ]] || { echo "module $name"; return 0; }
    done
    [[ $1 == *\? ]] || { error "module not found: '%s'" "$name"; return 1; }
}

add_dir() {
    [[ ${1-} == /?* ]] || { error "add_dir: no path"; return 1; }
    echo "dir $1 ${2-755}"
}

add_file() {
    local source=$1 target=${2-$1}
    [[ -f $root$source ]] || { error "file not found: '%s'" "$source"; return 1; }
    echo "file $target ${3-$(stat -c %a "$root$source")}"
}

# Hooks run a script of this project so; here it is below ROOT, and so is what it looks for.
sh() {
    [[ $1 == /usr/lib/kexec-bpf/* ]] || { error "sh: %s" "$1"; return 1; }
    command sh "$root$1" "$root"
}

add_symlink() {
    (($# == 1 || $# == 2)) || { error "add_symlink: %s words" "$#"; return 1; }
    echo "symlink $1 ${2-$1}"
}

add_binary() {
    local path=$1
    if [[ $path != /* ]]; then
        path=$(PATH="$root/usr/local/bin:$root/usr/bin" type -P "$1") || {
            error "binary not found: '%s'" "$1"
            return 1
        }
        path=${path#"$root"}
    fi
    add_file "$path" "${@:2}"
}

add_udev_rule() { add_file "/usr/lib/udev/rules.d/$1"; }

add_runscript() {
    local name=${BASH_SOURCE[1]##*/} function
    local script=$root/usr/lib/initcpio/hooks/$name
    [[ -f $script ]] || { error "runtime script for '%s' not found" "$name"; return 1; }
    echo "runscript $name"
    while read -r function; do echo "runs $function"; done < <(
        bash -c '. "$1"; declare -F' - "$script" | sed -n 's/^declare -f \(run_.*\)/\1/p'
    )
}

# The hook systemd provides this, if it comes earlier.
with_systemd() {
    add_systemd_unit() {
        local unit=/usr/lib/systemd/system/$1 key value
        [[ -f $root$unit ]] || return
        add_file "$unit" || return
        # Adds programs that units need, unless they may be missing.
        while IFS='=' read -r key value; do
            [[ $key != Exec* || $value == -* ]] || add_binary "${value%% *}"
        done <"$root$unit"
    }
}

[[ -z ${AFTER_SYSTEMD-} ]] || with_systemd
# shellcheck disable=SC1090  # the hook under test
. "$root/usr/lib/initcpio/install/$hook" || exit
if [[ $(help) ]]; then echo "help"; else error "no help"; fi
build
echo "built $?"
