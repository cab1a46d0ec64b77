// SPDX-License-Identifier: GPL-2.0-or-later
//! Guests whose process 1 is Debian's systemd, with a journal and one service.

use crate::initramfs::Initramfs;
use crate::library::with_libraries;
use crate::packages;

/// Words of the kernel's command line.
pub const WORDS: &str = "systemd.unit=rescue.target systemd.show_status=no";

/// The release of systemd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// 257, of Debian 13.
    Trixie,
    /// 262, of Debian forky.
    Forky,
}

impl Release {
    fn set(self) -> &'static str {
        match self {
            Self::Trixie => "dracut-trixie",
            Self::Forky => "systemctl",
        }
    }
}

const PROGRAMS: [&str; 6] = [
    "usr/lib/systemd/systemd",
    "usr/lib/systemd/systemd-executor",
    "usr/lib/systemd/systemd-journald",
    "usr/lib/systemd/systemd-shutdown",
    "usr/bin/journalctl",
    "usr/bin/systemctl",
];

const UNITS: [(&str, &str); 4] = [
    (
        "rescue.target",
        "[Unit]\nDefaultDependencies=no\nRequires=test.service\n",
    ),
    (
        "test.service",
        "[Unit]\nDefaultDependencies=no\n\
         Requires=systemd-journald.service\nAfter=systemd-journald.service\n\
         [Service]\nType=oneshot\nExecStart=/bin/busybox sh /service\n\
         StandardOutput=null\nStandardError=null\n",
    ),
    (
        "systemd-journald.socket",
        "[Unit]\nDefaultDependencies=no\n\
         [Socket]\nListenStream=/run/systemd/journal/stdout\n\
         ListenDatagram=/run/systemd/journal/socket\nPassCredentials=yes\n",
    ),
    (
        "systemd-journald.service",
        "[Unit]\nDefaultDependencies=no\n\
         Requires=systemd-journald.socket\nAfter=systemd-journald.socket\n\
         [Service]\nType=notify\nExecStart=/usr/lib/systemd/systemd-journald\n\
         Sockets=systemd-journald.socket\nStandardOutput=null\n",
    ),
];

/// systemd's own units for a reboot.
const REBOOT_UNITS: [&str; 8] = [
    "final.target",
    "kexec.target",
    "reboot.target",
    "shutdown.target",
    "soft-reboot.target",
    "umount.target",
    "systemd-kexec.service",
    "systemd-reboot.service",
];

/// Makes a system, not an initramfs, in which systemd runs `script` as a service of
/// rescue.target.
pub fn system(release: Release, script: &str) -> Initramfs {
    let mut system = Initramfs::new("exec /usr/lib/systemd/systemd\n")
        .service("service", script)
        .file("etc/machine-id", b"0123456789abcdef0123456789abcdef\n")
        .file("etc/os-release", b"ID=test\n")
        .file("etc/passwd", b"root:x:0:0::/:/bin/sh\n")
        .file("etc/group", b"root:x:0:\n");
    for (name, unit) in UNITS {
        system = system.file(&format!("usr/lib/systemd/system/{name}"), unit.as_bytes());
    }
    for name in REBOOT_UNITS {
        let path = format!("usr/lib/systemd/system/{name}");
        system = system.file_from(&path, &packages::file(release.set(), &path));
    }
    let mut files = std::collections::BTreeMap::new();
    for program in PROGRAMS {
        files.extend(with_libraries(release.set(), program, program));
    }
    if release == Release::Forky {
        // systemd opens it by name, and mounts nothing without it.
        let library = "usr/lib/x86_64-linux-gnu/libmount.so.1";
        files.extend(with_libraries("libmount", library, library));
    }
    for (path, source) in files {
        system = system.program(&path, &source);
    }
    system
}
