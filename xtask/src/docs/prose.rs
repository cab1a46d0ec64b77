// SPDX-License-Identifier: GPL-2.0-or-later
//! The man page's text beyond the flag table.

pub const DESCRIPTION: &[&str] = &[
    "An image is a UKI (a PE file with a kernel in its .linux section), or an x86 kernel \
     (bzImage). A loaded image stays in memory until exec, systemctl kexec or a panic boots it, \
     or unload drops it; it does not outlive the running kernel.",
    "The image's own initrds come first, .ucode before .initrd, then those of --initrd. The \
     command line is that of --command-line, else that of --reuse-cmdline, else the image's \
     .cmdline; --append adds to any of them.",
];

pub const OPTIONS: &str = "Every command takes --help. Options of one command are described with \
    it, and those of several in COMMON OPTIONS. Options and IMAGE may be given in any order; -- \
    ends the options. --NAME VALUE and --NAME=VALUE are the same, except where VALUE may be left \
    out, as in --json=WORD. If an option is given more than once, the last one counts, unless it \
    may be repeated.";

pub const COMMON_OPTIONS: &str = "Each command says which of these it takes.";

/// Words of the running kernel's command line.
pub const KERNEL_COMMAND_LINE_INTRODUCTION: &str = "The hooks read these words of the running \
    kernel's command line. Without rd.kexec_bpf=, rd.kexec_bpf.device= and rd.kexec_bpf.menu=, \
    hook boot does nothing.";

pub const KERNEL_COMMAND_LINE: &[(&str, &str)] = &[
    (
        "rd.kexec_bpf=ENTRY",
        "The entry to boot or, if it contains a / before any @, the path of an image on the file \
         system. If empty, the default entry. 0 turns hook boot and hook kdump off; so does \
         elfcorehdr=, which every capture kernel has.",
    ),
    (
        "rd.kexec_bpf.device=",
        "Where to look for entries, like --device.",
    ),
    (
        "rd.kexec_bpf.timeout=",
        "How many seconds to wait for the device. The default is 30.",
    ),
    ("rd.kexec_bpf.menu=", "Shows the menu, like --menu."),
    (
        "rd.kexec_bpf.append=",
        "Words for the next kernel's command line, in quotes if there are several. May be \
         repeated.",
    ),
    (
        "rd.kexec_bpf.kdump=",
        "The path of the crash image in the initramfs.",
    ),
    (
        "rd.kexec_bpf.enforce",
        "Makes hook enforce turn the module's enforce on or, if that fails, kexec off; see \
         ENFORCE. With =0 the command line does not ask for it; the file /etc/kexec-bpf/enforce \
         still does.",
    ),
    (
        "rd.kexec_bpf.fast=0",
        "Makes hook boot keep the kernel's digest, which it skips by default; see --fast.",
    ),
    (
        "rd.kexec_bpf.unpack",
        "Makes hook boot have the module unpack the initrd; see --unpack-initrd. With =0, it \
         does not.",
    ),
    (
        "rd.kexec_bpf.chained=1",
        "Added by hook boot, so that the system it boots does not boot yet another one. Under \
         enforce it cannot be added, nor under lockdown to an image's own .cmdline; then hook \
         boot refuses an entry whose command line has rd.kexec_bpf=, rd.kexec_bpf.device= or \
         rd.kexec_bpf.menu=.",
    ),
];

pub const ROUTES_INTRODUCTION: &str = "A route is the way in which an image gets into the kernel. \
    status shows the routes that the running kernel offers, and load --dry-run the one that an \
    image takes.";

