// SPDX-License-Identifier: GPL-2.0-or-later
//! The man page's sentences about each flag. They are kept out of the table, so that the
//! program does not contain them. Layer: effects.

use super::Id;

/// Returns the sentences about this flag.
#[must_use]
pub fn of(id: Id) -> &'static str {
    match id {
        Id::Help => "Shows the help for the program or for the command, and exits with 0.",
        Id::Version => "Shows the version, and exits with 0.",
        Id::Verbose => {
            "Prints each step on standard error, with the seconds since the start. unload also prints whether \
an image was loaded, and hook enforce also says when enforce was not asked for."
        }
        Id::DryRun => {
            "Prints the whole plan: the route, each slice of a file with its offset and size, the final \
command line and the flags of the system call. Changes nothing. If the load is known to fail, the \
first line says why, and the command ends with the load's error message and exit code. load \
--dry-run needs no privileges, and tells what the load would do as root. boot --dry-run also names \
the entry, and must be able to mount file systems unless --root is given. exec --dry-run prints \
what is loaded, the programs in /etc/kexec-bpf/pre-exec.d that would run, the file systems that are \
mounted for writing, and whether exec would jump; it exits as exec would."
        }
        Id::Initrd => {
            "Adds an initrd after the image's own. May be repeated; the files are joined in the order given, \
each aligned to 4 bytes, as a boot loader does."
        }
        Id::Append => {
            "Adds TEXT after the command line that the image, the boot entry or another option gives. May be \
repeated; the pieces are joined with single spaces."
        }
        Id::CommandLine => {
            "Uses TEXT in place of the command line that the image carries. For a UKI and without --profile, \
TEXT may begin with @PROFILE, as for systemd-stub."
        }
        Id::ReuseCmdline => {
            "Uses the running kernel's command line in place of the image's, without the words that a boot \
loader added for that boot only, such as BOOT_IMAGE= and initrd=; --dry-run lists them."
        }
        Id::Route => {
            "Chooses how to load the image; see ROUTES. The default, auto, depends on the image, \
and on whether the module kexec_bpf is loaded."
        }
        Id::AllowUnsignedInitrd => {
            "Lets --route extract load a UKI on a locked-down kernel, which is refused otherwise: the kernel \
verifies only the inner kernel, and nothing verifies the initrd and the command line beside it \
in the UKI. Prints a warning on standard error."
        }
        Id::Lock => {
            "Sets kernel.kexec_load_disabled after the load: this image still boots, and this \
kernel can load nothing else. From then on, unload, the reload of a crash image by udev, and \
upgrades that load a kernel fail; with a newer systemd, every plain reboot starts the loaded \
image. To have both a crash image and one for exec, load the first without --lock. If the sysctl \
cannot be set, load drops the image and exits with 1."
        }
        Id::Fast => {
            "Skips the kernel's digest: the SHA-256 of the image that the kernel computes at the \
load and verifies at the jump, which takes most of the time of both. The price: with the digest, \
a device that still writes to memory at the jump makes the machine hang silently; without it, \
that device can corrupt the next kernel. On every route this needs the module kexec_bpf; without \
the module, load prints a warning and goes on. A crash image always has the digest. hook boot, \
and boot in an initramfs, skip it by default; the module's parameter digest (auto, always or \
never) can override that."
        }
        Id::NoFast => {
            "Keeps the kernel's digest, which boot skips by default in an initramfs; see --fast."
        }
        Id::UnpackInitrd => {
            "Has the module kexec_bpf unpack the initrd at the load, so that the next kernel need \
not: it spends about a quarter of the time from the jump to init on that for gzip or zstd, and two \
thirds for xz. The price: the load takes longer, and needs free memory for twice the unpacked \
initrd and 64 MiB more. If there is less, the load fails and names the sizes. What is verified, \
measured and appraised are the packed bytes, and the next kernel gets the same files. What the \
module cannot unpack stays packed, with all that follows it, and load warns of that. Works only on \
the route handshake; elsewhere, load prints a warning and goes on."
        }
        Id::NoSync => {
            "Does not call sync(2) before the jump. Data not yet written to disk is lost."
        }
        Id::Addon => {
            "Extends a UKI. FILE is a PE addon, whose command line, initrd and microcode are \
added, or a companion file, which the next system finds in /.extra where systemd-stub would put \
it: NAME.cred in credentials, NAME.raw in sysext, NAME.confext.raw in confext. May be repeated. \
On the route handshake the kernel verifies the signature of a PE addon."
        }
        Id::NoExtras => {
            "Does not look for the addons, credentials and system extensions that go with a UKI; see \
COMPANION FILES. Those given with --addon are still used."
        }
        Id::ExtrasRoot => {
            "Looks for the directories addons, credentials and extensions in DIR/loader, instead of in \
/loader on the file system that holds the image; and for the files of a thin image below DIR."
        }
        Id::Strict => {
            "Fails if a companion file that was found cannot be used: it cannot be read, it is an addon for \
another machine or kernel, or the kernel refuses its signature. Without it, such a file is \
reported on standard error and skipped, as systemd-stub does."
        }
        Id::Profile => {
            "Chooses the UKI's profile by its ID or by its number, from 0; inspect lists them. The default is \
0, the first. inspect shows what a load with that profile would use."
        }
        Id::Panic => {
            "Works on the crash image, which the kernel boots when it panics, instead of the \
image that exec boots. Loading a crash image needs memory that crashkernel= on the running \
kernel's command line reserved."
        }
        Id::Force => {
            "Loads an initrd that the next kernel cannot unpack, with a warning; see INITRDS. With \
--panic, also tries to load a crash image although the reserved memory is too small for it. Before \
the kernel refuses the new image, it drops the crash image that is loaded, so none is left."
        }
        Id::ForceJump => {
            "Jumps although services may be running; see NOTES. Programs lose what they have not written, and \
file systems stay as they are after the last sync."
        }
        Id::CryptKey => {
            "Has the kernel pass the logon key DESCRIPTION, such as cryptsetup:UUID, to the capture kernel, \
which can then unlock an encrypted disk. The key must be in a keyring of this process; \
cryptsetup --link-vk-to-keyring puts it there. Needs Linux 6.16 with CONFIG_CRASH_DM_CRYPT, and \
configfs at /sys/kernel/config."
        }
        Id::ReuseCryptKeys => {
            "Keeps the keys of the crash image that is loaded now, for a reload after they have left the \
keyring."
        }
        Id::Root => "Reads only the entries of the file system that is mounted at DIR.",
        Id::Device => {
            "Reads only the entries of the file system on DEV. DEV is a block device, with or without \
/dev/, or one that UUID=, LABEL=, PARTUUID= or PARTLABEL= describes. If it is a disk with a \
partition table, its ESPs and XBOOTLDR partitions are used."
        }
        Id::Menu => {
            "Shows the entries on the console and boots the chosen one: digits or arrow keys, \
then Enter; q quits. After SECONDS without a key it boots ENTRY, or the default, or with --next \
the entry after that; any key stops the countdown. With 0 no menu is shown; with forever, or \
without a number, it waits until a key is pressed. With auto, the time is the timeout of \
loader.conf; if that has none, no menu is shown. An entry that cannot boot says why, and the menu \
comes back."
        }
        Id::Timeout => {
            "Waits at most SECONDS for the device, or for any device with entries, to appear. The default is \
not to wait."
        }
        Id::Loaded => {
            "Prints nothing, and answers by the exit code: 0 if an image for exec is loaded, 1 if none is, \
4 if the kernel does not say."
        }
        Id::CrashLoaded => {
            "Prints nothing, and answers the same about the crash image. With both options, both must be \
loaded."
        }
        Id::Json => {
            "Prints one JSON document on standard output instead of text: short is one line, pretty is \
indented, off is text. Without a word it is pretty on a terminal, else short. If the command \
fails, the document has a member error. json.md in share/doc/kexec-bpf describes the members. \
Messages still go to standard error."
        }
        Id::Next => {
            "Takes the entry that follows ENTRY, or the default, in the list: the one to try when that one \
has failed. Entries that cannot boot are skipped."
        }
    }
}
