// SPDX-License-Identifier: GPL-2.0-or-later
//! The man page's sentences about each flag. They are kept out of the table, so that the
//! program does not contain them.

use super::Id;

/// Returns the sentences about this flag.
#[must_use]
pub fn of(id: Id) -> &'static str {
    match id {
        Id::Help => "Shows the help of the program or of the command, and exits with 0.",
        Id::Version => "Shows the version, and exits with 0.",
        Id::Verbose => {
            "Tells what is done on standard error, each step with the seconds since the start. \
unload also says on standard output whether an image was loaded, and hook enforce when nobody \
asks for it."
        }
        Id::DryRun => {
            "Prints the whole plan: the route, each slice of a file with its offset and size, the \
final command line and the flags of the system call. Changes nothing. load needs no privilege \
for it. boot names the entry as well, and must be able to mount file systems, unless --root is \
given."
        }
        Id::Initrd => {
            "Adds an initrd after the image's own. May be repeated; the files are joined in the \
order given, each aligned to 4 bytes, as a boot loader does it."
        }
        Id::Append => {
            "Adds TEXT after the command line that the image, the boot entry or another option gives. \
May be repeated; the pieces are joined by one space."
        }
        Id::CommandLine => "Uses TEXT in place of the command line that the image carries.",
        Id::ReuseCmdline => {
            "Uses the running kernel's command line in place of the image's, less the words that a boot \
loader added for that one boot, such as BOOT_IMAGE= and initrd=; --dry-run lists them."
        }
        Id::Route => {
            "How to load the image, see ROUTES. auto, which is the default, takes the best that the \
image and the running kernel allow."
        }
        Id::AllowUnsignedInitrd => {
            "Lets --route extract load on a locked-down kernel, which it refuses otherwise: the kernel \
verifies what it is given as kernel, and nothing verifies the initrd and the command line that \
were beside it in the UKI. Says so on standard error."
        }
        Id::Lock => {
            "Sets kernel.kexec_load_disabled after the load: this image still boots, and until a reboot \
by firmware nothing else is ever loaded. From then on, unload, the reload of a crash image by udev, \
and upgrades that load a kernel fail; with systemd, every plain reboot starts the loaded image. To \
have both a crash image and one for exec, load the first without --lock. When the setting cannot be \
made, load exits with 1 and the image does not stay loaded."
        }
        Id::NoSync => {
            "Does not call sync(2) before the jump. What was not written to a disk is lost."
        }
        Id::Addon => {
            "Extends a UKI. FILE is a PE addon, whose command line, initrd and microcode are added, \
or a companion file that the next system finds below /.extra as systemd-stub would put it: \
NAME.cred in credentials, NAME.raw in sysext, NAME.confext.raw in confext. May be repeated. On \
the handshake route the kernel verifies the signature of a PE addon."
        }
        Id::NoExtras => {
            "Does not look for addons, credentials and system extensions that go with a UKI; see COMPANION \
FILES. Those of --addon are used."
        }
        Id::ExtrasRoot => {
            "Looks for the directories addons, credentials and extensions in DIR/loader, instead of at the \
root of the file system that holds the image."
        }
        Id::Strict => {
            "Fails when a companion file that was found cannot be used: it cannot be read, it is an addon \
for another machine or kernel, or the kernel refuses its signature. Without it, such a file is \
named on standard error and left out, as systemd-stub does it."
        }
        Id::Profile => {
            "Chooses the UKI's profile by its ID or by its number, from 0; inspect lists them. The \
default is 0, the first. inspect shows what a load with that profile would use."
        }
        Id::Panic => {
            "Works on the crash image, which the kernel boots when it panics, instead of on the one \
that exec boots. To load one, memory must have been reserved by crashkernel= on this kernel's command line."
        }
        Id::Force => {
            "Tries to load a crash image although the reserved memory is too small for it. The kernel \
drops the crash image that is loaded before it refuses the new one."
        }
        Id::CryptKey => {
            "Has the kernel hand the logon key DESCRIPTION, such as cryptsetup:UUID, to the capture \
kernel, which then can unlock an encrypted disk. The key must be in a keyring of this process; \
cryptsetup --link-vk-to-keyring puts it there. Needs Linux 6.16 with CONFIG_CRASH_DM_CRYPT, and \
configfs at /sys/kernel/config."
        }
        Id::ReuseCryptKeys => {
            "Keeps the keys of the crash image that is loaded now, for a reload after they have left \
the keyring."
        }
        Id::Root => {
            "Takes the entries of the file system that is mounted at DIR, and looks for no other."
        }
        Id::Device => {
            "Takes the entries of the file system on DEV, and looks for no other. DEV is a block \
device, or one that UUID=, LABEL= or PARTUUID= describes. Of a disk with a partition table, its \
ESP and XBOOTLDR partitions are taken."
        }
        Id::Menu => {
            "Shows the entries on the console and boots the chosen one: digits or arrow keys, then \
Enter. After SECONDS without a key it boots the default; a key stops the clock, and 0 has none. \
With auto, the time is loader.conf's timeout, and without one there is no menu."
        }
        Id::Timeout => {
            "Waits at most SECONDS for the device, or for one with entries, to appear. Without it \
there is no wait."
        }
        Id::Next => {
            "Takes the entry that follows ENTRY in the list, or that follows the default: the one to try \
when that has failed. Entries that cannot boot are passed by."
        }
    }
}