/// The routes that the table has are shown, in this order.
pub const ROUTES: &[(&str, &str)] = &[
    (
        "auto",
        "The default. For an x86 kernel, native. For a UKI, handshake if the module is loaded, \
         else extract; a loaded module that cannot be used is an error, unless it only lacks BTF \
         and neither lockdown nor enforce is on. For a thin image, extract. Any other image needs handshake. Under enforce, \
         only handshake loads anything.",
    ),
    (
        "handshake",
        "The whole UKI goes to kexec_file_load(2). Where signatures are enforced, the kernel \
         verifies the signature of the whole file; then a BPF program, the parser, finds kernel, \
         initrd and command line in it, inside the kernel. The parser comes from the image's \
         section .bpf or, if the image has none, from the module. Needs the module kexec_bpf.",
    ),
    (
        "native",
        "The image itself goes to kexec_file_load(2). For x86 kernels (bzImage). Where signatures \
         are enforced, the kernel verifies the image's signature.",
    ),
    (
        "extract",
        "The program, not the kernel, takes the UKI apart: the UKI's kernel, and its initrds \
         joined with those of --initrd, are copied to anonymous files, which go to \
         kexec_file_load(2). The kernel's bytes are those of the .linux section, unchanged, so \
         its signature stays valid. On this route nothing verifies the initrd, the command line \
         or the signature of the UKI. On a locked-down kernel, load takes it only with \
         --allow-unsigned-initrd, and auto never takes a UKI apart.",
    ),
];

pub const COMPANIONS_INTRODUCTION: &str = "load looks for the same companion files as \
    systemd-stub, by the same rules, and puts them in the same places below /.extra of the next \
    system. Files are taken in the byte order of their names; suffixes match in upper and lower \
    case. Directories, symbolic links and names that begin with a dot are skipped. A file that \
    cannot be used, or whose name is not printable ASCII, is reported on standard error and \
    skipped; --strict makes it an error.";

pub const COMPANIONS: &[(&str, &str)] = &[
    (
        "IMAGE.extra.d/",
        "Files for this image. For an image NAME+LEFT-DONE.efi, which has a boot counter, the \
         directory is NAME.efi.extra.d.",
    ),
    (
        "/loader/addons/, /loader/credentials/, /loader/extensions/",
        "Files for all images, at the root of the file system that holds the image, or below \
         --extras-root.",
    ),
    (
        "NAME.addon.efi",
        "A PE addon. Its command line goes after the image's, addons of /loader first; its initrd \
         goes after the image's, and its microcode before it. It must be for the same machine \
         and, if both name one, the same kernel (.uname). On the route handshake the kernel \
         verifies its signature; if it refuses an addon, load tries again without it, up to 16 \
         times.",
    ),
    (
        "NAME.cred",
        "A credential, see systemd-creds(1): /.extra/credentials or global_credentials.",
    ),
    (
        "NAME.raw, NAME.confext.raw",
        "A system or configuration extension, see systemd-sysext(8): /.extra/sysext and confext, \
         or global_sysext and global_confext.",
    ),
    (
        "sections of the image",
        ".osrel, .profile, .pcrsig and .pcrpkey become /.extra/os-release, profile, \
         tpm2-pcr-signature.json and tpm2-pcr-public-key.pem.",
    ),
];

/// The section on thin images.
pub const THIN: &[&str] = &[
    "The images of lanzaboote (NixOS with Secure Boot) are UKIs without kernel and initrd: .linux \
     and .initrd hold the paths of two files, .linuxh and .initrdh the SHA-256 of each. load, \
     boot, list, inspect and kdump check follow these paths, from the root of the file system \
     that the image is on (the mount point, or DIR of --root or --extras-root), never out of \
     it. Upper and lower case are as the file system has them. load -n shows both files, and \
     inspect the paths and hashes as well.",
    "A load copies both files and hashes the copies, which then go to the kernel by the route \
     extract. A hash that differs, a path that is not one, a missing section or profiles are \
     refused with exit code 3, and no option allows them; lanzaboote before 1.1 still boots \
     other files where Secure Boot is off. list shows an entry whose files are missing as not \
     bootable. Hashes take long to compute, so list compares only those of the default, and \
     boot those of what it loads; where they differ, boot goes on to the next entry, unless \
     one was named. Images of lanzaboote before 0.4 are not followed.",
    "The hashes show that the files are the image's, not who made the image: nothing verifies \
     its signature. A locked-down kernel verifies the kernel's file alone, so it takes --route \
     extract with --allow-unsigned-initrd, and boot skips such an entry. Enforce refuses \
     it, and so is --route handshake refused: the module sees only the image, not the files.",
    "As lanzaboote's stub does, load takes *.cred and *.raw from IMAGE.extra/ and \
     /loader/credentials/*.cred, and makes no files of the image's sections. Words of a boot \
     entry replace the image's command line.",
];

