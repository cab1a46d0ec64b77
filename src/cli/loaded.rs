// SPDX-License-Identifier: GPL-2.0-or-later
//! Texts about the image that is loaded for `exec`: the kernel's word, and the record in
//! /run. Layer: effects.

use alloc::format;
use alloc::string::String;

use crate::diagnosis::escape::printable;
use crate::host::Host;
use crate::host::image_record::{Fields, seconds};

pub const UNKNOWN: &str = "unknown: the kernel does not show it";

/// Describes whether an image is loaded.
pub fn is_loaded(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "loaded",
        Some(false) => "not loaded",
        None => UNKNOWN,
    }
}

/// Describes the image, and since when it is loaded.
pub fn image(host: &Host) -> String {
    let word = is_loaded(host.loaded);
    let fields = match &host.record {
        _ if host.loaded != Some(true) => return word.into(),
        None => return [word, "; /run has no record of it that this user may read"].concat(),
        Some(record) => record.fields(),
    };
    let path = printable(fields.image);
    match detail(host) {
        None => {
            let since = "which kexec-bpf loaded: another program has called kexec since";
            format!("{word}, perhaps not {path}, {since}")
        }
        Some(_) => {
            let age_s = host.crash.now_s.saturating_sub(seconds(fields.loaded_at_s));
            format!("{word} for {age_s} s: {path} (from the record in /run)")
        }
    }
}

/// Returns what else the record says, if nothing is known to have been loaded since.
pub fn detail(host: &Host) -> Option<Fields<'_>> {
    let fields = host.record.as_ref()?.fields();
    let is_current = fields.calls == host.calls.as_bytes();
    (is_current && host.loaded == Some(true)).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::image_record::ImageRecord;

    fn host(loaded: Option<bool>, calls: Option<&str>) -> Host {
        let record = calls.map(|calls| {
            ImageRecord::new(&Fields {
                calls: calls.as_bytes(),
                loaded_at_s: b"60",
                release: b"6.12",
                way: b"route native",
                image: b"/a\x1b",
                cmdline: b"quiet",
            })
        });
        let mut host = Host {
            loaded,
            record,
            calls: "boot -1".into(),
            ..Host::default()
        };
        host.crash.now_s = 100;
        host
    }

    #[test]
    fn a_record_counts_if_the_kernel_does_not_contradict() {
        let none = "loaded; /run has no record of it that this user may read";
        let stale = "loaded, perhaps not /a\\u{1b}, which kexec-bpf loaded: another program has \
                     called kexec since";
        for (loaded, calls, text) in [
            (
                Some(true),
                Some("boot -1"),
                "loaded for 40 s: /a\\u{1b} (from the record in /run)",
            ),
            (Some(true), Some("boot 3"), stale),
            (Some(true), None, none),
            (Some(false), Some("boot -1"), "not loaded"),
            (Some(false), None, "not loaded"),
            (None, Some("boot -1"), UNKNOWN),
        ] {
            let host = host(loaded, calls);
            assert_eq!(image(&host), text);
            let is_current = loaded == Some(true) && calls == Some("boot -1");
            assert_eq!(detail(&host).is_some(), is_current);
        }
    }
}
