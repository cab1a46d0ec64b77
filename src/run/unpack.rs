// SPDX-License-Identifier: GPL-2.0-or-later
//! The initrd that the module was asked to unpack: reports what it did. Layer: effects.

use alloc::format;
use alloc::string::String;

use super::events::Events;
use crate::abi::{RESOURCE_UNPACKED, Report, Unpack as Found};
use crate::diagnosis::size::size;
use crate::policy::plan::Unpack;

/// Reports how much was unpacked, and warns of what stays packed.
pub fn tell(planned: Unpack, report: Option<&Report>, events: &mut dyn Events) {
    let Unpack::Session { asker } = planned else {
        return;
    };
    let Some(report) = report else {
        events.warn(&format!("{asker}: the module made no report"));
        return;
    };
    if let Some(step) = done(report) {
        events.step(format_args!("{step}"));
    }
    if let Some(rest) = rest(report) {
        events.warn(&format!("{asker}: {rest}"));
    }
}

/// Returns how much was unpacked; `None` if nothing was.
fn done(report: &Report) -> Option<String> {
    let is_unpacked = report.initrd.flags & RESOURCE_UNPACKED != 0;
    match Found::of(report.unpack) {
        _ if is_unpacked => Some(format!(
            "initrd unpacked: {} packed, now {}",
            size(report.packed_size),
            size(report.initrd.size)
        )),
        Some(Found::All) => Some("initrd not unpacked: nothing of it is packed".into()),
        _ => None,
    }
}

/// Returns what stays packed, and why; `None` if nothing does.
fn rest(report: &Report) -> Option<String> {
    let what = match report.initrd.flags & RESOURCE_UNPACKED {
        0 => "the initrd stays packed",
        _ => "the initrd is unpacked up to an archive that stays packed",
    };
    match Found::of(report.unpack) {
        Some(Found::All) => None,
        Some(why) => Some(format!("{what}: {why}")),
        None => Some(format!(
            "{what}, for a reason that only a newer program knows"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{done, rest};
    use crate::abi::{self, Report, Unpack};

    fn report(unpack: u32, flags: u32) -> Report {
        let initrd = abi::Resource {
            size: 30 << 20,
            flags,
            parts: 1,
            ..abi::Resource::default()
        };
        Report {
            initrd,
            packed_size: 10 << 20,
            unpack,
            ..Report::none()
        }
    }

    #[test]
    fn what_was_unpacked_and_what_stays_is_told() {
        let unpacked = Some("initrd unpacked: 10.0 MiB packed, now 30.0 MiB");
        for (unpack, flags, step, warning) in [
            (Unpack::All as u32, 0x80, unpacked, None),
            (
                Unpack::All as u32,
                0x11,
                Some("initrd not unpacked: nothing of it is packed"),
                None,
            ),
            (
                Unpack::Format as u32,
                0x80,
                unpacked,
                Some("unpacked up to an archive that stays packed: the module has no decoder"),
            ),
            (
                Unpack::Early as u32,
                0,
                None,
                Some("the initrd stays packed: files for the kernel"),
            ),
            (99, 0, None, Some("the initrd stays packed, for a reason")),
        ] {
            let report = report(unpack, flags);
            assert_eq!(done(&report).as_deref(), step, "{unpack}");
            let rest = rest(&report);
            match warning {
                Some(words) => assert!(
                    rest.as_ref().is_some_and(|it| it.contains(words)),
                    "{rest:?}"
                ),
                None => assert_eq!(rest, None),
            }
        }
    }
}