/// The section on what the kernel unpacks.
pub const INITRDS: &[&str] = &[
    "The kernel unpacks cpio archives in newc format (cpio -H newc), plain or compressed by gzip, \
     bzip2, lzma, xz --check=crc32, lzop, lz4 -l or zstd, one after the other, with zeros in \
     between. At anything else it stops, and boots on without the files that follow. So load, \
     boot and kdump check look at each initrd before anything is changed: those of --initrd and \
     of a boot entry, .initrd and .ucode of the image, and those of addons. What cannot be \
     unpacked is refused with exit code 3, by its name and its offset in the file: a file in \
     another format, such as lz4 without -l, a kernel, a certificate or a text; an archive that \
     is cut short; an archive where the kernel does not look for one. A crash image that was \
     loaded before stays loaded. inspect shows the same for an image's own initrd.",
    "Only headers are read, not the contents. In gzip, the first bytes are decompressed as well. \
     The end of a gzip, bzip2 or lzma archive is not known without decompressing all of it, \
     so nothing after such an archive is looked at, and nobody sees that it is cut short; nor is \
     seen what is in an archive of another format, and whether the next kernel has that \
     format's decompressor. An archive needs no last member. A file of nothing but zeros is \
     refused, however large it is; list reads up to 1 MiB of zeros, but for the default all. If an image's own parser \
     chooses the initrd, its sections are not looked at. A boot configuration \
     (CONFIG_BOOT_CONFIG) is accepted at the end of the last initrd.",
    "load --force loads what was refused, with a warning: for example, a file system that the \
     next kernel takes as a RAM disk (root=/dev/ram0).",
];

/// The section on crash images.
pub const CRASH: &[&str] = &[
    "load --panic loads the image that the kernel boots when it panics, into the memory that \
     crashkernel= reserved on this kernel's command line. A UKI built as a capture kernel is \
     enough: its .cmdline is used unchanged, and the kernel puts elfcorehdr= before it.",
    "With --reuse-cmdline, the running kernel's command line is adapted for a capture kernel. \
     These words are dropped: crashkernel=, hugepages=, hugepagesz=, hugetlb_cma=, cma=, \
     swiotlb=, log_buf_len=, slub_debug, quiet, panic_on_warn, abm=, netroot=, fcoe=, \
     iscsi_initiator=, ignition.firstboot and rd.kexec_bpf.kdump=, besides those that every \
     --reuse-cmdline drops. These are added: \
     irqpoll, nr_cpus=1, reset_devices, cgroup_disable=memory, udev.children-max=2, panic=10, \
     novmcoredd, cma=0, hugetlb_cma=0, kfence.sample_interval=0, initramfs_options=size=90% and \
     rd.systemd.gpt_auto=no; on x86 also mce=off, numa=off, acpi_no_memhotplug, \
     transparent_hugepage=never, nokaslr, hest_disable, pcie_ports=compat and \
     disable_cpu_apicid= with the APIC ID of processor 0; on arm64 swiotlb=noforce; for the \
     driver of each watchdog DRIVER.pretimeout=0, for hpwdt kdumptimeout=0 as well. With one of \
     rd.kexec_bpf=, rd.kexec_bpf.device= and rd.kexec_bpf.menu=, rd.kexec_bpf=0 is added. A word \
     that is already there, or whose parameter --append sets, is not added. An added word \
     replaces the running kernel's own value of its parameter. This is what kdump-utils and kdump-tools do, \
     except that root= and the rd.* words stay, because the initrd is the user's. --dry-run shows \
     each dropped or added word with the reason.",
    "Before loading it, load --panic compares the image with the reserved memory; kdump check \
     does only that. To be loaded, the image needs room there for kernel, initrd and headers. To \
     run, it needs room for the kernel itself, the initrd, what it unpacks from the initrd, a \
     page map of 1/64 of the memory, and 32 MiB for its own data and an init. Unless root= or \
     rootfstype=ramfs is on the command line, the initrd is unpacked into a tmpfs that is limited \
     to half of the memory, and must fit in that. The unpacked size of an archive is read from \
     its headers: exactly for cpio, xz, lzop and gzip, exactly or within 128 KiB for zstd, within 8 MiB \
     for lz4; for bzip2 and some lzma files it is assumed to be eight times the packed \
     size. The files in a compressed archive are assumed to have 25 KiB on average. If the \
     program that writes the dump needs more than 32 MiB, reserve more than kdump check calls \
     enough.",
    "If the image cannot be loaded, load fails before it calls the kernel, unless --force is \
     given. If the capture kernel may run out of memory, load warns and goes on.",
    "The kernel drops an old crash image before it reads the new one. So load first checks what \
     can be checked: that all files exist and are complete, the headers of image, kernel and \
     addons, the length of the command line, and the memory. A bad image then leaves the old one \
     in place. If only the kernel can find the fault, such as a signature that it does not \
     accept, the old image is lost; load it again.",
    "The image describes the processors and memory that were present when it was loaded. Since \
     6.6, Linux can update that description by itself; status shows whether it does. Otherwise a \
     udev rule reloads the image through kexec-bpf-kdump.service. The service loads what IMAGE= \
     and OPTIONS= in /etc/default/kexec-bpf-kdump say.",
    "To dump to an encrypted disk, its volume key must be in a keyring, as a logon key: \
     cryptsetup luksOpen --link-vk-to-keyring puts it there. load --panic --crypt-key DESCRIPTION \
     has the kernel copy the key into the reserved memory. In the capture kernel, write yes to \
     /sys/kernel/config/crash_dm_crypt_keys/restore, which puts the key into the user's keyring, \
     and unlock the disk with cryptsetup luksOpen --volume-key-keyring.",
    "The kernel does not report which crash image is loaded, or since when. So load --panic \
     records that in /run/kexec-bpf/crash-image, if /run is writable, and status shows the record \
     while a crash image is loaded. Another program may have loaded another image since.",
];

