# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packages of any suite, unpacked under target/vm by apt with a state of its own.
# Sourced by tests/provision.sh.
: "${cache:?}" "${keyring:?}" "${refresh:?}"

# The archive that this machine uses for Debian itself.
# shellcheck disable=SC2016  # apt expands these names, not the shell
mirror() {
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# apt SUITE COMMAND...: apt with its state under target/vm and one source only.
apt() {
    local suite=$1 state=$cache/apt/$1 command=$2
    shift 2
    "$command" -q -o Dir::State="$state/state" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist="$state/sources.list" \
        -o Dir::Etc::sourceparts=- -o Dir::Etc::preferences=- \
        -o Dir::Etc::preferencesparts=- -o APT::Sandbox::User=root \
        -o APT::Architecture=amd64 -o APT::Architectures=amd64 \
        -o Acquire::Languages=none "$@"
}

declare -A updated=()
update() {
    local suite=$1 state=$cache/apt/$1 uri
    [ -z "${updated[$suite]:-}" ] || return 0
    [ -r "$keyring" ] || die "no $keyring: install debian-archive-keyring"
    uri=$(mirror)
    if [ -z "$uri" ]; then
        as_root apt-get -q update
        uri=$(mirror)
    fi
    [ -n "$uri" ] || die "this machine's apt sources name no Debian archive"
    mkdir -p "$state/state/lists/partial" "$state/cache/archives/partial"
    : >"$state/status"
    echo "deb [signed-by=$keyring] $uri $suite main" >"$state/sources.list"
    say "reading the package lists of $suite"
    apt "$suite" apt-get update >"$state/update.log" 2>&1 || {
        cat "$state/update.log" >&2
        die "cannot read the package lists of $suite"
    }
    updated[$suite]=yes
}

# field SUITE PACKAGE FIELD: that field of the newest version.
field() {
    apt "$1" apt-cache show --no-all-versions "$2" 2>/dev/null |
        sed -n "s/^$3: //p" | head -n 1
}

# Package that a metapackage stands for: its first versioned dependency whose
# name begins with PREFIX.
stands_for() {
    local suite=$1 package=$2 prefix=$3
    field "$suite" "$package" Depends | tr ',' '\n' | sed 's/^ *//; s/ .*//' |
        grep -m 1 "^$prefix" || die "$package in $suite depends on no $prefix*"
}

# libraries SUITE PACKAGE...: the library packages that these depend on.
libraries() {
    local suite=$1 todo next seen=' '
    shift
    todo="$*"
    while [ -n "$todo" ]; do
        next=''
        for package in $todo; do
            case $seen in *" $package "*) continue ;; esac
            seen+="$package "
            next+=" $(field "$suite" "$package" Depends | tr ',' '\n' |
                sed 's/^ *//; s/[ :].*//' | grep '^lib' | tr '\n' ' ' || true)"
        done
        todo=$next
    done
    for package; do seen=${seen/ $package / }; done
    echo "$seen"
}

# closure SUITE PACKAGE...: these and all that apt would install for them.
# Essential packages are depended on by none: name those that are needed.
closure() {
    local suite=$1
    shift
    apt "$suite" apt-get -s -y --no-install-recommends install "$@" 2>/dev/null |
        awk '$1 == "Inst" { print $2 }'
}

# fill SET SUITE PACKAGE...: unpacks the packages together and names them SET.
# Functions of the set's name may take part: prepare_SET ROOT before, omit_SET
# prints what is left packed, relocate_SET ROOT FINAL after, for the place where
# ROOT will be.
fill() {
    local set=$1 suite=$2 package list key omit=()
    shift 2
    list=$(apt "$suite" apt-cache show --no-all-versions "$@" 2>/dev/null |
        awk '$1 == "Package:" { name = $2 } $1 == "Version:" { print name, $2 }')
    [ "$(wc -l <<<"$list")" = $# ] || die "$suite has not all of: $*"
    list+=$'\n'
    key=$(sha256sum <<<"$list" | cut -c 1-12)
    local done=$cache/sets/$set-$key
    if [ ! -d "$done" ]; then
        local work=$cache/work.$$
        rm -rf "$work"
        mkdir -p "$work/deb" "$work/root" "$cache/sets"
        say "unpacking $set: ${list%%$'\n'*} from $suite, $# packages"
        (cd "$work/deb" && apt "$suite" apt-get download "$@") >"$work/log" 2>&1 || {
            cat "$work/log" >&2
            die "cannot download $* from $suite"
        }
        if [ "$(type -t "prepare_$set" || true)" = function ]; then
            "prepare_$set" "$work/root"
        fi
        if [ "$(type -t "omit_$set" || true)" = function ]; then
            for package in $("omit_$set"); do omit+=("--exclude=$package"); done
        fi
        for package in "$work"/deb/*.deb; do
            # A directory that one package has and another has as a link (merged
            # /usr) must not stop tar: links that exist as directories are followed.
            dpkg-deb --fsys-tarfile "$package" |
                tar -x -C "$work/root" ${omit[@]+"${omit[@]}"} --no-same-owner --keep-directory-symlink
        done
        if [ "$(type -t "relocate_$set" || true)" = function ]; then
            "relocate_$set" "$work/root" "$done"
        fi
        printf '%s' "$list" >"$work/root/packages.list"
        mv -T "$work/root" "$done"
        rm -rf "$work"
    fi
    ln -sfn "sets/$set-$key" "$cache/$set.$$"
    mv -T "$cache/$set.$$" "$cache/$set"
}

have() { [ "$refresh" = no ] && [ -e "$cache/$1/packages.list" ]; }

# one SET SUITE PACKAGE...: a set whose packages keep their names.
one() {
    have "$1" && return
    update "$2"
    fill "$@"
}

# with_libraries SET SUITE PACKAGE [MORE]...: a set of a package and its
# libraries, and of more packages as they are.
with_libraries() {
    have "$1" && return
    update "$2"
    local names
    read -ra names <<<"$(libraries "$2" "$3")"
    fill "$1" "$2" "${@:3}" "${names[@]}"
}

