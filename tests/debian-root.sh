# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Minimal Debian systems in directories, for tests that install packages as root. Sourced;
# the caller sets target and, for in_root, root,
# and has a function die.
: "${target:?}"

# apt's package lists of another suite have the archive that this machine uses.
archive() { sed -n 's/^deb .* \(http[^ ]*\) [^ ]* main/\1/p' "$target/vm/apt/$1/sources.list"; }

# source_line SUITE
source_line() {
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(archive "$1") $1 main"
}

# system NAME SUITE PACKAGE...: prints the archive of a minimal system with these packages
# and what they depend on, but nothing that they recommend. It is made once for these.
system() {
    local archive=$target/vm/$1.tar suite=$2
    shift 2
    if [ ! -e "$archive" ] || [ "$(cat "$archive.packages")" != "$suite $*" ]; then
        echo "$suite $*" >"$archive.packages"
        rm -f "$archive"
        # Without --format it would be a directory, because of the name. The lists of a
        # suite in preparation expire after a week, also in a mirror that is older.
        mmdebstrap --quiet --format=tar --variant=apt --include="$(IFS=,; echo "$*")" \
            --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' \
            --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$archive.new" \
            "$(source_line "$suite")" >&2
        mv "$archive.new" "$archive"
    fi
    echo "$archive"
}

# in_root COMMAND...: a question would read from /dev/null, and fail.
in_root() {
    # shellcheck disable=SC2016  # the inner shell expands these
    unshare --mount sh -ec 'root=$1; shift
        for directory in dev proc sys; do mount --rbind "/$directory" "$root/$directory"; done
        exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin LC_ALL=C "$@"' \
        sh "${root:?}" "$@" </dev/null
}

# has_program INITRD: whether this initramfs, a path in root, has the program.
has_program() {
    local list lister=lsinitramfs
    [ ! -e "$root/usr/bin/lsinitrd" ] || lister=lsinitrd
    list=$(in_root "$lister" "$1") || die "cannot list $1"
    grep -qE '(^| )usr/bin/kexec-bpf$' <<<"$list"
}
