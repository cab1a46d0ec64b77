# SPDX-License-Identifier: GPL-2.0-or-later
# Generated from src/cli/table.rs by make docs.

function __kexec_bpf_in
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"
end

function __kexec_bpf_first
    set -l words (commandline -opc | string match -v -- '-*')
    test "$words[2]" = "$argv[1]" -a (count $words) -eq 2
end

function __kexec_bpf_ask
    # The words are as typed.
    set -l home (string escape --style=regex -- $HOME)
    set -l words (commandline -op | string replace -r '^(~|\$HOME)/' $home/)
    timeout 1 $words[1] complete $argv[1] $words[3..-1] 2>/dev/null
end

function __kexec_bpf_path
    __kexec_bpf_in $argv[1]; and string match -q '*/*' -- (commandline -ct)
end

function __kexec_bpf_directories
    __fish_complete_directories (commandline -ct | string replace -r '^--[^=]*=' '')
end

complete -c kexec-bpf -f
complete -c kexec-bpf -n '__kexec_bpf_in' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_in' -s V -l version -d 'show the version'
complete -c kexec-bpf -n '__kexec_bpf_in' -a load -d 'load an image for exec, or for a panic'
complete -c kexec-bpf -n '__kexec_bpf_in' -a exec -d 'jump into the loaded image'
complete -c kexec-bpf -n '__kexec_bpf_in' -a list -d 'list the boot entries'
complete -c kexec-bpf -n '__kexec_bpf_in' -a boot -d 'load a boot entry and jump into it'
complete -c kexec-bpf -n '__kexec_bpf_in' -a hook -d 'do what the kernel command line says; for initramfses'
complete -c kexec-bpf -n '__kexec_bpf_in' -a unload -d 'drop the loaded image'
complete -c kexec-bpf -n '__kexec_bpf_in' -a status -d 'show what is loaded and what this kernel can do'
complete -c kexec-bpf -n '__kexec_bpf_in' -a inspect -d 'show what is in an image'
complete -c kexec-bpf -n '__kexec_bpf_in' -a kdump -d 'check whether a crash image will fit and run'
complete -c kexec-bpf -n '__kexec_bpf_in' -a help -d 'show the help for a command'
complete -c kexec-bpf -n '__kexec_bpf_in load' -F
complete -c kexec-bpf -n '__kexec_bpf_in load' -l initrd -r -F -d 'add an initrd; may be repeated'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l profile -x -a '(__kexec_bpf_ask profiles)' -d 'choose a profile of the UKI; default 0'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l addon -r -F -d 'add a PE addon or a companion file; may be repeated'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l no-extras -d 'do not look for companion files'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l extras-root -x -a '(__kexec_bpf_directories)' -d 'look for companion files in DIR/loader'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l strict -d 'fail if a companion file cannot be used'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l append -x -d 'add words to the command line'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l command-line -x -d 'use TEXT instead of the image\'s command line'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l reuse-cmdline -d 'use the running kernel\'s command line'
complete -c kexec-bpf -n '__kexec_bpf_in load' -s p -l panic -d 'act on the crash (kdump) image'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l force -d 'load even a bad initrd, or a crash image that does not fit'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l crypt-key -x -d 'pass a disk key to the capture kernel; may be repeated'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l reuse-crypt-keys -d 'keep the disk keys that were passed before'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l route -x -a 'auto handshake native extract' -d 'how to load the image'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l allow-unsigned-initrd -d 'let --route extract load on a locked-down kernel'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l lock -d 'forbid all later loads and unloads'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l fast -d 'skip the kernel\'s digest of the image'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l unpack-initrd -d 'have the module unpack the initrd now'
complete -c kexec-bpf -n '__kexec_bpf_in load' -s n -l dry-run -d 'print the plan; change nothing'
complete -c kexec-bpf -n '__kexec_bpf_in load' -l json -a 'pretty short off' -d 'print JSON; also --json=FORM'
complete -c kexec-bpf -n '__kexec_bpf_in load' -s v -l verbose -d 'print each step on stderr'
complete -c kexec-bpf -n '__kexec_bpf_in load' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_in exec' -l force -d 'jump even out of a system with running services'
complete -c kexec-bpf -n '__kexec_bpf_in exec' -l no-sync -d 'do not sync file systems first'
complete -c kexec-bpf -n '__kexec_bpf_in exec' -s n -l dry-run -d 'print the plan; change nothing'
complete -c kexec-bpf -n '__kexec_bpf_in exec' -l json -a 'pretty short off' -d 'print JSON; also --json=FORM'
complete -c kexec-bpf -n '__kexec_bpf_in exec' -s v -l verbose -d 'print each step on stderr'
complete -c kexec-bpf -n '__kexec_bpf_in exec' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_in list' -l root -x -a '(__kexec_bpf_directories)' -d 'read the entries of the file system mounted at DIR'
complete -c kexec-bpf -n '__kexec_bpf_in list' -l device -r -F -a '(__kexec_bpf_ask devices)' -d 'read the entries of this block device'
complete -c kexec-bpf -n '__kexec_bpf_in list' -l timeout -x -d 'wait this long for the device'
complete -c kexec-bpf -n '__kexec_bpf_in list' -l json -a 'pretty short off' -d 'print JSON; also --json=FORM'
complete -c kexec-bpf -n '__kexec_bpf_in list' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -a '(__kexec_bpf_ask entries)'
complete -c kexec-bpf -n '__kexec_bpf_path boot' -F
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l root -x -a '(__kexec_bpf_directories)' -d 'read the entries of the file system mounted at DIR'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l device -r -F -a '(__kexec_bpf_ask devices)' -d 'read the entries of this block device'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l timeout -x -d 'wait this long for the device'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l menu -x -a 'auto forever' -d 'show a menu for so many seconds; 0: none; auto: as in loader.conf'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l next -d 'take the entry after ENTRY or the default'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l append -x -d 'add words to the command line'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l route -x -a 'auto handshake native extract' -d 'how to load the image'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l fast -d 'skip the kernel\'s digest of the image'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l no-fast -d 'keep the kernel\'s digest, in an initramfs too'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l unpack-initrd -d 'have the module unpack the initrd now'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -s n -l dry-run -d 'print the plan; change nothing'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l force -d 'jump even out of a system with running services'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l json -a 'pretty short off' -d 'print JSON; also --json=FORM'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -l no-sync -d 'do not sync file systems first'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -s v -l verbose -d 'print each step on stderr'
complete -c kexec-bpf -n '__kexec_bpf_in boot' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_first hook' -a 'boot enforce kdump'
complete -c kexec-bpf -n '__kexec_bpf_in hook' -s v -l verbose -d 'print each step on stderr'
complete -c kexec-bpf -n '__kexec_bpf_in hook' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_in unload' -s p -l panic -d 'act on the crash (kdump) image'
complete -c kexec-bpf -n '__kexec_bpf_in unload' -s v -l verbose -d 'print each step on stderr'
complete -c kexec-bpf -n '__kexec_bpf_in unload' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_in status' -l loaded -d 'print nothing; exit with 0 if an image is loaded, else with 1'
complete -c kexec-bpf -n '__kexec_bpf_in status' -l crash-loaded -d 'the same for a crash image'
complete -c kexec-bpf -n '__kexec_bpf_in status' -l json -a 'pretty short off' -d 'print JSON; also --json=FORM'
complete -c kexec-bpf -n '__kexec_bpf_in status' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_in inspect' -F
complete -c kexec-bpf -n '__kexec_bpf_in inspect' -l profile -x -a '(__kexec_bpf_ask profiles)' -d 'choose a profile of the UKI; default 0'
complete -c kexec-bpf -n '__kexec_bpf_in inspect' -l json -a 'pretty short off' -d 'print JSON; also --json=FORM'
complete -c kexec-bpf -n '__kexec_bpf_in inspect' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_first kdump' -a 'check'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -F
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l initrd -r -F -d 'add an initrd; may be repeated'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l addon -r -F -d 'add a PE addon or a companion file; may be repeated'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l append -x -d 'add words to the command line'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l command-line -x -d 'use TEXT instead of the image\'s command line'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l reuse-cmdline -d 'use the running kernel\'s command line'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l profile -x -a '(__kexec_bpf_ask profiles)' -d 'choose a profile of the UKI; default 0'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l no-extras -d 'do not look for companion files'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l extras-root -x -a '(__kexec_bpf_directories)' -d 'look for companion files in DIR/loader'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l route -x -a 'auto handshake native extract' -d 'how to load the image'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -l json -a 'pretty short off' -d 'print JSON; also --json=FORM'
complete -c kexec-bpf -n '__kexec_bpf_in kdump' -s h -l help -d 'show this help'
complete -c kexec-bpf -n '__kexec_bpf_first help' -a 'load exec list boot hook unload status inspect kdump help'
complete -c kexec-bpf -n '__kexec_bpf_in help' -s h -l help -d 'show this help'
