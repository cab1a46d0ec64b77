// SPDX-License-Identifier: GPL-2.0-or-later
//! The record of the image that is loaded for `exec`, kept true around the kernel's calls.
//! Layer: effects.

use alloc::format;
use alloc::string::String;

use super::done::Done;
use super::options::LoadOptions;
use crate::abi;
use crate::host::image_record::{Fields, ImageRecord};
use crate::policy::plan::{Digest, Plan};
use crate::sys::{event, file, image_record};

/// The record of the image that was loaded before a call that may replace it. Meanwhile
/// there is none: if this program is killed, nobody knows what is loaded.
pub struct SetAside {
    record: Option<ImageRecord>,
    calls: String,
}

impl SetAside {
    /// Takes the record away: the one that there is now, not when the host was read.
    #[inline(never)]
    pub fn new() -> SetAside {
        let aside = SetAside {
            record: image_record::read(),
            calls: image_record::calls(),
        };
        image_record::remove();
        aside
    }

    /// Puts the record back after a call that has failed: the image is still loaded. The
    /// kernel may have counted the call, which makes no record stale. A record of another load
    /// that has succeeded meanwhile stays.
    #[inline(never)]
    pub fn restore(self) {
        let Some(record) = &self.record else {
            return;
        };
        let mut fields = record.fields();
        let now = image_record::calls();
        if fields.calls == self.calls.as_bytes() {
            fields.calls = now.as_bytes();
        }
        image_record::restore(&ImageRecord::new(&fields));
    }
}

/// Records the image that has just been loaded.
pub fn remember(options: &LoadOptions<'_>, plan: &Plan, done: &Done) {
    let found = done.report.as_ref().ok().and_then(Option::as_ref);
    let was_skipped = match found.and_then(|report| abi::Digest::of(report.digest)) {
        Some(digest) => digest == abi::Digest::LeftOut,
        None => plan.digest == Digest::Module,
    };
    let digest = if was_skipped { "skipped" } else { "computed" };
    let path = match options.root {
        // The file system of a boot entry, which need not be mounted anywhere.
        Some(_) => options.image.to_vec(),
        None => file::absolute(None, options.image).unwrap_or_else(|_| options.image.to_vec()),
    };
    image_record::write(&ImageRecord::new(&Fields {
        calls: image_record::calls().as_bytes(),
        loaded_at_s: format!("{}", event::boot_time_s()).as_bytes(),
        release: plan.kernel.release.as_deref().unwrap_or_default(),
        way: format!("route {}, kernel's digest {digest}", plan.route.name()).as_bytes(),
        image: &path,
        cmdline: &plan.cmdline.text,
    }));
}