/// The section on enforce.
pub const ENFORCE: &[&str] = &[
    "A locked-down kernel verifies what it loads, but root can still load any signed kernel with \
     another program, with any initrd and any command line. The parameter enforce of the module \
     kexec_bpf prevents that: once it is on, the kernel loads only whole UKIs whose PE signature \
     it verified itself, on the route handshake. A PE addon that extends such a UKI must be \
     signed as well. Enforce changes nothing for credentials and system extensions beside it.",
    "Ask for enforce in the initramfs, with kexec_bpf_enforce=yes in \
     /etc/dracut.conf.d/kexec-bpf.conf, /etc/initramfs-tools/conf.d/kexec-bpf or \
     mkinitcpio.conf, or with rd.kexec_bpf.enforce on the kernel command line. There hook enforce loads the module, turns enforce on, and checks the \
     result. If enforce is not on, for whatever reason, the hook fails closed: it sets \
     kernel.kexec_load_disabled to 1, so that this kernel loads nothing at all, and says so on \
     the console and in the kernel's log. Initramfs and command line must be parts of a signed \
     UKI; otherwise root can change them. The values 0, no, false and off mean no in both places. \
     If enforce is not asked for, hook enforce does nothing, and says so with --verbose.",
    "Other ways fail open, because something else has to load the module: the line options \
     kexec_bpf enforce=1 in /etc/modprobe.d, or kexec_bpf.enforce=1 on the command line, which \
     modprobe reads; or, later, echo 1 >/sys/module/kexec_bpf/parameters/enforce. All of them are \
     refused while an image or a crash image is loaded, so enforce comes before kdump.",
    "Enforce stays on until this kernel ends; the module cannot be removed. The next kernel, \
     after a jump, a crash or a reboot, enforces only if its own initramfs or command line asks \
     for it. So every UKI that the machine accepts must ask, those for rescue and kdump included; \
     one that does not is a way out. Without lockdown, root can undo enforce by writing to the \
     kernel's memory: it is then only a guard rail. status shows enforce; a script can read Y in \
     /sys/module/kexec_bpf/parameters/enforce. When the module asks the kernel whether lockdown \
     is on, the kernel logs 'kexec of unsigned images is restricted'; that does not mean that \
     anything was refused.",
    "Enforce stops these from working: kexec(8), kdump-tools and kdumpctl, whatever they load; \
     kernels outside a UKI; the routes native and extract; --append, --command-line, \
     --reuse-cmdline and --initrd; and rd.kexec_bpf.append=. Boot entries with a separate kernel \
     and initrd, with options, or with an unsigned UKI are listed but skipped. hook boot cannot \
     add rd.kexec_bpf.chained=1 to a command line, so it refuses an entry whose own command line \
     has rd.kexec_bpf=, rd.kexec_bpf.device= or rd.kexec_bpf.menu=.",
    "For kdump, build and sign a UKI, and load it with load --panic. Nothing is added to its \
     command line, so nr_cpus=1, reset_devices, irqpoll and the like must be in its .cmdline. \
     load checks whatever it can before it calls the kernel, so that an image that enforce would \
     refuse does not cost the crash image that is loaded.",
    "load --lock is simpler, and needs no module: it loads an image and then sets \
     kernel.kexec_load_disabled. That image still boots, and this kernel loads nothing else. For \
     a crash image and one for exec, load one, then the other with --lock. From then on unload, \
     the reload of the crash image by udev, and upgrades that load a kernel fail; with a newer \
     systemd, every plain reboot starts the loaded image. The lock ends with this kernel: the next one \
     starts unlocked, and must lock or enforce for itself.",
];

