// SPDX-License-Identifier: GPL-2.0-or-later
//! The man page's text beyond the flag table.

pub const DESCRIPTION: &[&str] = &[
    "An image is a UKI (a PE file with a kernel in its .linux section), or an x86 kernel \
     (bzImage). What is loaded stays in memory until exec, systemctl kexec, unload or a panic \
     uses or drops it; it does not outlive the running kernel.",
    "An image's own initrds come first, .ucode before .initrd, then those of --initrd. The \
     command line is that of --command-line, else that of --reuse-cmdline, else the image's \
     .cmdline; --append adds to any of them.",
];

pub const OPTIONS: &str = "Every command takes --help. What only one command takes is described \
    with it, and what several take in COMMON OPTIONS. Options and IMAGE may stand in any order; \
    -- ends the options. --NAME VALUE and --NAME=VALUE are the same. Of an option that is given \
    more than once the last one counts, unless it may be repeated.";

pub const COMMON_OPTIONS: &str = "Each command says which of these it takes.";

/// Words of the running kernel's command line.
pub const KERNEL_COMMAND_LINE_INTRODUCTION: &str = "The hooks read these words of the \
    running kernel's command line. Without rd.kexec_bpf=, rd.kexec_bpf.device= and \
    rd.kexec_bpf.menu=, hook boot does nothing.";

pub const KERNEL_COMMAND_LINE: &[(&str, &str)] = &[
    (
        "rd.kexec_bpf=ENTRY",
        "The entry to boot, or with a / in it the path of an image on the file system. Empty for \
         the default. 0 switches hook boot and hook kdump off.",
    ),
    ("rd.kexec_bpf.device=", "Where to look, as --device."),
    (
        "rd.kexec_bpf.timeout=",
        "How many seconds to wait for the device; 30 without it.",
    ),
    ("rd.kexec_bpf.menu=", "Shows the menu, as --menu."),
    (
        "rd.kexec_bpf.append=",
        "Words for the next kernel's command line, in quotes if they are several. May be repeated.",
    ),
    (
        "rd.kexec_bpf.kdump=",
        "The path of the crash image in the initramfs.",
    ),
    (
        "rd.kexec_bpf.enforce",
        "Asks hook enforce to turn the module's enforce on, or else kexec off; see ENFORCE. 0 takes \
         that back, but not what the file /etc/kexec-bpf/enforce asks.",
    ),
    (
        "rd.kexec_bpf.chained=1",
        "Is put there by hook boot, and keeps the system that it boots from chaining again.",
    ),
];

pub const ROUTES_INTRODUCTION: &str = "A route is the way of an image into the kernel. status \
    tells which ones the running kernel has, load --dry-run which one an image takes.";

/// The routes that the table has are shown, in this order.
pub const ROUTES: &[(&str, &str)] = &[
    (
        "auto",
        "The default: the first of the following that the image and the running kernel allow. \
         Under enforce, handshake and no other.",
    ),
    (
        "handshake",
        "The UKI goes to kexec_file_load(2) whole. The kernel verifies its signature, all of it, \
         where signatures are enforced; then a BPF program finds kernel, initrd and command line \
         in it, inside the kernel. That program comes from the image's section .bpf, or from the \
         module when the image has none. Needs the module kexec_bpf.",
    ),
    (
        "native",
        "The image itself goes to kexec_file_load(2). For x86 kernels (bzImage). Where signatures \
         are enforced, the kernel verifies the image's own.",
    ),
    (
        "extract",
        "The UKI's kernel, and its initrds joined with those of --initrd, are copied inside the \
         kernel to anonymous files, which go to kexec_file_load(2). The kernel's bytes are those \
         of the .linux section, unchanged, so that its signature stays valid. The initrd and the \
         command line are not verified on this route, nor is the signature of the UKI. A \
         locked-down kernel takes it only with --allow-unsigned-initrd, and auto never takes it \
         there.",
    ),
];

pub const COMPANIONS_INTRODUCTION: &str = "What systemd-stub finds with a UKI, load finds, too, \
    by the same rules, and the next system has it in the same places below /.extra. Names are \
    taken without regard to case and in the order of their bytes; those that begin with a dot, \
    directories, symbolic links and names with other than printable ASCII characters are not. \
    What cannot be used is named on standard error and left out; --strict makes it an error.";

