# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packages of any suite, unpacked under target/vm by apt with its own state.
# Sourced by tests/provision.sh.
: "${cache:?}" "${keyring:?}" "${refresh:?}"

# Prints the archive that this machine uses for Debian itself.
# shellcheck disable=SC2016  # apt expands these names, not the shell
mirror() {
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# apt SUITE COMMAND...: runs apt with its state under target/vm and only one
# source.
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
    [ -n "$uri" ] || die "there is no Debian archive in this machine's apt sources"
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

# field SUITE PACKAGE FIELD: prints that field of the newest version.
field() {
    apt "$1" apt-cache show --no-all-versions "$2" 2>/dev/null |
        sed -n "s/^$3: //p" | head -n 1
}

# stands_for SUITE PACKAGE PREFIX: prints the package that a metapackage stands
# for: its first versioned dependency whose name begins with PREFIX.
stands_for() {
    local suite=$1 package=$2 prefix=$3
    field "$suite" "$package" Depends | tr ',' '\n' | sed 's/^ *//; s/ .*//' |
        grep -m 1 "^$prefix" || die "$package in $suite depends on no $prefix*"
}

# libraries SUITE PACKAGE...: prints the library packages that these depend on.
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

# closure SUITE PACKAGE...: prints these and all packages that apt would install
# for them. No package depends on essential ones: name those that are needed.
closure() {
    local suite=$1
    shift
    apt "$suite" apt-get -s -y --no-install-recommends install "$@" 2>/dev/null |
        awk '$1 == "Inst" { print $2 }'
}

# fill SET SUITE PACKAGE...: unpacks the packages together as the set SET. If
# there are functions with the set's name, it calls them: prepare_SET ROOT
# before unpacking, omit_SET to print what not to unpack, and relocate_SET ROOT
# FINAL afterwards, where FINAL is the final place of ROOT.
fill() {
    local set=$1 suite=$2 package list key omit=()
    shift 2
    list=$(apt "$suite" apt-cache show --no-all-versions "$@" 2>/dev/null |
        awk '$1 == "Package:" { name = $2 } $1 == "Version:" { print name, $2 }')
    [ "$(wc -l <<<"$list")" = $# ] || die "$suite does not have all of: $*"
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
            # A directory in one package may be a link in another (merged /usr).
            # tar then follows the link, and does not stop.
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

# one SET SUITE PACKAGE...: makes a set of packages whose names do not vary.
one() {
    have "$1" && return
    update "$2"
    fill "$@"
}

# with_libraries SET SUITE PACKAGE [MORE]...: makes a set of a package with its
# libraries, and of more packages without theirs.
with_libraries() {
    have "$1" && return
    update "$2"
    local names
    read -ra names <<<"$(libraries "$2" "$3")"
    fill "$1" "$2" "${@:3}" "${names[@]}"
}