pub const CRASH_TABLE_INTRODUCTION: &str = "While any image is loaded or unloaded, the kernel \
    holds its kexec lock, and a panic then does not boot the crash image: the machine halts, or \
    reboots as panic= says. The route handshake holds the lock longer, because the image's parser \
    runs meanwhile. The stages of a load, and what a panic does in each:";

/// The effect of a panic during a load, by how far it has come: tests/vm/module_panic.rs.
pub const CRASH_TABLE: &[(&str, &str)] = &[
    (
        "before the kernel is called",
        "The crash image boots. Files are opened and checked, initrds are copied, and the parser \
         is verified and attached.",
    ),
    (
        "the kernel reads and verifies the image",
        "No crash image boots. This takes as long as reading the files.",
    ),
    (
        "the load waits for its parser",
        "No crash image boots. The wait is short where the parser is ready. It is longer for an \
         image inside the image, for an image that has changed meanwhile, and under lockdown \
         or enforce for an image with a parser of its own. The module's \
         parameter timeout_ms limits the wait, for all parsers of a load together; the default is \
         5 seconds. It ends within 100 ms if kexec-bpf is killed.",
    ),
    (
        "the parser runs",
        "No crash image boots. The parser's calls fail once timeout_ms is over, or if kexec-bpf \
         is killed. Time for reading companion files and for decompression does not count. A \
         parser that makes no calls runs as long as the BPF verifier lets it, and cannot be \
         killed.",
    ),
    (
        "the kernel copies the image",
        "No crash image boots. This takes as long as copying kernel and initrd.",
    ),
    (
        "the image is loaded",
        "The crash image boots, also when another image is loaded for exec. A load with --panic \
         drops the old crash image when it calls the kernel, so none is left if the kernel \
         refuses the new one.",
    ),
];

pub const EXIT_STATUS: &str = "Scripts can rely on these numbers, but not on the wording of \
    messages. An error message has up to three parts, on standard error: what failed, the cause, \
    and what to try. It says 'possible cause' if the facts do not prove the cause. load --dry-run and \
    boot --dry-run exit as the load or the boot would, as far as that is known without trying it, \
    so boot --dry-run exits with 5 where services may be running, unless --force is given; kdump \
    check exits as load --panic would. If standard output is a pipe that nobody reads, SIGPIPE ends \
    the program once its work is done. status --loaded and status --crash-loaded exit with 1 if nothing \
    is loaded, and print nothing.";

