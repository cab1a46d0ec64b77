// SPDX-License-Identifier: GPL-2.0-or-later
//! Initramfses of the guests: a busybox, files, and an init script.

use std::path::Path;

use crate::cpio::Archive;
use crate::kernel::Kernel;
use crate::payload::Payload;
use crate::{packages, program};

/// Start of every init: mounts; `say`, which passes values to the harness; and
/// `attempt NAME COMMAND...`, which says each line of the command's output under NAME
/// and the exit code under NAME-code, without using a file.
const PRELUDE: &str = r#"#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
export PATH=/bin
exec 3>/dev/ttyS1
say() { echo "@@ $*" >&3; }
attempt() {
    { name=$1; shift; "$@" 2>&1; say "$name-code" $?; } |
        while IFS= read -r line; do say "$1" "$line"; done
}
"#;

/// Reports leaked objects. kmemleak ignores objects younger than 5 s. Under lockdown its
/// file cannot be opened.
const LEAKS: &str = "
mount -t debugfs none /sys/kernel/debug
if sleep 6 && echo scan >/sys/kernel/debug/kmemleak && echo scan >/sys/kernel/debug/kmemleak; then
    while IFS= read -r line; do say leak \"$line\"; done </sys/kernel/debug/kmemleak
fi
";

/// End of every init; a guest that does not get here has failed.
const END: &str = "\nsay end\npoweroff -f\n";

/// Report of the second kernel.
const SECOND: &str = r#"
say second "$(uname -r)"
say cmdline "$(cat /proc/cmdline)"
for word in $(cat /proc/cmdline); do
    case $word in nonce=*) say nonce "${word#nonce=}" ;; esac
done
if [ -e /proc/vmcore ]; then say vmcore "$(head -c 4 /proc/vmcore | tail -c 3)"; fi
for file in $(find /payload -type f); do
    say payload "${file#/payload/} $(sha256sum "$file" | cut -d ' ' -f 1)"
done
[ ! -d /.extra ] || find /.extra -type f | sort | while read -r file; do
    say extra "${file#/} $(stat -c %a "$file") $(sha256sum "$file" | cut -d ' ' -f 1)"
done
[ ! -d /.extra ] || find /.extra ! -type f | sort | while read -r file; do
    say extra "${file#/} $(stat -c %a "$file") $(stat -c %F "$file")"
done
[ ! -x /next ] || . /next
"#;

/// An initramfs that is being made.
pub struct Initramfs(Archive);

impl Initramfs {
    /// Begins an initramfs with the program under test as /bin/kexec-bpf, and `script`
    /// between the prelude and the power-off.
    pub fn new(script: &str) -> Self {
        let mut archive = Archive::new();
        archive.file("bin/busybox", 0o755, &read(&packages::busybox()));
        let leaks = if Kernel::checks_itself() { LEAKS } else { "" };
        let init = format!("{PRELUDE}{script}{leaks}{END}");
        archive.file("init", 0o755, init.as_bytes());
        Self(archive).program("bin/kexec-bpf", &program())
    }

    /// Adds a script that begins and ends as an init does, for another init to run.
    pub fn service(self, path: &str, script: &str) -> Self {
        self.script(path, &format!("{PRELUDE}{script}{END}"))
    }

    pub fn program(mut self, path: &str, source: &Path) -> Self {
        self.0.file(path, 0o755, &read(source));
        self
    }

    /// Adds a script with this text.
    pub fn script(mut self, path: &str, text: &str) -> Self {
        self.0.file(path, 0o755, text.as_bytes());
        self
    }

    pub fn file(mut self, path: &str, data: &[u8]) -> Self {
        self.0.file(path, 0o644, data);
        self
    }

    pub fn file_from(self, path: &str, source: &Path) -> Self {
        let data = read(source);
        self.file(path, &data)
    }

    pub fn finish(self) -> Vec<u8> {
        self.0.finish()
    }
}

/// Makes an initrd for the second kernel that reports and powers off.
pub fn second_initrd(payload: &[&Payload]) -> Vec<u8> {
    second(payload).finish()
}

/// Begins the same, to be added to. If there is a script /next, it runs after the report.
pub fn second(payload: &[&Payload]) -> Initramfs {
    let mut archive = Archive::new();
    archive.file("bin/busybox", 0o755, &read(&packages::busybox()));
    let init = format!("{PRELUDE}{SECOND}{END}");
    archive.file("init", 0o755, init.as_bytes());
    for file in payload {
        archive.file(&file.path(), 0o644, &file.data);
    }
    Initramfs(archive)
}

/// Makes an initrd that only adds files.
pub fn extra_initrd(payload: &[&Payload]) -> Vec<u8> {
    let mut archive = Archive::new();
    for file in payload {
        archive.file(&file.path(), 0o644, &file.data);
    }
    archive.finish()
}

/// Makes an initrd of one file with these contents.
pub fn small_initrd(contents: &[u8]) -> Vec<u8> {
    let mut archive = Archive::new();
    archive.file("small", 0o644, contents);
    archive.finish()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}