pub const COMPANIONS: &[(&str, &str)] = &[
    (
        "IMAGE.extra.d/",
        "Files for this image. Of an image NAME+LEFT-DONE.efi, whose boots are counted, the \
         directory is NAME.efi.extra.d.",
    ),
    (
        "/loader/addons/, /loader/credentials/, /loader/extensions/",
        "Files for all images, at the root of the file system that holds the image, or below \
         --extras-root.",
    ),
    (
        "NAME.addon.efi",
        "A PE addon. Its command line goes after the image's, those of /loader first; its initrd \
         goes after the image's, its microcode before it. It must be for the same machine and, \
         where both name one, the same kernel (.uname). The kernel verifies its signature on the \
         route handshake; load tries again without one that it refuses, up to 16 times.",
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

/// The section on crash images.
pub const CRASH: &[&str] = &[
    "load --panic loads the image that the kernel boots when it panics, into the memory that \
     crashkernel= reserved on this kernel's command line. A UKI that was made for it is enough: \
     its .cmdline is taken as its author wrote it. The kernel puts elfcorehdr= before it.",
    "With --reuse-cmdline, the running kernel's command line is used in a form for a capture \
     kernel. Dropped are crashkernel=, hugepages=, hugepagesz=, hugetlb_cma=, cma=, swiotlb=, \
     log_buf_len=, slub_debug, quiet, panic_on_warn, abm=, ignition.firstboot and \
     rd.kexec_bpf.kdump=, besides what every --reuse-cmdline drops. Added are irqpoll, nr_cpus=1, \
     reset_devices, cgroup_disable=memory, udev.children-max=2, panic=10, novmcoredd, cma=0 and \
     hugetlb_cma=0; on x86 also mce=off, numa=off, acpi_no_memhotplug, \
     transparent_hugepage=never, nokaslr, hest_disable and pcie_ports=compat. A word is not added \
     when it is there or when --append sets its parameter; the running kernel's own value of it \
     is dropped. That is what kdump-utils and kdump-tools do, except that root= and the rd. words \
     stay, because the initrd is the user's. --dry-run shows each word with its reason.",
    "Before the load, the image is held against the reservation; kdump check does only that. To \
     be loaded, kernel, initrd and headers must find places. To run, the kernel needs room for \
     itself, the initrd, what it unpacks of it, a map of 1/64 of the memory, and 32 MiB for its \
     own data and an init. The first root is a tmpfs that holds half of the memory, unless root= \
     or rootfstype=ramfs is on the command line; then the unpacked initrd must fit there. What an \
     archive unpacks to is read from its headers: cpio, xz and gzip tell it exactly, zstd \
     exactly or within 128 KiB, lz4 within 8 MiB; for lzop, bzip2 and some lzma files it is \
     guessed to be eight times their size. Files of a compressed archive are taken to have 25 KiB \
     on average. A program that needs more than 32 MiB to write the dump needs more than what is \
     called enough.",
    "When the image cannot be loaded, load fails before it calls the kernel, unless --force is \
     given. When it may run out of memory, load warns and goes on.",
    "The kernel drops an old crash image before it reads the new one. So everything that can be \
     known is checked first: that all files are there and whole, the headers of image, kernel and \
     addons, the command line's length, the memory. A bad image then leaves the old one in \
     place. What only the kernel finds out, such as a signature that it does not accept, costs \
     the old image; load it again in that case.",
    "The image describes the processors and memory that there were when it was loaded. Linux 6.12 \
     follows changes by itself, which status shows; for other kernels, a udev rule reloads the \
     image by kexec-bpf-kdump.service. The service loads what IMAGE= and OPTIONS= in \
     /etc/default/kexec-bpf-kdump say.",
    "To dump to an encrypted disk, its volume key must be in a keyring, as a logon key: \
     cryptsetup luksOpen --link-vk-to-keyring puts it there. load --panic --crypt-key DESCRIPTION \
     has the kernel copy it into the reserved memory. In the capture kernel, write yes to \
     /sys/kernel/config/crash_dm_crypt_keys/restore, which puts the key into the user's keyring, \
     and unlock with cryptsetup luksOpen --volume-key-keyring.",
    "The kernel does not tell which crash image it has, nor since when. So load --panic notes it \
     in /run/kexec-bpf/crash-image, where /run is writable, and status shows the note while a \
     crash image is loaded. Another program may have loaded another image since.",
];

/// The section on enforce.
pub const ENFORCE: &[&str] = &[
    "A locked-down kernel verifies what it loads, but root can still load any signed kernel by \
     another program, with any initrd and any command line. With its parameter enforce, the \
     module kexec_bpf closes that: from then on the kernel loads nothing but a whole UKI whose PE \
     signature it verified itself, by the route handshake. What extends such a UKI must be signed \
     as well: a PE addon. Credentials and system extensions beside it are taken as before.",
    "Use hook enforce, in the initramfs: kexec_bpf_enforce=yes in /etc/dracut.conf.d/kexec-bpf.conf \
     or mkinitcpio.conf, or rd.kexec_bpf.enforce on the kernel command line, asks for it. It loads \
     the module, turns enforce on, and looks whether it is. Where it is not, for whatever reason, \
     it fails closed: it sets kernel.kexec_load_disabled to 1, so that this kernel loads nothing \
     at all, and says so on the console and in the kernel's log. Initramfs and command line must \
     be parts of a signed UKI, else root changes them. 0, no, false and off are a no in both \
     places. When nobody asks, hook enforce does nothing, and says so with --verbose.",
    "Other ways fail open, because something else has to load the module: options kexec_bpf \
     enforce=1 in /etc/modprobe.d, and kexec_bpf.enforce=1 on the command line, which modprobe \
     reads. Or, later, echo 1 >/sys/module/kexec_bpf/parameters/enforce. All of them are refused \
     while an image or a crash image is loaded, so enforce comes before kdump.",
    "It stays on until this kernel ends; the module cannot be removed. The next kernel, after a \
     jump, a crash or a reboot, enforces only if its own initramfs or command line asks for it. So \
     each UKI that the machine's keys accept must ask, those for rescue and kdump as well: one \
     that does not is a way out. Without lockdown, root can write to the kernel's memory and undo \
     it: then it is a guard rail only. status shows it; a script reads Y in \
     /sys/module/kexec_bpf/parameters/enforce. The module asks whether lockdown is on, which the \
     kernel logs as 'kexec of unsigned images is restricted'; nothing was refused then.",
    "These stop working: kexec(8), kdump-tools and kdumpctl, whatever they load; kernels that are \
     not in a UKI; the routes native and extract; --append, --command-line, --reuse-cmdline and \
     --initrd; and rd.kexec_bpf.append=. Boot entries with a kernel and an initrd, with options, \
     or with a UKI that is not signed are listed, but skipped. hook boot cannot mark the system that it \
     boots, so an entry whose own command line has rd.kexec_bpf= is refused.",
    "kdump works by a UKI that was made for it and signed, and load --panic. Nothing is added to \
     its command line, so nr_cpus=1, reset_devices, irqpoll and the like must be in its .cmdline. \
     load finds out whatever it can before it calls the kernel, so that a crash image that enforce \
     would refuse does not cost the one that is loaded.",
    "load --lock is simpler, and needs no module: it loads an image and then sets \
     kernel.kexec_load_disabled. That image still boots, and this kernel loads nothing else. For a \
     crash image and one for exec, load one, then the other with --lock. From then on unload, the \
     reload of the crash image by udev, and upgrades that load a kernel fail; with systemd, every \
     plain reboot starts the loaded image. The lock ends with this kernel: the one that it jumps \
     into starts unlocked, and has to lock or enforce for itself.",
];

pub const CRASH_TABLE_INTRODUCTION: &str = "While any image is loaded or unloaded, the kernel holds \
    its kexec lock, and a panic then does not boot the crash image: the machine stops, or reboots \
    by panic=. On the route handshake that time is longer, because the load waits for its parser. \
    The stages of a load, and what a panic does in each:";

/// The effect of a panic during a load, by how far it has come: tests/vm/module_panic.rs.
pub const CRASH_TABLE: &[(&str, &str)] = &[
    (
        "before the kernel is called",
        "Dump. Files are opened and checked, and copies of initrds are made.",
    ),
    (
        "the kernel reads and verifies the image",
        "No dump. It takes as long as reading the files does.",
    ),
    (
        "the load waits for its parser",
        "No dump. The module's parameter timeout_ms bounds it, for all parsers of a load \
         together; the default is 5 seconds. It ends within 100 ms when kexec-bpf is killed.",
    ),
    (
        "the parser runs",
        "No dump. Its calls fail once timeout_ms is over, or when kexec-bpf is killed. Time for \
         reading companion files and for decompression is not counted. A parser that calls \
         nothing runs as long as the BPF verifier lets it, and cannot be killed.",
    ),
    (
        "the kernel copies the image",
        "No dump. It takes as long as copying kernel and initrd does.",
    ),
    (
        "the image is loaded",
        "Dump, also when another image is loaded for exec. A load with --panic drops the old \
         crash image when the kernel is called, so that none is left when the kernel refuses \
         the new one.",
    ),
];

pub const EXIT_STATUS: &str = "Scripts can rely on these numbers, but not on the wording of \
    messages. An error is up to three parts on standard error: what failed, the cause, what to \
    try. The cause is called possible where the facts do not prove it.";

pub const ENVIRONMENT: &str =
    "No environment variable is used. TERM, HOME, PATH and TMPDIR may be unset.";

pub const FILES_INTRODUCTION: &str = "These are used where they exist.";

pub const FILES: &[(&str, &str)] = &[
    (
        "/sys/kernel/kexec_loaded",
        "Whether an image is loaded. Newer kernels have this and the next two in \
         /sys/kernel/kexec/.",
    ),
    (
        "/sys/kernel/kexec_crash_loaded",
        "Whether a crash image is loaded.",
    ),
    (
        "/sys/kernel/kexec_crash_size",
        "The memory that crashkernel= reserved.",
    ),
    (
        "/proc/sys/kernel/kexec_load_disabled",
        "Whether loading is switched off until the next boot by firmware.",
    ),
    (
        "/proc/sys/kernel/kexec_load_limit_reboot",
        "How many loads are left, since Linux 6.3; kexec_load_limit_panic is the same for the \
         crash image.",
    ),
    (
        "/sys/kernel/security/lockdown",
        "The lockdown level. With CAP_SYS_ADMIN it is found without securityfs being mounted, too.",
    ),
    (
        "/run/kexec-bpf/crash-image",
        "The note of the crash image that was loaded last. unload --panic removes it.",
    ),
    (
        "/etc/default/kexec-bpf-kdump",
        "IMAGE= and OPTIONS= of kexec-bpf-kdump.service.",
    ),
    (
        "/sys/kernel/config/crash_dm_crypt_keys",
        "Where --crypt-key names keys to the kernel. What it makes there is gone after the load.",
    ),
    ("/proc/cmdline", "The running kernel's command line."),
    (
        "/proc/kexec_bpf",
        "The module's interface, for the handshake. What the module says of itself is in \
         /sys/module/kexec_bpf/parameters/.",
    ),
    (
        "/etc/kexec-bpf/pre-exec.d/",
        "Executables that exec and boot run before the jump, in the order of their names. Each has \
         30 seconds; then it is killed with its process group. One that fails is reported and does \
         not stop the jump.",
    ),
    (
        "/etc/kexec-bpf/kdump.efi",
        "The crash image that hook kdump loads, in an initramfs. kexec_bpf_kdump_image=PATH in \
         the configuration of dracut or mkinitcpio puts it there.",
    ),
    (
        "/sys/module/kexec_bpf/parameters/enforce",
        "Y while the module enforces. A 1 turns it on; nothing turns it off.",
    ),
    (
        "/etc/kexec-bpf/enforce",
        "Where it exists, in an initramfs, hook enforce turns enforce on, or else kexec off. \
         kexec_bpf_enforce=yes in the configuration of dracut or mkinitcpio puts it there, and \
         so does the same file on the host. In a system, kexec-bpf-enforce.service, which must \
         be enabled, runs hook enforce.",
    ),
    (
        "/loader/entries/, /EFI/Linux/, /loader/loader.conf",
        "Boot entries and their default, on the ESP and the XBOOTLDR partition, FAT or ext4.",
    ),
    (
        "/sys/firmware/efi/efivars/",
        "LoaderEntryOneShot, LoaderEntryDefault, LoaderEntryLastBooted and LoaderDevicePartUUID; \
         dbx and SbatLevelRT. Need not be mounted.",
    ),
    (
        "/dev/kmsg",
        "The kernel's log, which has the reason of some failures.",
    ),
];

pub const NOTES: &[&str] = &[
    "load, unload and exec need CAP_SYS_BOOT. inspect, status and load --dry-run need no \
     privilege.",
    "When a load fails, an image that was loaded before stays loaded. For a crash image, see \
     CRASH IMAGES.",
    "exec stops no program and unmounts no file system. On a running systemd system, use load \
     and then systemctl kexec. In an initramfs, exec is what is needed.",
    "boot counts a try in the entry's file name, NAME+LEFT-DONE, when the image is loaded and \
     before the jump; a try that cannot be counted is reported and made nevertheless. An entry \
     that LoaderEntryOneShot names is taken once, whether or not it can be loaded.",
    "load, boot and inspect warn when the firmware would not start an image or an addon: when its \
     digest, or a certificate that comes with its signature, is in dbx, or when its .sbat has a \
     generation below the one that SbatLevelRT demands. Nothing is refused for it.",
    "Under lockdown the kernel loads only what is signed by a key that it trusts. status shows \
     the level. inspect shows the signatures and whether the file is what was signed; whom to \
     trust only the kernel knows. docs/secure-boot.md of the sources tells who verifies what, docs/ima.md what \
     IMA sees of a load.",
];

pub const BUGS: &[&str] = &[
    "Only x86_64 is supported. The device trees of a UKI for another machine are only listed, by \
     inspect.",
    "What systemd-stub does to the firmware cannot be done again by kexec. The TPM is not \
     extended: with the sections of the image (PCR 11); with addons, credentials, configuration \
     extensions, another profile than 0 and a command line that replaces the image's (PCR 12); \
     with system extensions (PCR 13). What is sealed to these PCRs opens only if their values of \
     the first boot fit. No EFI variable is set, no splash is shown, and a command line that \
     comes by SMBIOS is not added. --verbose says which PCRs an image concerns.",
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
