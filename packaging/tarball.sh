#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the source with all crates that it is built from, so that it builds offline.
#
#   packaging/tarball.sh tree DIRECTORY      this working tree, as the directory DIRECTORY
#   packaging/tarball.sh files DIRECTORY     the same without the crates; it exists
#   packaging/tarball.sh archive DIRECTORY   the last commit, as
#                                            DIRECTORY/kexec-bpf-VERSION.tar.xz, with its
#                                            checksum beside it
#
# The same commit gives the same archive everywhere.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$here"
die() { echo "tarball: $*" >&2; exit 1; }

[ $# = 2 ] || die "usage: tarball.sh tree|files|archive DIRECTORY"
git rev-parse --git-dir >/dev/null 2>&1 || die "this needs a git repository"

# files DIRECTORY: copies the files of this working tree.
files() {
    git ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' file; do
            # A file that was removed but not committed is still listed.
            if [ -e "$file" ]; then printf '%s\0' "$file"; fi
        done | tar -c --null -T - | tar -x -C "$1"
}

# tree DIRECTORY: fills the directory, which must not exist.
tree() {
    [ ! -e "$1" ] || die "$1 exists"
    mkdir -p "$1"
    files "$1"
    cargo vendor --quiet --locked --versioned-dirs \
        --manifest-path "$1/Cargo.toml" "$1/vendor"
    cat >>"$1/.cargo/config.toml" <<'EOT'

# All crates are in vendor/.
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
EOT
}

archive() {
    local version name work
    [ -z "$(git status --porcelain)" ] || die "the working tree is not committed"
    version=$(packaging/version.sh)
    name=kexec-bpf-$version
    mkdir -p "$1"
    work=$(mktemp -d)
    # shellcheck disable=SC2064  # the path as it is now
    trap "rm -rf '$work'" EXIT
    tree "$work/$name"
    tar -C "$work" -c --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
        --mtime="@$(git log -1 --format=%ct)" --format=ustar "$name" |
        xz -T1 >"$1/$name.tar.xz"
    (cd "$1" && sha256sum "$name.tar.xz" >"$name.tar.xz.sha256")
    echo "$1/$name.tar.xz"
}

case $1 in
files) files "$(realpath "$2")" ;;
tree) tree "$(realpath -m "$2")" ;;
archive) archive "$(realpath -m "$2")" ;;
*) die "no command '$1'" ;;
esac
