// SPDX-License-Identifier: GPL-2.0-or-later
//! Texts about the image that is loaded for `exec`: the kernel's word, and the record in
//! /run. Layer: effects.

use super::text::Page;
use crate::diagnosis::escape::escaped;
use crate::host::Host;
use crate::host::image_record::{Fields, seconds};

/// Describes whether an image is loaded.
pub fn is_loaded(value: Option<bool>, unknown: &'static str) -> &'static str {
    match value {
        Some(true) => "loaded",
        Some(false) => "not loaded",
        None => unknown,
    }
}

/// Adds a line about the image, and since when it is loaded.
pub fn image(out: &mut Page, host: &Host) {
    let word = is_loaded(host.loaded, "unknown: cannot read /sys/kernel/kexec_loaded");
    let fields = match &host.record {
        _ if host.loaded != Some(true) => return out.line("image", word),
        None => {
            let text = "loaded; /run has no record of it that this user may read";
            return out.line("image", text);
        }
        Some(record) => record.fields(),
    };
    let path = escaped(fields.image);
    match detail(host) {
        None => out.put(
            "image",
            format_args!(
                "loaded, perhaps not {path}, which kexec-bpf loaded: another program has called \
                 kexec since"
            ),
        ),
        Some(_) => {
            let age_s = age_s(host, &fields);
            let doubt = match host.loads_left(false) {
                Some(_) => "",
                None => ", unless another program has loaded one since",
            };
            out.put(
                "image",
                format_args!("loaded for {age_s} s: {path} (from the record in /run){doubt}"),
            );
        }
    }
}

/// Adds what else the record says, if nothing is known to have been loaded since.
pub fn record(out: &mut Page, host: &Host) {
    let Some(fields) = detail(host) else { return };
    out.json.text("imagePath", fields.image);
    out.json.count("imageAgeSeconds", age_s(host, &fields));
    match fields.release {
        b"" => out.line("image kernel", "version unknown"),
        release => out.both("image kernel", release),
    }
    out.both("image loaded by", fields.way);
    out.both("image command line", fields.cmdline);
}

fn age_s(host: &Host, fields: &Fields<'_>) -> u64 {
    host.crash.now_s.saturating_sub(seconds(fields.loaded_at_s))
}

/// Returns what else the record says, if nothing is known to have been loaded since.
fn detail(host: &Host) -> Option<Fields<'_>> {
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
        let unknown = "unknown: cannot read /sys/kernel/kexec_loaded";
        for (loaded, calls, text) in [
            (
                Some(true),
                Some("boot -1"),
                "loaded for 40 s: /a\\u{1b} (from the record in /run), unless another program has \
                 loaded one since",
            ),
            (Some(true), Some("boot 3"), stale),
            (Some(true), None, none),
            (Some(false), Some("boot -1"), "not loaded"),
            (Some(false), None, "not loaded"),
            (None, Some("boot -1"), unknown),
        ] {
            let host = host(loaded, calls);
            let mut page = Page::new(6);
            image(&mut page, &host);
            assert_eq!(page.text(None), ["image ", text, "\n"].concat());
            let is_current = loaded == Some(true) && calls == Some("boot -1");
            assert_eq!(detail(&host).is_some(), is_current);
        }
        // A kernel that counts the calls leaves no doubt.
        let mut host = host(Some(true), Some("boot -1"));
        host.load_limit_reboot = Some(3);
        let mut page = Page::new(6);
        image(&mut page, &host);
        assert!(page.text(None).ends_with("(from the record in /run)\n"));
    }
}
