# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Generated from src/cli/table.rs by make docs.

_kexec_bpf() {
    local current=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]}
    local flags='' words='' paths='' ask='' word whole part
    local -i given=0 index
    for ((index = 2; index < COMP_CWORD; index++)); do
        [[ ${COMP_WORDS[index]} == -* ]] || given+=1
    done
    if [[ $current == '=' ]]; then
        current=''
        # An optional value has to follow a =.
        [[ $before != --json ]] || before+='='
    elif [[ $before == '=' ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
        [[ $before != --json ]] || before+='='
    fi
    if ((COMP_CWORD == 1)); then
        command='' before=''
    fi
    case $command:$before in
    load:--initrd)
        paths=-f
        ;;
    load:--profile)
        ask=profiles
        ;;
    load:--addon)
        paths=-f
        ;;
    load:--extras-root)
        paths=-d
        ;;
    load:--append)
        :
        ;;
    load:--command-line)
        :
        ;;
    load:--crypt-key)
        :
        ;;
    load:--route)
        words='auto handshake native extract'
        ;;
    load:--json=)
        words='pretty short off'
        ;;
    exec:--json=)
        words='pretty short off'
        ;;
    list:--root)
        paths=-d
        ;;
    list:--device)
        ask=devices paths=-f
        ;;
    list:--timeout)
        :
        ;;
    list:--json=)
        words='pretty short off'
        ;;
    boot:--root)
        paths=-d
        ;;
    boot:--device)
        ask=devices paths=-f
        ;;
    boot:--timeout)
        :
        ;;
    boot:--menu)
        words='auto forever'
        ;;
    boot:--append)
        :
        ;;
    boot:--route)
        words='auto handshake native extract'
        ;;
    boot:--json=)
        words='pretty short off'
        ;;
    status:--json=)
        words='pretty short off'
        ;;
    inspect:--profile)
        ask=profiles
        ;;
    inspect:--json=)
        words='pretty short off'
        ;;
    kdump:--initrd)
        paths=-f
        ;;
    kdump:--addon)
        paths=-f
        ;;
    kdump:--append)
        :
        ;;
    kdump:--command-line)
        :
        ;;
    kdump:--profile)
        ask=profiles
        ;;
    kdump:--extras-root)
        paths=-d
        ;;
    kdump:--route)
        words='auto handshake native extract'
        ;;
    kdump:--json=)
        words='pretty short off'
        ;;
    :*)
        flags='--help --version'
        words='load exec list boot hook unload status inspect kdump help'
        ;;
    load:*)
        flags='--initrd --profile --addon --no-extras --extras-root --strict --append --command-line --reuse-cmdline --panic --force --crypt-key --reuse-crypt-keys --route --allow-unsigned-initrd --lock --fast --unpack-initrd --dry-run --json --verbose --help'
        paths=-f
        ;;
    exec:*)
        flags='--force --no-sync --dry-run --json --verbose --help'
        ;;
    list:*)
        flags='--root --device --timeout --json --help'
        ;;
    boot:*)
        flags='--root --device --timeout --menu --next --append --route --fast --no-fast --unpack-initrd --dry-run --force --json --no-sync --verbose --help'
        ask=entries
        ;;
    hook:*)
        flags='--verbose --help'
        ((given)) || words='boot enforce kdump'
        ;;
    unload:*)
        flags='--panic --verbose --help'
        ;;
    status:*)
        flags='--loaded --crash-loaded --json --help'
        ;;
    inspect:*)
        flags='--profile --json --help'
        paths=-f
        ;;
    kdump:kdump)
        flags='--initrd --addon --append --command-line --reuse-cmdline --profile --no-extras --extras-root --route --json --help'
        words='check'
        ;;
    kdump:*)
        flags='--initrd --addon --append --command-line --reuse-cmdline --profile --no-extras --extras-root --route --json --help'
        paths=-f
        ;;
    help:*)
        flags='--help'
        ((given)) || words='load exec list boot hook unload status inspect kdump help'
        ;;
    esac
    COMPREPLY=()
    if [[ $current == -* && -n $flags ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    elif [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    fi
    if [[ $ask == entries && $current == */* ]]; then
        # The path of an image.
        ask='' paths=-f
    fi
    if [[ -n $ask && $current != -* ]]; then
        # bash splits at the : of a name and the @ of a profile as well. readline replaces $2.
        for ((index = COMP_CWORD; index > 2; index--)); do
            [[ ${COMP_WORDS[index]} == [@:] || ${COMP_WORDS[index - 1]} == [@:] ]] || break
        done
        printf -v whole %s "${COMP_WORDS[@]:index:COMP_CWORD - index}" "$current"
        part=$2
        ((index < COMP_CWORD)) || part=$current
        while read -r word; do
            [[ $word != "$whole"* ]] || COMPREPLY+=("${word#"${whole%"$part"}"}")
        done < <(
            for ((index = 2; index < ${#COMP_WORDS[@]}; index++)); do
                word=${COMP_WORDS[index]}
                case $word in
                \~/* | "\$HOME/"* | "\${HOME}/"*) word=${HOME@Q}/${word#*/} ;;
                "\"\$HOME/"* | "\"\${HOME}/"*) word="\"$HOME/${word#*/}" ;;
                esac
                ((index == COMP_CWORD)) || printf '%s\n' "$word"
            done |
                # The words are as typed. xargs removes quotes and, unlike eval, runs nothing
                # that is in them.
                timeout 1 xargs "${COMP_WORDS[0]}" complete "$ask" 2>/dev/null
        )
    fi
    if [[ -n $paths && $current != -* ]]; then
        compopt -o filenames
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$paths" -- "$current")
    fi
}
complete -F _kexec_bpf kexec-bpf
