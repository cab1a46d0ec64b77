// SPDX-License-Identifier: GPL-2.0-or-later
//! The program that runs as process 1, which says who runs this system. Layer: pure.

/// Shells that are an initramfs's or a rescue system's process 1, and this program.
const SHELLS: &str = "sh ash bash dash hush ksh mksh sash zsh kexec-bpf";
/// Programs that have many names: the first argument says which one is meant.
const MANY: [&[u8]; 2] = [b"busybox", b"toybox"];

/// The program that runs as process 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Init {
    /// A shell, or this program: it runs no services.
    Shell,
    Systemd,
    /// systemd after it has stopped all services, just before the machine ends.
    SystemdShutdown,
    Other,
}

impl Init {
    /// Recognises the program by the link /proc/1/exe and by /proc/1/cmdline.
    #[must_use]
    pub fn of(exe: &[u8], cmdline: &[u8]) -> Init {
        // Replaced by an upgrade.
        let mut name = base(exe.strip_suffix(b" (deleted)").unwrap_or(exe));
        if MANY.contains(&name) {
            let mut arguments = cmdline.split(|byte| *byte == 0).map(base);
            name = arguments
                .find(|argument| !MANY.contains(argument))
                .unwrap_or_default();
        }
        // klibc has sh.shared.
        let stem = name.strip_suffix(b".shared").unwrap_or(name);
        let mut shells = SHELLS.split(' ').map(str::as_bytes);
        match name {
            b"systemd" => Init::Systemd,
            b"systemd-shutdown" => Init::SystemdShutdown,
            _ if shells.any(|shell| shell == stem) => Init::Shell,
            _ => Init::Other,
        }
    }
}

/// Returns the last part of a path, without the mark of a login shell.
fn base(path: &[u8]) -> &[u8] {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    name.strip_prefix(b"-").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::Init;

    #[test]
    fn process_1_is_known_by_its_program() {
        for (exe, cmdline, found) in [
            ("/usr/lib/systemd/systemd", "/sbin/init\0", Init::Systemd),
            ("/usr/lib/systemd/systemd (deleted)", "", Init::Systemd),
            (
                "/usr/lib/systemd/systemd-shutdown",
                "/usr/lib/systemd/systemd-shutdown\0kexec\0",
                Init::SystemdShutdown,
            ),
            ("/usr/bin/bash", "/bin/bash\0", Init::Shell),
            ("/usr/bin/dash", "/bin/sh\0/shutdown\0reboot\0", Init::Shell),
            ("/bin/sh.shared", "/bin/sh\0/init\0", Init::Shell),
            ("/bin/kexec-bpf", "kexec-bpf\0boot\0", Init::Shell),
            // Scripts and shells of busybox, and its init.
            ("/bin/busybox", "/bin/busybox\0sh\0/init\0", Init::Shell),
            ("/bin/busybox", "/bin/sh\0/init\0", Init::Shell),
            ("/bin/busybox", "-sh\0", Init::Shell),
            ("/bin/busybox", "/sbin/init\0", Init::Other),
            ("/bin/busybox", "/bin/busybox\0init\0", Init::Other),
            ("/bin/busybox", "", Init::Other),
            ("/sbin/init", "init [2]\0", Init::Other),
            ("/usr/bin/runit", "runit\0", Init::Other),
            ("/sbin/openrc-init", "", Init::Other),
            ("/x/systemd-executor", "", Init::Other),
            ("/x/sh-like", "", Init::Other),
        ] {
            assert_eq!(Init::of(exe.as_bytes(), cmdline.as_bytes()), found, "{exe}");
        }
    }
}
