#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Puts what `make` has built where a machine looks for it, or takes it away again.
#
#   packaging/install.sh install
#   packaging/install.sh uninstall
#   packaging/install.sh list       prints a line "MODE PATH" for each file, and "dir PATH"
#                                   for each directory that nobody else uses
#
# The Makefile sets DESTDIR, PREFIX and the other directories, and says what they are
# for. Each file is named once, in files(), so all commands and packages know the same ones.
set -eu
cd "$(dirname "$0")/.."
: "${DESTDIR?}" "${PREFIX:?}" "${PROGRAM:?}" "${SYSCONFDIR:?}" "${LIBDIR:?}"
: "${DRACUTDIR:?}" "${INITCPIODIR:?}" "${INITRAMFSTOOLSDIR:?}"
: "${SYSTEMDUNITDIR:?}" "${UDEVRULESDIR:?}"
share=$PREFIX/share
doc=$share/doc/kexec-bpf

# What differs in the package of a distribution, whose name LAYOUT is.
zsh=$share/zsh/site-functions
changelog=CHANGELOG.md
licence=$doc
generators='dracut initramfs-tools mkinitcpio'
case ${LAYOUT-} in
'') ;;
debian)
    zsh=$share/zsh/vendor-completions
    # debhelper installs the changelog, and debian/copyright says what LICENSE does.
    changelog='' licence=''
    generators='dracut initramfs-tools'
    ;;
fedora) licence=$share/licenses/kexec-bpf generators=dracut ;;
arch) licence=$share/licenses/kexec-bpf generators='dracut mkinitcpio' ;;
*)
    echo "install.sh: no LAYOUT '$LAYOUT': debian, fedora or arch" >&2
    exit 2
    ;;
esac

# has GENERATOR: whether files for this initramfs generator are installed.
has() { case " $generators " in *" $1 "*) ;; *) return 1 ;; esac }

# Calls put MODE SOURCE TARGET for each file. MODE 644u is a unit or a file that names
# the program by its path.
files() {
    put 755 "$PROGRAM" "$PREFIX/bin/kexec-bpf"
    put 644 docs/kexec-bpf.8 "$share/man/man8/kexec-bpf.8"
    put 644 dist/completions/kexec-bpf.bash "$share/bash-completion/completions/kexec-bpf"
    put 644 dist/completions/_kexec-bpf "$zsh/_kexec-bpf"
    put 644 dist/completions/kexec-bpf.fish \
        "$share/fish/vendor_completions.d/kexec-bpf.fish"
    each 644 "$doc" README.md ${changelog:+"$changelog"} docs/*.md docs/*.svg
    if [ -n "$licence" ]; then put 644 LICENSE "$licence/LICENSE"; fi
    each 644 "$doc/examples" dist/examples/kexec-bpf-kdump
    each 755 "$doc/examples/pre-exec.d" dist/examples/pre-exec.d/*

    each 644 "$UDEVRULESDIR" dist/udev/98-kexec-bpf-kdump.rules
    put 644u dist/systemd/kexec-bpf-kdump.service "$SYSTEMDUNITDIR/kexec-bpf-kdump.service"
    each 644 "$SYSTEMDUNITDIR" dist/systemd/kexec-bpf-boot.service \
        dist/systemd/kexec-bpf-enforce.service dist/systemd/kexec-bpf-kdump-early.service \
        dist/systemd/kexec-bpf-emergency.conf
    put 755 dist/initramfs/not-enforced "$LIBDIR/not-enforced"
    put 755 dist/initramfs/filesystems "$LIBDIR/filesystems"
    put 755 dist/initramfs/programs "$LIBDIR/programs"
    put 644 dist/initramfs/drivers "$LIBDIR/drivers"
    if has dracut; then
        each 755 "$DRACUTDIR/modules.d/50kexec-bpf" dracut-module/50kexec-bpf/*.sh
        each 644 "$doc/examples" dist/examples/dracut.conf
    fi
    if has initramfs-tools; then
        (cd initramfs-tools && find hooks scripts -type f) | while IFS= read -r file; do
            put 755 "initramfs-tools/$file" "$INITRAMFSTOOLSDIR/$file"
        done
        each 644 "$doc/examples" dist/examples/initramfs-tools.conf
    fi
    if has mkinitcpio; then
        each 644 "$INITCPIODIR/install" mkinitcpio-hook/install/*
        each 644 "$INITCPIODIR/hooks" mkinitcpio-hook/hooks/*
    fi
}

# Prints the directories that nobody else uses, a directory before the one above it.
directories() {
    echo "$SYSCONFDIR/kexec-bpf/pre-exec.d"
    echo "$SYSCONFDIR/kexec-bpf"
    echo "$LIBDIR"
    echo "$DRACUTDIR/modules.d/50kexec-bpf"
    if [ "${licence:-$doc}" != "$doc" ]; then echo "$licence"; fi
    echo "$doc/examples/pre-exec.d"
    echo "$doc/examples"
    echo "$doc"
}

each() {
    mode=$1 directory=$2
    shift 2
    for source; do put "$mode" "$source" "$directory/${source##*/}"; done
}

case ${1-} in
install)
    test -x "$PROGRAM" || { echo 'make install: run make first' >&2; exit 1; }
    put() {
        install -D -m "${1%u}" "$2" "$DESTDIR$3"
        case $1 in *u) sed "s|/usr/local/bin/|$PREFIX/bin/|" "$2" >"$DESTDIR$3" ;; esac
    }
    files
    install -d "$DESTDIR$SYSCONFDIR/kexec-bpf/pre-exec.d"
    ;;
uninstall)
    put() { rm -f "$DESTDIR$3"; }
    files
    directories | while IFS= read -r directory; do
        # What an administrator has put there stays.
        rmdir "$DESTDIR$directory" 2>/dev/null || :
    done
    ;;
list)
    put() { echo "${1%u} $3"; }
    files
    directories | sed 's/^/dir /'
    ;;
*)
    echo "usage: $0 install|uninstall|list" >&2
    exit 2
    ;;
esac
