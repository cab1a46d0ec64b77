// SPDX-License-Identifier: GPL-2.0-or-later
//! Whether this system may end without further ado, or runs services that a jump would
//! not stop. Layer: pure.

use alloc::string::String;

use crate::diagnosis::{Diagnosis, Exit};
use crate::host::Host;
use crate::host::init::Init;

/// Returns the reason why a jump costs nothing; or the reason not to jump, if services may
/// be running. `mounts` are the file systems that are mounted for writing; `None` if that
/// cannot be read.
///
/// # Errors
/// A diagnosis with [`Exit::Running`].
pub fn services(host: &Host, mounts: Option<&[String]>) -> Result<&'static str, Diagnosis> {
    let (what, cause, hint) = match (host.init, mounts) {
        _ if host.in_initramfs => return Ok("this is an initramfs"),
        (Some(Init::Shell), _) => return Ok("process 1 is a shell"),
        (Some(Init::SystemdShutdown), _) => return Ok("systemd has stopped all services"),
        (Some(Init::Systemd), _) => (
            "systemd",
            " is running, and a jump neither stops its services nor unmounts anything",
            "systemctl kexec after kexec-bpf load, which does both; or the same command with --force",
        ),
        (_, Some([])) => return Ok("nothing is mounted for writing"),
        (_, mounts) => (
            mounts.and_then(<[_]>::first).map_or("/", String::as_str),
            " is mounted for writing, and process 1 may be running services",
            "stop services and unmount disks; then the same command with --force",
        ),
    };
    Err(Diagnosis::new(Exit::Running, &"not done")
        .because(&[what, cause].concat())
        .with_hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(init: Option<Init>, in_initramfs: bool) -> Host {
        Host {
            init,
            in_initramfs,
            ..Host::default()
        }
    }

    #[test]
    fn a_system_without_services_may_end() {
        let disks = ["/ (ext4 on /dev/vda1)".into()];
        for (init, in_initramfs) in [
            (Some(Init::Systemd), true),
            (None, true),
            (Some(Init::Shell), false),
            (Some(Init::SystemdShutdown), false),
        ] {
            let host = host(init, in_initramfs);
            for mounts in [None, Some(&disks[..]), Some(&[])] {
                assert!(services(&host, mounts).is_ok());
            }
        }
    }

    #[test]
    fn systemd_ends_its_services_by_itself() {
        let host = host(Some(Init::Systemd), false);
        // Whether or not anything is mounted for writing.
        let found = services(&host, Some(&[])).unwrap_err();
        assert_eq!(found.exit, Exit::Running);
        assert!(found.cause_text().starts_with("systemd is running, "));
    }

    #[test]
    fn another_init_counts_by_what_is_mounted() {
        let disks = ["/d (ext4 on /dev/vda1)".into()];
        for init in [Some(Init::Other), None] {
            let host = host(init, false);
            assert!(services(&host, Some(&[])).is_ok());
            for (mounts, what) in [(None, "/"), (Some(&disks[..]), "/d (ext4 on /dev/vda1)")] {
                let found = services(&host, mounts).unwrap_err();
                assert_eq!(found.exit, Exit::Running);
                let cause = " is mounted for writing, and process 1 may be running services";
                assert_eq!(found.cause_text(), [what, cause].concat());
            }
        }
    }
}
