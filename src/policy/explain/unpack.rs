// SPDX-License-Identifier: GPL-2.0-or-later
//! Failures of a load whose session had the module unpack the initrd. Layer: pure.

use alloc::vec::Vec;

use crate::abi::{Report, Stage};
use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnosis, Hint};

/// Adds to the explanation of a failed load how to do without unpacking, if the load may have
/// failed for the memory that it takes. `asker` is the option or the kernel's word that asked
/// for it. The module's reason, which is the cause, has the numbers.
#[must_use]
pub fn unpacking(
    found: Diagnosis,
    errno: Errno,
    report: Option<&Report>,
    asker: &'static str,
) -> Diagnosis {
    let omit = Hint::Omit(asker);
    match report.map(|report| (Stage::of(report.stage), report.reason())) {
        // The parts are unpacked and joined in this stage. A command line that is too long
        // ends in it, too.
        Some((Some(Stage::Assemble), _)) if errno == Errno::ENOMEM => {
            found.with_hints(&[omit, Hint::Text("or free memory")])
        }
        Some((Some(Stage::Assemble), reason)) if reason.starts_with(b"unpacking ") => {
            found.with_hints(&[omit])
        }
        // What was unpacked has to fit, too.
        Some((Some(Stage::Arch | Stage::Segments), _)) | None
            if matches!(errno, Errno::ENOMEM | Errno::EADDRNOTAVAIL) =>
        {
            let hints: Vec<Hint> = [omit].into_iter().chain(found.hints.clone()).collect();
            found.with_hints(&hints)
        }
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{able, report};
    use super::super::{handshake, load};
    use super::*;
    use crate::diagnosis::Exit;

    #[test]
    fn what_memory_refuses_loads_without_unpacking() {
        let omit = Hint::Omit("--unpack-initrd");
        let found = |stage, errno: Errno, reason: &[u8]| {
            let mut report = report(stage, errno);
            report.reason.fill(0);
            report.reason[..reason.len()].copy_from_slice(reason);
            let found = handshake(errno, Some(&report), &able(), false);
            unpacking(found, errno, Some(&report), "--unpack-initrd")
        };
        let numbers = "unpacking the initrd takes at least 700 MiB, and 300 MiB are free";
        let short = found(Stage::Assemble, Errno::ENOMEM, numbers.as_bytes());
        assert_eq!((short.cause_text(), short.exit), (numbers, Exit::Failed));
        assert_eq!(short.hints, [omit, Hint::Text("or free memory")]);
        let large = b"unpacking the initrd takes more than 1024 MiB";
        assert_eq!(found(Stage::Assemble, Errno::E2BIG, large).hints, [omit]);
        let segments = found(Stage::Segments, Errno::EADDRNOTAVAIL, b"");
        assert_eq!(segments.hints.first(), Some(&omit));
        assert_eq!(segments.hints.len(), 2, "{segments:?}");
        for (stage, errno) in [
            (Stage::Assemble, Errno::E2BIG),
            (Stage::Parse, Errno::ENOMEM),
            (Stage::Segments, Errno::EIO),
            (Stage::Rules, Errno::EPERM),
        ] {
            let other = found(stage, errno, b"the command line is too long");
            assert!(!other.hints.contains(&omit), "{other:?}");
        }
        let bare = load(Errno::ENOMEM, &able(), false);
        let bare = unpacking(bare, Errno::ENOMEM, None, "--unpack-initrd");
        assert_eq!(bare.hints.first(), Some(&omit));
    }
}