pub const ENVIRONMENT: &str = "No variable is read: TERM, HOME, PATH, COLUMNS, LANG and TMPDIR \
    may be unset or anything else. Lines are folded at the width that a terminal has, 80 if it \
    does not say; in a pipe or a file they are not. The programs in /etc/kexec-bpf/pre-exec.d, and \
    modprobe, which hook enforce runs, get PATH=/usr/sbin:/usr/bin:/sbin:/bin and nothing else.";

pub const NOTES: &[&str] = &[
    "load, boot, hook, unload and exec need CAP_SYS_BOOT. inspect, status and load --dry-run need \
     no privileges; --dry-run and kdump check then tell what root's load would do.",
    "If a load fails, an image that was loaded before stays loaded, unless the kernel had already \
     taken the new one. That is so if an image's own parser skips companion files in spite of \
     --strict, or if --lock cannot set the sysctl: load then drops the new image, and none is \
     left. For a crash image, see CRASH IMAGES.",
    "exec and boot stop no programs and unmount no file systems, so they jump only out of a system \
     that has no services: an initramfs (by /etc/initrd-release), or one whose process 1 is a shell \
     or systemd-shutdown. On a running systemd system, rescue.target and emergency.target \
     included, use load and then systemctl kexec. With any other process 1, such as the inits of \
     busybox, sysvinit, OpenRC, runit and s6, they jump only if no file system is mounted for \
     writing that outlives this system: stop the services and unmount disks, or remount them \
     read-only. --force jumps in any case, as the last command of an init's own shutdown script \
     must.",
    "A load that takes over a second shows its phase on standard error, if that is a terminal and \
     without --verbose, in one line that disappears at the end.",
    "Each load, unload and jump, and each that is refused, leaves an entry in the journal or, where \
     there is none, a line in the kernel's log. In the journal it has SYSLOG_IDENTIFIER=kexec-bpf, \
     KEXEC_BPF_EVENT= (load, unload, exec or refused), and as far as they apply \
     KEXEC_BPF_TARGET= (exec or panic), KEXEC_BPF_IMAGE=, KEXEC_BPF_KERNEL=, KEXEC_BPF_ROUTE= \
     and KEXEC_BPF_EXIT=. The next kernel's command line, \
     which may hold a secret, is in neither log; but journald adds the arguments of load as \
     _CMDLINE=.",
    "boot counts a try in the entry's file name, NAME+LEFT-DONE, after the image is loaded and \
     before the jump; if it cannot, it says so and jumps anyway. An entry that LoaderEntryOneShot \
     names is taken once, whether or not it can be loaded.",
    "load, boot and inspect warn if the firmware would not start an image or an addon: if its \
     digest, or a certificate that comes with its signature, is in dbx, or if its .sbat has a \
     generation below the one that SbatLevelRT demands. Nothing is refused for that.",
    "Under lockdown the kernel loads only what is signed by a key that it trusts. status shows \
     the level. inspect shows the signatures, and whether the file is what was signed; only the \
     kernel knows whom it trusts. Beside this page, in share/doc/kexec-bpf, secure-boot.md explains \
     who verifies what, and ima.md what IMA sees of a load.",
];

pub const BUGS: &[&str] = &[
    "Only x86_64 is supported. inspect only lists the device trees of a UKI for another machine.",
    "A kexec cannot repeat what systemd-stub does to the firmware. It does not extend the TPM's \
     PCRs: 11 with the sections of the image; 12 with addons, credentials, configuration \
     extensions, a profile other than 0 and a command line that replaces the image's; 13 with \
     system extensions. A secret sealed to these PCRs opens only if the values of the first boot \
     fit. No EFI variable is set, no splash is shown, and a command line from SMBIOS is not \
     added. --verbose shows which PCRs the stub would have extended.",
    "A kernel without kexec_file_load(2) is not supported.",
];

pub const SEE_ALSO: &[(&str, u8)] = &[
    ("systemctl", 1),
    ("ukify", 1),
    ("kexec_file_load", 2),
    ("reboot", 2),
    ("capabilities", 7),
    ("kernel_lockdown", 7),
    ("systemd-stub", 7),
    ("systemd-sysext", 8),
    ("kexec", 8),
];
