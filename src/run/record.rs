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
use crate::sys::image_record::{self, Turn};
use crate::sys::{event, file};

/// The record of the image that was loaded before a call that may replace it. Meanwhile
/// there is none: if this program is killed, nobody knows what is loaded.
pub struct SetAside {
    turn: Turn,
    record: Option<ImageRecord>,
    calls: String,
}

impl SetAside {
    /// Waits for this program's turn to call the kernel. Takes the record away, the one that
    /// there is now, not when the host was read; with `panic` it stays.
    #[inline(never)]
    pub fn new(panic: bool) -> SetAside {
        let turn = Turn::take();
        let record = image_record::read();
        if !panic {
            turn.write(b"");
        }
        SetAside {
            turn,
            record: record.filter(|_| !panic),
            calls: image_record::calls(),
        }
    }

    /// Does the same for whoever ends the call.
    #[inline(never)]
    pub fn begin(aside: &mut Option<SetAside>, panic: bool) {
        *aside = Some(SetAside::new(panic));
    }

    /// Puts the record back after a call that has failed: the image is still loaded. The
    /// kernel may have counted the call, which makes no record stale.
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
        self.turn.write(ImageRecord::new(&fields).as_bytes());
    }

    /// Records the image that has just been loaded.
    #[inline(never)]
    pub fn replace(self, options: &LoadOptions<'_>, plan: &Plan, done: &Done) {
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
        let record = ImageRecord::new(&Fields {
            calls: image_record::calls().as_bytes(),
            loaded_at_s: format!("{}", event::boot_time_s()).as_bytes(),
            release: plan.kernel.release.as_deref().unwrap_or_default(),
            way: format!("route {}, kernel's digest {digest}", plan.route.name()).as_bytes(),
            image: &path,
            cmdline: &plan.cmdline.text,
        });
        self.turn.write(record.as_bytes());
    }
}
