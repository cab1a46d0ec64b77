// SPDX-License-Identifier: GPL-2.0-or-later
//! Events of a load or a boot, for the code that shows them. `run` decides and acts; the
//! only texts for users that it has are those of steps and warnings. Layer: effects.

use core::fmt;

use super::entries::BootEntries;
use super::error::Skipped;
use super::options::LoadOptions;
use super::prepared::Prepared;
use crate::formats::entries::loader_conf::Timeout;
use crate::formats::image::revocation::Revoked;
use crate::host::Host;
use crate::policy::boot::entry::Entry;
use crate::policy::boot::menu::Answer;
use crate::policy::plan::Plan;
use crate::sys::kexec::Others;

/// Shows events, and lets the user choose.
pub trait Events {
    /// Handles an event.
    fn tell(&mut self, event: Event<'_>);

    /// Lets the user choose an entry; `preselected` is selected first.
    fn choose(&mut self, entries: &BootEntries, preselected: usize, timeout: Timeout) -> Answer;
}

/// One event.
pub enum Event<'a> {
    /// A step has begun or ended.
    Step(fmt::Arguments<'a>),
    /// A message for the user that does not stop anything.
    Warning(&'a str),
    /// The firmware has revoked an image that is about to be loaded.
    Revoked { path: &'a [u8], why: Revoked<'a> },
    /// A companion file is left out.
    Skipped(&'a Skipped),
    /// Everything is decided; nothing has changed yet.
    Planned {
        options: &'a LoadOptions<'a>,
        load: &'a Prepared,
        host: &'a Host,
    },
    /// The image is loaded.
    Loaded { path: &'a [u8], plan: &'a Plan },
    /// From now on, the kernel loads and unloads nothing.
    Locked { host: &'a Host, others: Others },
    /// The jump begins.
    Jumping,
    /// An entry that might have been the default cannot boot.
    Unbootable {
        entries: &'a BootEntries,
        index: usize,
    },
    /// This entry of this file system will be loaded.
    Chosen { entry: &'a Entry, volume: &'a str },
}

impl dyn Events + '_ {
    /// Reports a step.
    pub fn step(&mut self, step: fmt::Arguments<'_>) {
        self.tell(Event::Step(step));
    }

    /// Reports a problem that does not stop anything.
    pub fn warn(&mut self, warning: &str) {
        self.tell(Event::Warning(warning));
    }
}
